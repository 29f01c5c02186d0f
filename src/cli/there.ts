import { items, ok } from '../client/index.ts';
import type { Client } from '../client/index.ts';
import type { JobView, RunView } from '../views/index.ts';
import { lineTeller, take } from './on-server.ts';
import { asksForRetry } from './render/approval.ts';
import type { ApprovalFacts } from './render/approval.ts';
import { fewFailed } from './render/run.ts';
import type { RunFacts } from './render/run.ts';

/** What commands find out and do on a server where one call does not say it all. */

/** The newest run of a kind, by its id; undefined: there is none. */
export async function newestRun(
  { api }: Client,
  kind: { readonly pipeline?: string; readonly rehearsal?: 'true' | 'false' },
): Promise<string | undefined> {
  return (await ok(api.runs.$get({ query: { limit: 1, ...kind } }))).items[0]?.id;
}

export async function runFactsThere({ api }: Client, key: string): Promise<RunFacts> {
  const run = await ok(api.runs[':run'].$get({ param: { run: key } }));
  const [failures, system] = await Promise.all([
    ok(api.runs[':run'].failures.$get({ param: { run: run.id } })),
    ok(api.system.$get({ query: {} })),
  ]);
  const messages = await Promise.all(
    fewFailed(failures).map((job) => ok(api.jobs[':job'].$get({ param: { job } }))),
  );
  return { run, failures, messages, driven: system.holder !== null };
}

/** Ends a run, or a part of it, and waits until that has ended. */
export async function cancelThere(
  yard: Client,
  key: string,
  {
    stage,
    circuits,
  }: { readonly stage?: string | undefined; readonly circuits?: readonly string[] | undefined },
  tell: (run: RunView) => void,
): Promise<{ readonly run: RunView; readonly requested: boolean }> {
  const { api } = yard;
  const show = (): Promise<RunView> => ok(api.runs[':run'].$get({ param: { run: key } }));
  const run = await show();
  const json = { stage, circuits: circuits === undefined ? undefined : [...circuits] };
  const { requested } = await ok(api.runs[':run'].cancel.$post({ param: { run: run.id }, json }));
  if (!requested) return { run: await show(), requested };
  tell(run);
  await untilThere(yard, { run: run.id }, async () => {
    if (circuits !== undefined) return !(await anyOpen(yard, run.id, circuits));
    const now = await show();
    if (stage === undefined) return now.ended_at !== null;
    const found = now.stages.find(({ name }) => name.toLowerCase() === stage.toLowerCase());
    return found === undefined || found.ended_at !== null || found.status === 'pending';
  });
  return { run: await show(), requested };
}

async function anyOpen({ api }: Client, run: string, circuits: readonly string[]): Promise<boolean> {
  for (const circuit of circuits)
    for await (const job of items((cursor) => api.jobs.$get({ query: { run, circuit, cursor } })))
      if (job.ended_at === null) return true;
  return false;
}

/** Ends jobs, and waits until each has ended; as they are then. */
export async function cancelJobsThere(yard: Client, names: readonly string[]): Promise<JobView[]> {
  const { api } = yard;
  const show = (job: string): Promise<JobView> => ok(api.jobs[':job'].$get({ param: { job } }));
  const ids = [...new Set((await Promise.all(names.map(show))).map((job) => job.id))];
  await ok(api.jobs.cancel.$post({ json: { jobs: ids } }));
  for (const id of ids) {
    const job = await show(id);
    if (job.ended_at === null)
      await untilThere(yard, { run: job.run_id }, async () => (await show(id)).ended_at !== null);
  }
  return Promise.all(ids.map(show));
}

/**
 * Resolves once `over` does: asked at first, and again with everything that the server tells, of one run or of all. False:
 * `signal` was aborted before.
 */
export async function untilThere(
  yard: Client,
  { run, signal }: { readonly run?: string; readonly signal?: AbortSignal },
  over: () => Promise<boolean>,
): Promise<boolean> {
  const stop = new AbortController();
  const tellLine = lineTeller();
  const either = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
  try {
    for await (const message of yard.events({ run, signal: either })) {
      tellLine(message);
      if (message.kind !== 'lost' && (await over())) return true;
    }
    return false;
  } finally {
    stop.abort();
  }
}

export async function approvalFactsThere(yard: Client, id: string, most: number): Promise<ApprovalFacts> {
  const { api } = yard;
  const param = { approval: id };
  const approval = await ok(api.approvals[':approval'].$get({ param }));
  const { items: subjects } = await take(most, (query) =>
    ok(api.approvals[':approval'].subjects.$get({ param, query })),
  );
  if (!asksForRetry(approval.context)) return { approval, subjects, retry: null };
  const { groups } = await ok(api.runs[':run'].failures.$get({ param: { run: approval.run_id } }));
  const open = new Set<string>();
  const pending = (cursor: string | undefined) =>
    api.approvals[':approval'].subjects.$get({ param, query: { verdict: 'pending', limit: 500, cursor } });
  for await (const { subject } of items(pending)) open.add(subject);
  return { approval, subjects, retry: { groups, open } };
}
