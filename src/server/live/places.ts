import type { Context } from 'hono';
import type { Caller } from '../access/caller.ts';
import { refuse } from '../access/refusals.ts';
import type { ApiEnv } from '../api.ts';

/** So many streams of events and logs one caller may keep open: a page has two at most, a person many pages. */
const MOST_EACH = 64;
/** The local user is everybody and every program on this machine. */
const MOST_LOCAL = 2000;
/** A page that is closed gives its place back at once. */
const AGAIN_S = 10;

/** Gives a place back. Harmless twice. */
export type GiveBack = () => void;

/** Counts the open streams of each caller: somebody whose program opens ever more keeps nobody else from listening. */
export class StreamPlaces {
  readonly #taken = new Map<string, number>();

  /** Null: the caller has taken all that they may. */
  take({ via, identity, name }: Caller): GiveBack | null {
    const who = via === 'local' ? via : `${identity} ${name}`;
    const taken = this.#taken.get(who) ?? 0;
    if (taken >= mostOf(via)) return null;
    this.#taken.set(who, taken + 1);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const left = (this.#taken.get(who) ?? 0) - 1;
      if (left > 0) this.#taken.set(who, left);
      else this.#taken.delete(who);
    };
  }
}

const mostOf = (via: Caller['via']): number => (via === 'local' ? MOST_LOCAL : MOST_EACH);

/** To a caller who has taken all places. */
export function noPlace(c: Context<ApiEnv>): Response {
  const { name, via } = c.get('caller');
  c.header('retry-after', String(AGAIN_S));
  return refuse(
    c,
    429,
    'too_many_requests',
    `${name} has ${mostOf(via)} streams of events and logs open, and may have no more.`,
    `Close pages and programs that need not listen, or give each program a token of its own; then try again in ${AGAIN_S} s.`,
  );
}
