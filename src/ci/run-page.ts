import { formatDuration } from '../kernel/duration.ts';
import { code, inline, page, row } from '../kernel/markdown.ts';
import type { Section } from '../kernel/markdown.ts';
import { groupFailures } from './run-report.ts';
import type { RunReport } from './run-report.ts';

/** Longer pages are cut: GitHub takes no more than a megabyte per step, and nobody reads that. */
export const LONGEST_PAGE = 60_000;
/** A page shows so many runs; a step that went on with more names how many. */
const MOST_RUNS = 5;
const MOST_CAUSES = 30;
const MOST_REQUESTS = 20;
const MOST_MESSAGE = 300;
const SHAPES: Readonly<Record<string, string>> = {
  succeeded: '✓',
  failed: '✗',
  canceled: '⊘',
  skipped: '–',
  running: '▶',
  waiting: '‖',
};

export interface PageOptions {
  /** Where people find the runs on the web, if anywhere. */
  readonly base_url?: string | null;
  readonly limit?: number;
}

/** The summary page of a step, in Markdown: how its runs stand, what is to be done, and what failed. */
export function runPage(
  reports: readonly RunReport[],
  { base_url = null, limit = LONGEST_PAGE }: PageOptions = {},
): string {
  const newest = reports.toSorted((a, b) => b.number - a.number);
  const more: Section[] =
    newest.length > MOST_RUNS
      ? [{ head: [`… and ${newest.length - MOST_RUNS} more runs: \`trainyard runs\``] }]
      : [];
  const shown = newest.slice(0, MOST_RUNS).map((report) => sectionsOf(report, base_url));
  // What is to be done stands above every table that may have to be cut.
  return page(shown.length === 1 ? shown.flat() : [...more, ...shown.flat()], limit);
}

function sectionsOf(report: RunReport, base_url: string | null): Section[] {
  const link = base_url === null ? null : `${base_url.replace(/\/+$/, '')}/runs/${report.number}`;
  return [
    overview(report, link),
    ...requests(report),
    ...causes(report, link),
    stages(report),
    ...artifacts(report),
    ...failed(report, link),
  ];
}

function overview(report: RunReport, link: string | null): Section {
  const name = `Run ${report.number}`;
  const kind = [report.rehearsal ? 'rehearsal' : '', report.pr ? 'pull request' : ''].filter((k) => k !== '');
  const jobs = Object.entries(report.jobs)
    .filter(([, n]) => n > 0)
    .map(([status, n]) => `${n} ${status}`);
  const facts = [
    jobs.length === 0 ? 'no jobs' : `jobs: ${jobs.join(', ')}`,
    report.took_s === null ? '' : `took ${formatDuration(report.took_s)}`,
    `by ${inline(report.requested_by, 100)}`,
    report.git_commit === null ? '' : `commit ${code(report.git_commit.slice(0, 10))}`,
  ].filter((fact) => fact !== '');
  return {
    head: [
      `## ${SHAPES[report.status] ?? '·'} ${link === null ? name : `[${name}](${link})`} ${inline(report.status, 20)}${kind.length === 0 ? '' : ` (${kind.join(', ')})`}`,
      '',
      ...(report.reason === null ? [] : [inline(report.reason, MOST_MESSAGE), '']),
      facts.join(' · '),
      ...(report.next === null
        ? []
        : ['', `Next: ${code(report.next.command)} ${inline(report.next.purpose, MOST_MESSAGE)}`]),
    ],
  };
}

function requests({ approvals }: RunReport): Section[] {
  if (approvals.length === 0) return [];
  return [
    {
      head: ['### Waits for a decision', ''],
      rows: approvals.map(
        (a) => () =>
          `- ${inline(a.title, MOST_MESSAGE)} (gate ${code(a.gate)}, until ${inline(a.expires_at.slice(0, 16).replace('T', ' '))} UTC): ${code(`trainyard approve ${a.id}`)} or ${code(`trainyard reject ${a.id}`)}`,
      ),
      most: MOST_REQUESTS,
      rest: (left) => `… and ${left} more: \`trainyard approvals\``,
    },
  ];
}

function causes(report: RunReport, link: string | null): Section[] {
  const groups = groupFailures(report.failures);
  if (groups.length === 0) return [];
  return [
    {
      head: [
        '### Why they failed',
        '',
        row(['circuits', 'cause', 'for example']),
        row(['--:', '---', '---']),
      ],
      rows: groups.map(({ cause, failures }) => () => {
        const [first] = failures;
        return row([
          failures.length,
          inline(cause, MOST_MESSAGE),
          first === undefined ? '' : code(`trainyard jobs logs ${first.job}`),
        ]);
      }),
      most: MOST_CAUSES,
      rest: (left) => `… and ${left} more causes: ${all(report, link)}`,
    },
  ];
}

const stages = (report: RunReport): Section => ({
  head: ['### Stages', '', row(['stage', 'status', 'took', '']), row(['---', '---', '--:', '---'])],
  rows: report.stages.map(
    (s) => () =>
      row([
        inline(s.name, 50),
        `${SHAPES[s.status] ?? '·'} ${inline(s.status, 20)}`,
        s.took_s === null ? '' : formatDuration(s.took_s),
        inline(s.detail, MOST_MESSAGE),
      ]),
  ),
  rest: (left) => `… and ${left} more: ${code(`trainyard runs show ${report.number}`)}`,
});

function failed(report: RunReport, link: string | null): Section[] {
  if (report.failures.length === 0) return [];
  return [
    {
      head: [
        '### Failed circuits',
        '',
        row(['circuit', 'attempts', 'message', 'log']),
        row(['---', '--:', '---', '---']),
      ],
      rows: report.failures.map(
        (f) => () =>
          row([
            `${code(f.circuit)}${f.optional ? ' (optional)' : ''}`,
            f.attempts,
            inline(f.message ?? 'failed', MOST_MESSAGE),
            code(`trainyard jobs logs ${f.job}`),
          ]),
      ),
      rest: (left) => `… and ${left} more failed circuits: ${all(report, link)}`,
    },
  ];
}

/** Where every failure is listed. */
const all = (report: RunReport, link: string | null): string =>
  link === null
    ? code(`trainyard jobs list --run ${report.number} --status failed`)
    : `[run ${report.number}](${link})`;

function artifacts({ artifacts: files, number }: RunReport): Section[] {
  if (files.length === 0) return [];
  return [
    {
      head: ['### Artifacts', '', row(['file', 'bytes', 'to download']), row(['---', '--:', '---'])],
      rows: files.map(
        ({ name, size }) =>
          () =>
            row([code(`${name}.json`), size, code(`trainyard artifacts download ${number} ${name}`)]),
      ),
      rest: (left) => `… and ${left} more: ${code(`trainyard artifacts ${number}`)}`,
    },
  ];
}
