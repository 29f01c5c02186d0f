import { z } from 'zod';
import { inline, page, row } from '../kernel/markdown.ts';
import type { Section } from '../kernel/markdown.ts';

const JobSummary = z.strictObject({
  id: z.string(),
  name: z.string(),
  script: z.string(),
  output: z.string().meta({ description: 'Its folder, from the project.' }),
  log: z.string(),
  optional: z.boolean(),
  status: z.enum(['succeeded', 'failed', 'canceled', 'resumed']).meta({
    description: '`resumed`: an interrupted run had finished it, with the same command and content.',
  }),
  attempts: z.int(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  duration_s: z.number().nullable().meta({ description: 'Of the last attempt.' }),
  exit_code: z.int().nullable(),
  command: z.array(z.string()),
  error: z.string().nullable(),
  cpu_s: z.number().nullable(),
  peak_memory_mib: z.number().nullable(),
  metrics: z.record(z.string(), z.number()).nullable().meta({
    description: 'From metrics.json among its results, else from the last JSON line that it printed.',
  }),
});
export type JobSummary = z.infer<typeof JobSummary>;

const Comparison = z.strictObject({
  with: z.string().meta({ description: 'The summary that this one is compared with.' }),
  newly_failing: z.array(z.string()),
  fixed: z.array(z.string()),
  slower: z.array(z.strictObject({ id: z.string(), before_s: z.number(), after_s: z.number() })),
});

/** summaries/training_summary_<time>.json; published as schemas/training_summary.schema.json. */
export const TrainingSummary = z.strictObject({
  run: z.int(),
  status: z.enum(['succeeded', 'failed', 'interrupted']),
  started_at: z.string(),
  ended_at: z.string(),
  duration_s: z.number(),
  counts: z.strictObject({
    succeeded: z.int(),
    failed: z.int(),
    failed_optional: z.int(),
    canceled: z.int(),
    resumed: z.int(),
  }),
  git_commit: z.string().nullable(),
  git_branch: z.string().nullable(),
  python: z.string().nullable(),
  gpus: z.array(z.string()),
  arguments: z.array(z.string()),
  jobs: z.array(JobSummary),
  comparison: Comparison.nullable(),
  metric: z
    .strictObject({ name: z.string(), goal: z.enum(['min', 'max']) })
    .nullable()
    .meta({ description: 'What the jobs are ranked by; null where nobody asked.' }),
  ranking: z
    .array(z.strictObject({ id: z.string(), value: z.number() }))
    .meta({ description: 'Best first.' }),
});
export type TrainingSummary = z.infer<typeof TrainingSummary>;

/** Slower by this share and by at least this much is worth a word. */
const SLOWER = { share: 0.2, s: 1 };

/** What changed since an earlier summary, by job id. */
export function compareSummaries(
  before: { readonly name: string; readonly jobs: readonly JobSummary[] },
  jobs: readonly JobSummary[],
): TrainingSummary['comparison'] {
  const earlier = new Map(before.jobs.map((job) => [job.id, job]));
  const pairs = jobs.flatMap((after) => {
    const old = earlier.get(after.id);
    return old === undefined ? [] : [{ old, after }];
  });
  return {
    with: before.name,
    newly_failing: pairs
      .filter(({ old, after }) => old.status === 'succeeded' && after.status === 'failed')
      .map(({ after }) => after.id),
    fixed: pairs
      .filter(({ old, after }) => old.status === 'failed' && after.status === 'succeeded')
      .map(({ after }) => after.id),
    slower: pairs.flatMap(({ old, after }) => {
      if (old.status !== 'succeeded' || after.status !== 'succeeded') return [];
      const [before_s, after_s] = [old.duration_s ?? 0, after.duration_s ?? 0];
      return after_s > before_s * (1 + SLOWER.share) && after_s - before_s >= SLOWER.s
        ? [{ id: after.id, before_s, after_s }]
        : [];
    }),
  };
}

/** The summary for a page of at most `limit` characters: what changed, the ranking, and a table of the jobs. */
export function summaryMarkdown(summary: TrainingSummary, limit?: number): string {
  const { counts } = summary;
  const overview: Section = {
    head: [
      `## Training ${summary.status}`,
      '',
      `${counts.succeeded} succeeded, ${counts.failed} failed${counts.failed_optional > 0 ? ` (${counts.failed_optional} optional)` : ''}, ${counts.canceled} canceled${counts.resumed > 0 ? `, ${counts.resumed} taken over` : ''} in ${summary.duration_s} s`,
    ],
  };
  const jobs: Section = {
    head: [
      '| job | status | attempts | duration | memory | error |',
      '| --- | --- | ---: | ---: | ---: | --- |',
    ],
    rows: summary.jobs.map(
      (job) => () =>
        row([
          `${inline(job.id)}${job.optional ? ' (optional)' : ''}`,
          job.status,
          job.attempts,
          job.duration_s === null ? '' : `${job.duration_s} s`,
          job.peak_memory_mib === null ? '' : `${job.peak_memory_mib} MiB`,
          inline(job.error ?? '', MOST_ERROR),
        ]),
    ),
    rest: (left) => `… and ${left} more jobs: \`trainyard jobs list --run ${summary.run}\``,
  };
  return page([overview, ...changes(summary), ...ranking(summary), jobs], limit);
}

const MOST_ERROR = 300;

function changes({ comparison }: TrainingSummary): Section[] {
  if (comparison === null) return [];
  const told = [
    ...comparison.newly_failing.map((id) => `- **newly failing**: ${inline(id)}`),
    ...comparison.fixed.map((id) => `- fixed: ${inline(id)}`),
    ...comparison.slower.map((s) => `- slower: ${inline(s.id)}, ${s.before_s} s before, ${s.after_s} s now`),
  ];
  if (told.length === 0) return [];
  return [
    {
      head: [`Compared with ${inline(comparison.with)}:`, ''],
      rows: told.map((line) => () => line),
      rest: (left) => `… and ${left} more changes`,
    },
  ];
}

function ranking({ metric, ranking: ranked }: TrainingSummary): Section[] {
  if (metric === null || ranked.length === 0) return [];
  return [
    {
      head: [`| | job | ${inline(metric.name)} (${metric.goal}) |`, '| ---: | --- | ---: |'],
      rows: ranked.map(
        ({ id, value }, i) =>
          () =>
            row([i + 1, inline(id), value]),
      ),
      rest: (left) => `… and ${left} more`,
    },
  ];
}

/** The summary as JUnit XML, for CI systems that show test results. */
export function summaryJunit(summary: TrainingSummary): string {
  const { counts } = summary;
  const cases = summary.jobs.map((job) => {
    const head = `    <testcase classname="${xml(job.script)}" name="${xml(job.id)}" time="${job.duration_s ?? 0}"`;
    if (job.status === 'failed') {
      const tag = job.optional ? 'skipped' : 'failure';
      return `${head}>\n      <${tag} message="${xml(job.error ?? 'failed')}"/>\n    </testcase>`;
    }
    if (job.status === 'canceled') return `${head}>\n      <skipped message="canceled"/>\n    </testcase>`;
    return `${head}/>`;
  });
  const skipped = counts.canceled + counts.failed_optional;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="trainyard scripts" tests="${summary.jobs.length}" failures="${counts.failed - counts.failed_optional}" errors="0" skipped="${skipped}" time="${summary.duration_s}" timestamp="${xml(summary.started_at)}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** Text in an attribute; what XML 1.0 cannot hold at all is left out. */
const xml = (text: string): string =>
  text
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[\n\r\t]/g, ' ');
