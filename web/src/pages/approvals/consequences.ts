import { plural } from '../../ui/format.ts';
import type { ApprovalRow, Verdict, Vote } from './approval-data.ts';

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

/** How far an approval takes it where more than one person has to say so; null: it takes effect at once. */
export function quorum(
  approval: Pick<ApprovalRow, 'required'>,
  votes: readonly Vote[],
  subjects: readonly string[],
  me: string,
): string | null {
  if (approval.required < 2) return null;
  const wanted = new Set(subjects);
  const before = new Set<string>();
  let held = false;
  for (const v of votes) {
    if (!v.counts || !(v.subjects === null || v.subjects.some((s) => wanted.has(s)))) continue;
    if (v.verdict === 'hold') {
      // No yes from before a hold counts, and none to everything from after it.
      before.clear();
      held = true;
    } else if (v.verdict === 'approve' && !(held && v.subjects === null)) before.add(v.voter.toLowerCase());
  }
  before.delete(me.toLowerCase());
  const mine = Math.min(before.size + 1, approval.required);
  return mine === approval.required
    ? `This is approval ${mine} of ${approval.required} and takes effect for what ${plural(before.size, 'other person', 'other people')} approved before.`
    : `This is approval ${mine} of ${approval.required}: nothing happens until ${plural(approval.required - mine, 'other person approves', 'other people approve')} too.`;
}

/** `1 of 2 approved`: who has said yes so far, where more than one has to. */
export function votesSoFar(approval: Pick<ApprovalRow, 'required'>, votes: readonly Vote[]): string | null {
  if (approval.required < 2) return null;
  const yes = new Set(
    votes.filter((v) => v.counts && v.verdict === 'approve').map((v) => v.voter.toLowerCase()),
  );
  return `${Math.min(yes.size, approval.required)} of ${approval.required} approved`;
}
