import type { Db } from '../../store/index.ts';

/** So many things of one kind. */
interface Count<L extends string> {
  readonly labels: Readonly<Record<L, string>>;
  readonly n: number;
}

const OPEN_RUNS = ['pending', 'running', 'waiting'] as const;
const OPEN_JOBS = ['pending', 'queued', 'preparing', 'running'] as const;

/** Those that a series goes on for, with zero where there is none. */
const all = (
  statuses: readonly string[],
  rows: readonly { readonly status: string; readonly n: number }[],
): Count<'status'>[] =>
  statuses.map((status) => ({
    labels: { status },
    n: Number(rows.find((row) => row.status === status)?.n ?? 0),
  }));

export async function openRunsByStatus(db: Db): Promise<Count<'status'>[]> {
  const rows = await db
    .selectFrom('runs')
    .select((e) => ['status', e.fn.countAll<number>().as('n')])
    .where('ended_at', 'is', null)
    .where('parent_run_id', 'is', null)
    .groupBy('status')
    .execute();
  return all(OPEN_RUNS, rows);
}

export async function openJobs(db: Db): Promise<Count<'status'>[]> {
  const rows = await db
    .selectFrom('jobs')
    .select((e) => ['status', e.fn.countAll<number>().as('n')])
    .where('ended_at', 'is', null)
    .groupBy('status')
    .execute();
  return all(OPEN_JOBS, rows);
}

export async function approvalsWaiting(db: Db): Promise<Count<'gate'>[]> {
  const rows = await db
    .selectFrom('approvals')
    .select((e) => ['gate', e.fn.countAll<number>().as('n')])
    .where('status', '=', 'waiting')
    .groupBy('gate')
    .execute();
  return rows.map(({ gate, n }) => ({ labels: { gate }, n: Number(n) }));
}

/** What waits to be sent, and what was given up. */
export async function outboxOf(db: Db): Promise<Count<'channel' | 'state'>[]> {
  const rows = await db
    .selectFrom('notifications')
    .select((e) => ['channel', 'state', e.fn.countAll<number>().as('n')])
    .where('state', '!=', 'delivered')
    .groupBy(['channel', 'state'])
    .execute();
  return rows.map(({ channel, state, n }) => ({ labels: { channel, state }, n: Number(n) }));
}
