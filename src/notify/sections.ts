import { z } from 'zod';
import { formatDuration } from '../kernel/duration.ts';
import { clip } from './digest.ts';
import type { DigestItem } from './digest.ts';
import type { ApprovalFacts, RunFacts } from './facts.ts';
import { ASKS } from './routing.ts';

export interface Section {
  readonly heading: string | null;
  readonly lines: readonly string[];
}

/** What happened, most important first; requests come apart, because they say how to act. */
export function sectionsOf(items: readonly DigestItem[], run: RunFacts | null): Section[] {
  const sections: Section[] = [];
  const failures = items.filter((item) => item.type === 'job.failed');
  const total = failures.reduce((sum, item) => sum + item.count, 0);
  for (const item of items) {
    if (ASKS.includes(item.type)) continue;
    if (item.type !== 'job.failed') sections.push(sectionOf(item));
    else if (item === failures[0])
      sections.push({
        heading: `${total} ${nounFor(run, total)} failed`,
        lines: failures
          .toSorted((a, b) => b.count - a.count)
          .map((f) => `${f.count} × ${f.cause ?? f.message}: ${someOf(f.names, f.count)}`),
      });
  }
  return sections;
}

const LongJobs = z.object({
  total: z.number(),
  jobs: z.array(z.object({ name: z.string(), status: z.string(), elapsed_s: z.number() })),
});
const MOST_JOBS = 20;

function sectionOf(item: DigestItem): Section {
  if (item.type === 'jobs.running_long') {
    const long = LongJobs.safeParse(item.data).data;
    const shown = long?.jobs.slice(0, MOST_JOBS) ?? [];
    const more = (long?.total ?? 0) - shown.length;
    return {
      heading: item.message,
      lines: [
        ...shown.map((j) => `${j.name}  ${j.status}, ${formatDuration(j.elapsed_s)}`),
        ...(more > 0 ? [`and ${more} more`] : []),
      ],
    };
  }
  if (item.type === 'model.promoted')
    return {
      heading: `${item.count} ${item.count === 1 ? 'model' : 'models'} promoted`,
      lines: [someOf(item.names, item.count)],
    };
  if (item.type.startsWith('stage.')) return { heading: trainingIsOver(item), lines: [] };
  if (item.names.length > 0 && item.count > 1)
    return {
      heading: `${item.type.replace('.', ' ').replaceAll('_', ' ')}: ${item.count}`,
      lines: [someOf(item.names, item.count), item.message],
    };
  return { heading: item.count > 1 ? `${item.message} (${item.count} times)` : item.message, lines: [] };
}

/** A request with what is asked, and until when. */
export function requestSection(request: ApprovalFacts): Section {
  const total = Object.values(request.counts).reduce((sum, n) => sum + n, 0);
  const decided = total - request.counts.pending;
  return {
    heading: request.title,
    lines: [
      someOf(request.subjects, total),
      `gate ${request.gate}, until ${request.expires_at.slice(0, 16).replace('T', ' ')} UTC, then ${request.on_expiry === 'skip' ? 'skipped' : 'held'}`,
      ...(decided > 0 ? [`${decided} of ${total} decided already`] : []),
    ],
  };
}

/** `kiln_1, kiln_2 and 5 more` */
export function someOf(names: readonly string[], total: number): string {
  const shown = names.map((name) => clip(name, 80)).join(', ');
  const more = total - names.length;
  return more > 0 && shown !== '' ? `${shown} and ${more} more` : shown;
}

export const nounFor = (run: Pick<RunFacts, 'pipeline'> | null, n: number): string =>
  `${run?.pipeline === 'scripts' ? 'script' : 'circuit'}${n === 1 ? '' : 's'}`;

/** `MonitorTraining succeeded: 7 succeeded, 1 failed` → `Training is over: 7 succeeded, 1 failed` */
export const trainingIsOver = (item: DigestItem): string =>
  item.stage?.startsWith('Monitor') === true
    ? item.message
        .replace(/^Monitor(Training|Scripts) (?:succeeded|failed)/, '$1 is over')
        .replace(/^Scripts is/, 'Scripts are')
    : item.message;
