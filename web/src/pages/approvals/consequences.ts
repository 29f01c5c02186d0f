import { plural } from '../../ui/format.ts';
import type { ApprovalRow, Verdict, Vote } from './approval-data.ts';
import { settledBy, yeses } from './said.ts';

/** What a request is about, by the stage that asks. */
export type Kind = 'models' | 'failures' | 'environments' | 'other';
export const kindOf = (stage: string): Kind => KINDS[stage] ?? 'other';
const KINDS: Readonly<Record<string, Kind>> = {
  PromoteModels: 'models',
  RetryFailedTraining: 'failures',
  PromoteEnvironment: 'environments',
};

const NOUNS: Readonly<Record<Kind, string>> = {
  models: 'model',
  failures: 'circuit',
  environments: 'environment',
  other: 'subject',
};
/** `1 model`, `2,000 models`. */
export const some = (kind: Kind, n: number): string => plural(n, NOUNS[kind]);

/** What a verdict on so many will do, as a sentence. */
export function consequence(kind: Kind, verdict: Verdict, n: number): string {
  const what = some(kind, n);
  const are = n === 1 ? 'is' : 'are';
  const have = n === 1 ? 'has' : 'have';
  switch (verdict) {
    case 'approve':
      return kind === 'models'
        ? `${what} ${are} copied into the shared registry.`
        : kind === 'failures'
          ? `${what} ${are} trained again at once, with the same config and data.`
          : kind === 'environments'
            ? `${what} ${are} shared with the other workspaces.`
            : `${what} may go on.`;
    case 'hold':
      return kind === 'models'
        ? `${what} ${are} not promoted for now; the models in use stay. They can be asked about again.`
        : kind === 'failures'
          ? `${what} ${are} not trained again for now, and can be asked about again.`
          : `${what} ${have} to wait, and can be asked about again.`;
    case 'reject':
      return kind === 'models'
        ? `${what} ${are} not promoted, and not asked about again; the models in use stay.`
        : kind === 'failures'
          ? `${what} ${are} not trained again. The run goes on with what succeeded.`
          : kind === 'environments'
            ? `${what} ${are} not shared, and models that need ${n === 1 ? 'it' : 'them'} are not promoted.`
            : `${what} may not go on.`;
  }
}

/** How far an approval takes what it is about, where more than one person has to say so. */
export interface Far {
  /** Which approval it is of those that are required, at least. */
  readonly nth: number;
  /** Of how many subjects it is the last that they need. */
  readonly ready: number;
}

/** Null: it takes effect at once. `gated` is what a quality gate holds back. */
export function howFar(
  { required }: Pick<ApprovalRow, 'required'>,
  votes: readonly Vote[],
  subjects: readonly string[],
  gated: ReadonlySet<string>,
  me: string,
): Far | null {
  if (required < 2 || subjects.length === 0) return null;
  const yes = yeses(votes);
  const nths = subjects.map((subject) => {
    const others = new Set(yes.of(subject, gated.has(subject)));
    others.delete(me.toLowerCase());
    return Math.min(others.size + 1, required);
  });
  return {
    nth: nths.reduce((least, nth) => Math.min(least, nth), required),
    ready: nths.filter((nth) => nth === required).length,
  };
}

/** The same as a sentence, before it is said. */
export function quorum({ required }: Pick<ApprovalRow, 'required'>, far: Far): string {
  const { nth, ready } = far;
  const others = plural(required - nth, 'other person approves', 'other people approve');
  if (nth === required) return `This is approval ${nth} of ${required}: it takes effect at once.`;
  return ready === 0
    ? `This is approval ${nth} of ${required}: nothing happens until ${others} too.`
    : `This is approval ${required} of ${required} for ${ready.toLocaleString('en')} of them, which takes effect at once. Nothing happens to the rest until ${others} too.`;
}

/** What came of an approval: of how many it took effect, and how it stands with the rest. */
export function approved(
  kind: Kind,
  { required }: Pick<ApprovalRow, 'required'>,
  far: Far | null,
  { of, took }: { readonly of: number; readonly took: number },
): string {
  if (far === null || took >= of) return `${some(kind, of)} approved.`;
  const counted = `Your approval of ${some(kind, of - took)} is counted: ${far.nth} of ${required}.`;
  return took > 0 ? `${some(kind, took)} approved. ${counted}` : counted;
}

/** `1 of 2 approved`: how many have said yes so far to what is open, where more than one has to; null: nothing is open. */
export function votesSoFar(
  { required, counts }: Pick<ApprovalRow, 'required' | 'counts'>,
  votes: readonly Vote[],
): string | null {
  if (required < 2 || counts.pending === 0) return null;
  const yes = yeses(votes);
  const over = settledBy(votes);
  const named = [...yes.named].filter((s) => !over.has(s)).map((s) => yes.of(s, false).size);
  const open = named.filter((n) => n < required);
  // What nobody named has the yeses to everything.
  const all = open.length < counts.pending ? [...open, yes.of_all] : open;
  const least = all.reduce((a, b) => Math.min(a, b), required);
  return `${least} of ${required} approved${all.every((n) => n === least) ? '' : ' all that is open, more some of it'}`;
}
