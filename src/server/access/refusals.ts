import type { Context } from 'hono';
import type { Project } from '../../app.ts';
import { appendEvents } from '../../store/index.ts';
import type { NewEvent } from '../../store/index.ts';
import { problem } from '../problem.ts';
import { rateLimit } from './rate-limit.ts';

const TITLES = {
  401: 'Who asks is not known',
  403: 'Not allowed',
  413: 'Too large',
  415: 'The request makes no sense',
  429: 'Too many requests',
} as const;

/** A problem that says why somebody may not ask this. */
export const refuse = (
  c: Context,
  status: keyof typeof TITLES,
  code: string,
  detail: string,
  hint: string | null,
): Response => {
  if (status === 401) c.header('www-authenticate', 'Bearer realm="trainyard"');
  return problem(c, { status, title: TITLES[status], code, detail, hint, problems: [] });
};

/** Comes too early by so many milliseconds. */
export function tooMany(c: Context, wait_ms: number, what: string): Response {
  const wait_s = Math.ceil(wait_ms / 1000);
  c.header('retry-after', String(wait_s));
  return refuse(c, 429, 'too_many_requests', `Too many ${what}.`, `Try again in ${wait_s} s.`);
}

/** Puts a refusal on record; `who`: an address, or the name of somebody who is known. */
export type RecordRefusal = (who: string, event: NewEvent) => Promise<void>;

/**
 * Refusals on record, so few that nobody can fill it: one in ten minutes of anybody, and thirty in an hour of all. What
 * was left out is counted in the next one.
 */
export function refusalRecorder({ store, clock }: Pick<Project, 'store' | 'clock'>): RecordRefusal {
  const each = rateLimit(clock, { burst: 1, every_ms: 600_000 });
  const all = rateLimit(clock, { burst: 30, every_ms: 120_000 });
  let leftOut = 0;
  return async (who, event) => {
    if (each.take(`${event.type} ${who}`) > 0 || all.take('') > 0) {
      leftOut++;
      return;
    }
    const more = leftOut;
    leftOut = 0;
    await store.tx((tx) =>
      appendEvents(tx, clock.now(), [
        {
          severity: 'warning',
          ...event,
          message: `${event.message}${more === 0 ? '' : `; ${more} more refusals since the last one on record`}`,
          data: { ...event.data, not_recorded: more },
        },
      ]),
    );
  };
}
