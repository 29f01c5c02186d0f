import type { TrainingSummary } from '../../scripts/index.ts';
import type { ScriptView } from '../../views/index.ts';
import { table } from './table.ts';

/** The jobs there are, and why. */
export function scriptTable(jobs: readonly ScriptView[]): string {
  const lines = [
    table(jobs, [
      { title: 'id', value: (job) => job.id },
      { title: 'name', value: (job) => job.name },
      { title: 'script', value: (job) => job.script },
      { title: 'output', value: (job) => `results/${job.output}` },
      { title: 'takes', value: (job) => job.takes.join(' ') },
      { title: '', value: (job) => (job.optional ? 'optional' : 'mandatory') },
      { title: 'why', value: (job) => job.reason },
    ]),
  ];
  for (const job of jobs)
    if (job.copies.length > 0) lines.push(`${job.id}: the same script also lies at ${job.copies.join(', ')}`);
  lines.push('', `${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}`);
  return lines.join('\n');
}

/** Best first, as many as a screen shows. */
export function rankingTable({ ranking, metric }: TrainingSummary): string {
  return table(
    ranking.slice(0, 10).map((entry, i) => ({ ...entry, place: i + 1 })),
    [
      { title: '', value: (row) => String(row.place), align: 'right' },
      { title: 'job', value: (row) => row.id },
      {
        title: `${metric?.name ?? ''} (${metric?.goal ?? ''})`,
        value: (row) => String(row.value),
        align: 'right',
      },
    ],
  );
}
