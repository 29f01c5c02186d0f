import { z } from 'zod';
import type { Project } from '../app.ts';
import { fromIso, toIso } from '../kernel/clock.ts';
import { StageStatus, getStages } from '../pipelines/index.ts';
import type { Run } from '../pipelines/index.ts';
import type { AttemptsTable } from '../store/index.ts';
import { Time } from './fields.ts';

export const MOST_BUCKETS = 300;

const Counts = z.array(z.number()).meta({ description: 'On average over each bucket.' });

/** A run in time: its stages, and how many jobs were in which phase. */
export const TimelineView = z
  .object({
    run: z.int(),
    stages: z.array(
      z.object({
        name: z.string(),
        status: StageStatus,
        started_at: Time.nullable(),
        ended_at: Time.nullable(),
      }),
    ),
    from: Time.nullable().meta({ description: 'When the first job was handed over; null: none was.' }),
    to: Time.nullable().meta({ description: 'When the last one ended, or now.' }),
    bucket_s: z.number(),
    queued: Counts,
    preparing: Counts,
    running: Counts,
  })
  .meta({
    id: 'Timeline',
    description: 'When its stages ran, and how many jobs were queued, preparing and running.',
  });
export type TimelineView = z.infer<typeof TimelineView>;

export async function timelineView(
  { store: { db }, clock }: Pick<Project, 'store' | 'clock'>,
  run: Run,
  most: number,
): Promise<TimelineView> {
  const now = clock.now();
  const attempts = await db
    .selectFrom('attempts')
    .select(['submitted_at', 'running_at', 'ended_at', 'queued_s', 'preparing_s'])
    .where('run_id', '=', run.id)
    .where('submitted_at', 'is not', null)
    .execute();
  const phases = attempts.flatMap((a) => phasesOf(a, now) ?? []);
  const stages = (await getStages(db, run.id)).map(({ name, status, started_at, ended_at }) => ({
    name,
    status,
    started_at,
    ended_at,
  }));
  const from = least(phases.map((p) => p.queued_ms));
  const to = greatest(phases.map((p) => p.ended_ms));
  if (from === null || to === null)
    return {
      run: run.number,
      stages,
      from: null,
      to: null,
      bucket_s: 0,
      queued: [],
      preparing: [],
      running: [],
    };
  // Whole seconds where it is long enough, so that buckets begin at times that can be read.
  const bucket_ms = Math.max(1, Math.ceil((to - from) / most / 1000) * 1000, Math.ceil((to - from) / most));
  const length = Math.max(1, Math.ceil((to - from) / bucket_ms));
  const over = (spans: readonly (readonly [number, number])[]): number[] =>
    averages(spans, { from, bucket_ms, length });
  return {
    run: run.number,
    stages,
    from: toIso(from),
    to: toIso(to),
    bucket_s: bucket_ms / 1000,
    queued: over(phases.map((p) => [p.queued_ms, p.preparing_ms])),
    preparing: over(phases.map((p) => [p.preparing_ms, p.running_ms])),
    running: over(phases.map((p) => [p.running_ms, p.ended_ms])),
  };
}

interface Phases {
  readonly queued_ms: number;
  readonly preparing_ms: number;
  readonly running_ms: number;
  readonly ended_ms: number;
}

/** When each phase of an attempt began. The provider's clock may run faster than ours: of its seconds only the share counts. */
function phasesOf(
  a: Pick<AttemptsTable, 'submitted_at' | 'running_at' | 'ended_at' | 'queued_s' | 'preparing_s'>,
  now: number,
): Phases | null {
  if (a.submitted_at === null) return null;
  const queued_ms = fromIso(a.submitted_at);
  // Clocks of two machines may differ: no phase ends before it begins.
  const ended_ms = Math.max(queued_ms, a.ended_at === null ? now : fromIso(a.ended_at));
  const running_ms = a.running_at === null ? ended_ms : clamp(fromIso(a.running_at), queued_ms, ended_ms);
  const before_s = (a.queued_s ?? 0) + (a.preparing_s ?? 0);
  const share = before_s > 0 ? (a.queued_s ?? 0) / before_s : 1;
  return { queued_ms, preparing_ms: queued_ms + share * (running_ms - queued_ms), running_ms, ended_ms };
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** How many of the spans there are in each bucket, on average: one pass over the spans, one over the buckets. */
function averages(
  spans: readonly (readonly [number, number])[],
  { from, bucket_ms, length }: { readonly from: number; readonly bucket_ms: number; readonly length: number },
): number[] {
  const part = new Float64Array(length);
  const step = new Float64Array(length + 1);
  for (const [begin, end] of spans) {
    if (end <= begin) continue;
    const first = (begin - from) / bucket_ms;
    const last = (end - from) / bucket_ms;
    const i = Math.min(length - 1, Math.floor(first));
    const j = Math.min(length - 1, Math.floor(last));
    if (i === j) {
      part[i] = (part[i] ?? 0) + last - first;
      continue;
    }
    part[i] = (part[i] ?? 0) + i + 1 - first;
    part[j] = (part[j] ?? 0) + last - j;
    step[i + 1] = (step[i + 1] ?? 0) + 1;
    step[j] = (step[j] ?? 0) - 1;
  }
  let whole = 0;
  return Array.from(part, (share, i) => {
    whole += step[i] ?? 0;
    return Math.round((whole + share) * 100) / 100;
  });
}

/** Not with `Math.min(...)`: a fleet is longer than a list of arguments may be. */
const least = (values: readonly number[]): number | null =>
  values.reduce<number | null>((least, value) => (least === null || value < least ? value : least), null);
const greatest = (values: readonly number[]): number | null =>
  values.reduce<number | null>((most, value) => (most === null || value > most ? value : most), null);
