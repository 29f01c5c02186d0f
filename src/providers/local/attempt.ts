import { constants } from 'node:os';
import type { FailureReason, Observation, Submission } from '../../jobs/compute.ts';
import { toIso } from '../../kernel/clock.ts';
import type { Fact } from './facts.ts';

/** Everything known of one attempt. Times are milliseconds since 1970. */
export interface Attempt {
  readonly submission: Submission;
  readonly submitted_at: number;
  /** The launcher (and its orchestrator) that has it. */
  owner: string;
  /** Where this process stands with it: not its own, in the queue, being made ready, or in its launcher's hands. */
  phase: 'elsewhere' | 'queued' | 'making_ready' | 'sent';
  preparing_at: number | null;
  running_at: number | null;
  /** A process of it may exist. */
  intended: boolean;
  /** Why its launcher gave it back unstarted: the machine's trouble, not the attempt's. */
  returned: string | null;
  /** The process group of the latest step. */
  process: { readonly pid: number; readonly start: string } | null;
  cancel_at: number | null;
  end: End | null;
  /** Counts up with each change anywhere; what cursors compare. */
  revision: number;
}

export type End = { readonly at: number; readonly cpu_s: number | null; readonly rss_kib: number | null } & (
  | { readonly state: 'succeeded' }
  | {
      readonly state: 'failed';
      readonly reason: FailureReason;
      readonly message: string;
      readonly exit_code: number | null;
    }
  | { readonly state: 'canceled' }
);

/** How an attempt ended, from what its launcher wrote and whether somebody canceled it. */
export function endOf(fact: Extract<Fact, { e: 'ended' }>, { cancel_at, running_at }: Attempt): End {
  const used = {
    at: Math.max(fact.at, running_at ?? 0),
    cpu_s: fact.cpu_s,
    // Nothing was measured where nothing was started.
    rss_kib: fact.rss_kib > 0 ? fact.rss_kib : null,
  };
  // What ended by itself before somebody wished its end keeps its outcome, in whatever order a process learns of the two.
  const canceled = cancel_at !== null && (fact.why !== null || fact.at >= cancel_at);
  if (canceled || fact.why === 'canceled') return { ...used, state: 'canceled' };
  const exit_code = fact.code !== null && fact.code < 0 ? 128 - fact.code : fact.code;
  const failed = (reason: FailureReason, message: string): End => ({
    ...used,
    state: 'failed',
    reason,
    message: message.replaceAll(/\s+/g, ' ').trim(),
    exit_code,
  });
  const detail = fact.tail === null ? '' : `: ${fact.tail}`;
  if (fact.why === 'timed_out') return failed('timed_out', `stopped at its time limit${detail}`);
  if (fact.why === 'memory')
    return failed('out_of_memory', fact.tail?.replace(/^trainyard: /, '') ?? 'too much memory');
  if (fact.why === 'setup') return failed('setup', fact.tail ?? 'could not be started');
  if (exit_code === 0) return { ...used, state: 'succeeded' };
  if (exit_code === 137)
    return failed('out_of_memory', 'killed by SIGKILL, most often because memory ran out');
  // What a shell says when it finds no such command, or one that it may not run.
  if (exit_code === 126 || exit_code === 127) return failed('setup', `exit code ${exit_code}${detail}`);
  if (fact.code !== null && fact.code < 0)
    return failed('user_code', `killed by ${signalName(-fact.code)}${detail}`);
  return failed('user_code', `exit code ${exit_code}${detail}`);
}

export function observe(attempt: Attempt, now: number): Observation {
  const { end, submission, submitted_at, preparing_at, running_at } = attempt;
  const until = end?.at ?? Math.max(now, running_at ?? 0, preparing_at ?? 0, submitted_at);
  const seconds = (from: number, to: number): number => Math.max(0, Math.round(to - from) / 1000);
  const base = {
    key: submission.key,
    submitted_at: toIso(submitted_at),
    running_at: running_at === null ? null : toIso(running_at),
    queued_s: seconds(submitted_at, preparing_at ?? running_at ?? until),
    preparing_s: preparing_at === null ? 0 : seconds(preparing_at, running_at ?? until),
    running_s: running_at === null ? 0 : seconds(running_at, until),
    usage: {
      cpu_s: end?.cpu_s ?? null,
      peak_memory_mib:
        end === null || end.rss_kib === null ? null : Math.round((end.rss_kib / 1024) * 10) / 10,
    },
    url: null,
  };
  if (end === null) {
    return {
      ...base,
      state: running_at !== null ? 'running' : preparing_at !== null ? 'preparing' : 'queued',
    };
  }
  const ended_at = toIso(end.at);
  switch (end.state) {
    case 'succeeded':
      return { ...base, state: 'succeeded', exit_code: 0, ended_at };
    case 'failed':
      return {
        ...base,
        state: 'failed',
        reason: end.reason,
        message: end.message,
        exit_code: end.exit_code,
        ended_at,
      };
    case 'canceled':
      return { ...base, state: 'canceled', ended_at };
  }
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}
