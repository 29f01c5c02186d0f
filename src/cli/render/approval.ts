import type { Project } from '../../app.ts';
import { listSubjects } from '../../gates/index.ts';
import type { Approval, Subject } from '../../gates/index.ts';
import { headline } from './metrics.ts';
import { clip, columns, paint } from './style.ts';

/** One request with its subjects, as many as fit `most` lines: what a person needs to decide. */
export async function approvalScreen(project: Project, approval: Approval, most: number): Promise<string> {
  const subjects = await listSubjects(project.store.db, { approval_id: approval.id, limit: most });
  const total = Object.values(approval.counts).reduce((a, b) => a + b, 0);
  const lines = [
    `${paint('bold', approval.title)}  ${approval.id}`,
    `  gate ${approval.gate}, ${approval.status}; asked by ${approval.requested_by}; until ${approval.expires_at.slice(0, 16).replace('T', ' ')} UTC, then ${approval.on_expiry === 'skip' ? 'skipped' : 'held'}`,
  ];
  let shown = 0;
  for (const subject of subjects) {
    const more = subjectLines(subject);
    if (shown > 0 && lines.length - 2 + more.length > most) break;
    lines.push(...more);
    shown++;
  }
  if (total > shown) lines.push(`    … and ${total - shown} more: trainyard approvals show ${approval.id}`);
  return lines.join('\n');
}

function subjectLines(s: Subject): string[] {
  const { detail } = s;
  const verdict = s.verdict === 'pending' ? '' : ` [${s.verdict}]`;
  const lines = [clip(`    ${s.subject}${verdict}${told(detail)}`, columns())];
  if (typeof detail['held_because'] === 'string')
    lines.push(`      ${paint('yellow', 'quality gate:')} ${detail['held_because']}`);
  if (Array.isArray(detail['log_tail']))
    for (const line of detail['log_tail'].slice(-3))
      lines.push(`      ${paint('gray', clip(`| ${String(line)}`, columns() - 8))}`);
  return lines;
}

function told(detail: Readonly<Record<string, unknown>>): string {
  if (typeof detail['message'] === 'string') return `  ${clip(detail['message'], columns() - 40)}`;
  const metrics = detail['metrics'];
  if (typeof metrics !== 'object' || metrics === null) return '';
  const current = detail['current'] as { version: number; metrics: Record<string, number> } | null;
  return `  ${headline(metrics as Record<string, number>, 3, current?.metrics ?? null)}${current === null ? '  first version' : ''}`;
}
