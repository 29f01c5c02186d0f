import type { Project } from '../../app.ts';
import { listSubjects, subjectsWith } from '../../gates/index.ts';
import type { Approval } from '../../gates/index.ts';
import { formatDuration } from '../../kernel/duration.ts';
import { RetryContext, getRun } from '../../pipelines/index.ts';
import { approvalRow, failuresView, subjectRow } from '../../views/index.ts';
import type { ApprovalRow, FailuresView, SubjectRow } from '../../views/index.ts';
import { groupLines } from './failures.ts';
import { headline } from './metrics.ts';
import { clip, columns, oneLine, paint } from './style.ts';

/** What the screen of a request tells, wherever it was found out. */
export interface ApprovalFacts {
  readonly approval: ApprovalRow & { readonly context?: Readonly<Record<string, unknown>> };
  /** The first of them. */
  readonly subjects: readonly SubjectRow[];
  /** The causes of what failed, where it asks about a retry, and what of it is still to be decided. */
  readonly retry: { readonly groups: FailuresView['groups']; readonly open: ReadonlySet<string> } | null;
}

/** Whether a request asks about failed jobs. */
export const asksForRetry = (context: unknown): boolean => RetryContext.safeParse(context).success;

export async function approvalFacts(
  project: Project,
  approval: Approval,
  most: number,
): Promise<ApprovalFacts> {
  const { db } = project.store;
  const subjects = await listSubjects(db, { approval_id: approval.id, limit: most });
  const row = await approvalRow(project, approval);
  return {
    approval: { ...row, context: approval.context },
    subjects: subjects.map(subjectRow),
    retry: asksForRetry(approval.context)
      ? {
          groups: (await failuresView(project, await getRun(db, approval.run_id))).groups,
          open: new Set(await subjectsWith(db, approval.id, 'pending')),
        }
      : null,
  };
}

/** One request with its subjects, as many as fit `most` lines: what a person needs to decide. */
export const approvalScreen = async (project: Project, approval: Approval, most: number): Promise<string> =>
  approvalText(await approvalFacts(project, approval, most), most);

export function approvalText({ approval, subjects, retry }: ApprovalFacts, most: number): string {
  const total = Object.values(approval.counts).reduce((a, b) => a + b, 0);
  const lines = [
    `${paint('bold', approval.title)}  ${approval.id}`,
    `  gate ${approval.gate}, ${approval.status}; asked by ${approval.requested_by}; until ${approval.expires_at.slice(0, 16).replace('T', ' ')} UTC, then ${approval.on_expiry === 'skip' ? 'skipped' : 'held'}${peopleWanted(approval)}`,
  ];
  const context = RetryContext.safeParse(approval.context).data;
  if (retry !== null && context !== undefined) {
    const groups = openGroups(retry);
    lines.push(
      `  ${circumstances(context)}`,
      ...groupLines(groups, { lines: most > 100 ? 2 : 0, most: Math.max(12, most) }),
    );
    if (groups.length > 1)
      lines.push(`    One cause only: trainyard retry ${approval.run} --group ${groups[0]?.number ?? 1}`);
    // One line per group says it; whoever wants all of it asks for all of it.
    if (total > most / 5) {
      lines.push(`    Every job and log: trainyard approvals show ${approval.id}`);
      return lines.map(oneLine).join('\n');
    }
  }
  const before = lines.length;
  let shown = 0;
  for (const subject of subjects) {
    const more = subjectLines(subject);
    if (shown > 0 && lines.length - before + more.length > most) break;
    lines.push(...more);
    shown++;
  }
  if (total > shown) lines.push(`    … and ${total - shown} more: trainyard approvals show ${approval.id}`);
  return lines.map(oneLine).join('\n');
}

/** The causes of what is still to be decided, under the numbers that a retry by group means. */
const openGroups = ({ groups, open }: NonNullable<ApprovalFacts['retry']>): FailuresView['groups'] =>
  groups
    .map((g) => ({ ...g, circuits: g.circuits.filter((id) => open.has(id)) }))
    .filter((g) => g.circuits.length > 0)
    .map((g) => ({ ...g, count: g.circuits.length }));

const peopleWanted = ({ required, approvers }: Pick<ApprovalRow, 'required' | 'approvers'>): string => {
  const who = approvers.length === 0 ? '' : ` of ${approvers.join(', ')}`;
  return required > 1 ? `; ${required} different people${who}` : who === '' ? '' : `; one${who}`;
};

/** Whether there is room, and how long it will take. */
function circumstances({ capacity, estimate }: RetryContext): string {
  const room = capacity === null ? 'nobody knows whether compute is free' : capacity.message;
  if (estimate === null) return `${room}; nothing trained before, so nobody knows how long it takes`;
  const basis =
    estimate.known === 0
      ? 'what the others of this run took'
      : estimate.known === estimate.of
        ? 'past trainings'
        : `${estimate.known} of ${estimate.of} past trainings`;
  return `${room}; the retry takes about ${formatDuration(estimate.retry_s)} by ${basis}`;
}

function subjectLines(s: SubjectRow): string[] {
  const { detail } = s;
  const verdict = s.verdict === 'pending' ? '' : ` [${s.verdict}]`;
  const lines = [clip(`    ${s.subject}${verdict}${told(s)}`, columns())];
  if (typeof detail['job'] === 'string') lines.push(jobLine(detail['job'], detail));
  if (s.held_because !== null) lines.push(`      ${paint('yellow', 'quality gate:')} ${s.held_because}`);
  if (Array.isArray(detail['log_tail']))
    for (const line of detail['log_tail'].slice(-3))
      lines.push(`      ${paint('gray', clip(`| ${String(line)}`, columns() - 8))}`);
  return lines;
}

/** The failed job, its attempts, and the provider's own page about it where there is one. */
function jobLine(job: string, { attempts, url }: Readonly<Record<string, unknown>>): string {
  const many = Number(attempts) === 1 ? '1 attempt' : `${Number(attempts)} attempts`;
  return `      job ${job}, ${many}${typeof url === 'string' ? `, ${url}` : ''}`;
}

function told({ detail, metrics, current }: SubjectRow): string {
  if (typeof detail['message'] === 'string') return `  ${clip(detail['message'], columns() - 40)}`;
  if (metrics === null) return '';
  return `  ${headline(metrics, 3, current?.metrics ?? null)}${current === null ? '  first version' : ''}`;
}
