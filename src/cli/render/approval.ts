import type { Project } from '../../app.ts';
import { listSubjects } from '../../gates/index.ts';
import type { Approval, Subject } from '../../gates/index.ts';
import { headline } from './metrics.ts';
import { clip, columns, paint } from './style.ts';

/** One request with its subjects, the first `most` of them: what a person needs to decide. */
export async function approvalScreen(project: Project, approval: Approval, most: number): Promise<string> {
  const subjects = await listSubjects(project.store.db, { approval_id: approval.id, limit: most });
  const total = Object.values(approval.counts).reduce((a, b) => a + b, 0);
  const lines = [
    `${paint('bold', approval.title)}  ${approval.id}`,
    `  gate ${approval.gate}, ${approval.status}, until ${approval.expires_at.slice(0, 16).replace('T', ' ')} UTC, then ${approval.on_expiry === 'skip' ? 'skipped' : 'held'}`,
    `  asked by ${approval.requested_by}`,
  ];
  for (const s of subjects) lines.push(...subjectLines(s));
  if (total > subjects.length) lines.push(`    … and ${total - subjects.length} more: trainyard approvals show ${approval.id}`);
  return lines.join('\n');
}

function subjectLines(s: Subject): string[] {
  const { detail } = s;
  const verdict = s.verdict === 'pending' ? '' : ` [${s.verdict}]`;
  const lines = [clip(`    ${s.subject}${verdict}${told(detail)}`, columns())];
  if (typeof detail['held_because'] === 'string') lines.push(`      ${paint('yellow', 'quality gate:')} ${detail['held_because']}`);
  if (Array.isArray(detail['log_tail'])) for (const line of detail['log_tail'].slice(-3)) lines.push(`      ${paint('gray', clip(`| ${String(line)}`, columns() - 8))}`);
  return lines;
}

function told(detail: Readonly<Record<string, unknown>>): string {
  if (typeof detail['message'] === 'string') return `  ${clip(detail['message'], columns() - 40)}`;
  const metrics = detail['metrics'];
  if (typeof metrics !== 'object' || metrics === null) return '';
  const current = detail['current'] as { version: number; metrics: Record<string, number> } | null;
  return `  ${headline(metrics as Record<string, number>, 3, current?.metrics ?? null)}${current === null ? '  first version' : ''}`;
}
