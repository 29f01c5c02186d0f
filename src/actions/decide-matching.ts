import type { Project } from '../app.ts';
import { getApproval, subjectsMatching } from '../gates/index.ts';
import type { Approval, SubjectFilter } from '../gates/index.ts';
import { ConflictError } from '../kernel/errors.ts';
import { decide } from './decide.ts';
import type { Ballot } from './decide.ts';

/** What a verdict by filter came to. */
export interface Decided {
  readonly approval: Approval;
  /** How many subjects it was about. */
  readonly subjects: number;
  /** Those that a quality gate holds back and that the filter did not ask for. */
  readonly left_out: number;
}

/**
 * Records a verdict on every open subject that a filter finds. The filter is resolved to names now, and the verdict is on
 * those names. As with approving everything, what a quality gate holds back is only meant where the filter says so.
 * @throws ConflictError where it finds nothing
 */
export async function decideMatching(
  project: Project,
  ballot: Omit<Ballot, 'subjects'>,
  filter: SubjectFilter & { readonly verdict?: 'pending' | 'hold' | undefined },
): Promise<Decided> {
  const { db } = project.store;
  const approval = await getApproval(db, ballot.approval_id);
  const found = await subjectsMatching(db, approval.id, { ...filter, verdict: filter.verdict ?? 'pending' });
  const meant = found.filter((f) => ballot.verdict !== 'approve' || filter.held === true || !f.held);
  const left_out = found.length - meant.length;
  // Of a request that is over, that is said below.
  if (meant.length === 0 && ['waiting', 'decided'].includes(approval.status))
    throw new ConflictError(`No open subject of "${approval.title}" is meant by that.`, {
      hint:
        left_out === 0
          ? 'Change the filter, or see what is open.'
          : `A quality gate holds back all ${left_out} that it finds; say \`held\` and why to let them through.`,
    });
  const after = await decide(project, { ...ballot, subjects: meant.map((f) => f.subject) });
  return { approval: after, subjects: meant.length, left_out };
}
