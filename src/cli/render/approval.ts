import type { Project } from '../../app.ts';
import { listSubjects, subjectsWith } from '../../gates/index.ts';
import type { Approval, Subject } from '../../gates/index.ts';
import type { FailureGroup } from '../../jobs/index.ts';
import { formatDuration } from '../../kernel/duration.ts';
import { RetryContext, failuresOfRun, getRun } from '../../pipelines/index.ts';
import type { Run } from '../../pipelines/index.ts';
import { groupLines } from './failures.ts';
import { headline } from './metrics.ts';
import { clip, columns, oneLine, paint } from './style.ts';

/** One request with its subjects, as many as fit `most` lines: what a person needs to decide. */
export async function approvalScreen(project: Project, approval: Approval, most: number): Promise<string> {
  const subjects = await listSubjects(project.store.db, { approval_id: approval.id, limit: most });
  const total = Object.values(approval.counts).reduce((a, b) => a + b, 0);
  const lines = [
    `${paint('bold', approval.title)}  ${approval.id}`,
    `  gate ${approval.gate}, ${approval.status}; asked by ${approval.requested_by}; until ${approval.expires_at.slice(0, 16).replace('T', ' ')} UTC, then ${approval.on_expiry === 'skip' ? 'skipped' : 'held'}${peopleWanted(approval)}`,
  ];
  const retry = RetryContext.safeParse(approval.context).data;
  if (retry !== undefined) {
    const run = await getRun(project.store.db, approval.run_id);
    const groups = await openGroups(project, run, approval);
    lines.push(
      `  ${circumstances(retry)}`,
      ...groupLines(groups, { lines: most > 100 ? 2 : 0, most: Math.max(12, most) }),
    );
    if (groups.length > 1)
      lines.push(`    One cause only: trainyard retry ${run.number} --group ${groups[0]?.number ?? 1}`);
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
async function openGroups(project: Project, run: Run, approval: Approval): Promise<FailureGroup[]> {
  const { groups } = await failuresOfRun(project.store.db, run);
  const open = new Set(await subjectsWith(project.store.db, approval.id, 'pending'));
  return groups
    .map((g) => ({ ...g, circuits: g.circuits.filter((id) => open.has(id)) }))
    .filter((g) => g.circuits.length > 0)
    .map((g) => ({ ...g, count: g.circuits.length }));
}

const peopleWanted = ({ required, approvers }: Approval): string => {
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

function subjectLines(s: Subject): string[] {
  const { detail } = s;
  const verdict = s.verdict === 'pending' ? '' : ` [${s.verdict}]`;
  const lines = [clip(`    ${s.subject}${verdict}${told(detail)}`, columns())];
  if (typeof detail['job'] === 'string') lines.push(jobLine(detail['job'], detail));
  if (typeof detail['held_because'] === 'string')
    lines.push(`      ${paint('yellow', 'quality gate:')} ${detail['held_because']}`);
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

function told(detail: Readonly<Record<string, unknown>>): string {
  if (typeof detail['message'] === 'string') return `  ${clip(detail['message'], columns() - 40)}`;
  const metrics = detail['metrics'];
  if (typeof metrics !== 'object' || metrics === null) return '';
  const current = detail['current'] as { version: number; metrics: Record<string, number> } | null;
  return `  ${headline(metrics as Record<string, number>, 3, current?.metrics ?? null)}${current === null ? '  first version' : ''}`;
}
