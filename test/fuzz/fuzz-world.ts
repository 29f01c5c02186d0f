/** An API over a small fleet that has seen something: a failure that waits for its retry, models, old runs. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { rolesWithin } from '../../src/kernel/roles.ts';
import type { Role } from '../../src/kernel/roles.ts';
import type { ApiEnv } from '../../src/server/api.ts';
import { createApp } from '../../src/server/app.ts';
import { tokenHeaders } from '../../src/testing/test-callers.ts';
import { fleetOf, testWorld } from '../../src/testing/test-world.ts';
import type { TestWorld } from '../../src/testing/test-world.ts';
import { operationsOf } from './document.ts';
import type { ApiDocument, Operation } from './document.ts';
import type { Known } from './requests.ts';
import type { Schemas } from './values.ts';

export interface FuzzWorld {
  readonly world: TestWorld;
  readonly app: OpenAPIHono<ApiEnv>;
  readonly operations: readonly Operation[];
  readonly schemas: Schemas;
  readonly known: Known;
  readonly callers: readonly Caller[];
}

/** Somebody with a token. */
export interface Caller {
  readonly role: Role;
  /** All that the role comes to. */
  readonly roles: readonly Role[];
  readonly headers: Readonly<Record<string, string>>;
}

const SCRIPT = `import argparse
p = argparse.ArgumentParser()
p.add_argument("--epochs"); p.add_argument("--output-dir")
`;

export async function fuzzWorld(): Promise<FuzzWorld> {
  const world = await testWorld({
    environment: null,
    circuits: fleetOf(4),
    fail: ['p_c001'],
    settings: 'schedules:\n  nightly: {cron: "0 3 * * *", run: {circuits: ["p_*"]}}\n',
  });
  await world.write('training/train_als.py', SCRIPT);
  await world.write('training/train_nan.py', 'print(1)\n');
  await world.run({ circuits: ['p_c000'] });
  await world.run({ approve: ['all'] });
  await world.run({ include_failed: true });
  const app = createApp({ project: world.project });
  // The first look at a fleet starts a thread; the requests that are timed find it there.
  await app.request('/api/v1/circuits/board');
  const started = await app.request('/api/v1/scripts/run', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ only: ['als'], sweep: { epochs: [1, 2] } }),
  });
  if (started.status !== 202) throw new Error(await started.text());
  const document = (await (await app.request('/api/openapi.json')).json()) as ApiDocument;
  return {
    world,
    app,
    operations: operationsOf(document),
    schemas: document.components?.schemas ?? {},
    known: await knownIn(world),
    callers: await Promise.all(
      (['viewer', 'operator', 'admin'] as const).map(async (role) => ({
        role,
        roles: rolesWithin([role]),
        headers: await tokenHeaders(world.project, { name: role, roles: [role] }),
      })),
    ),
  };
}

async function knownIn({ project: { store } }: TestWorld): Promise<Known> {
  const { db } = store;
  const runs = await db.selectFrom('runs').select(['number', 'id']).execute();
  const jobs = await db.selectFrom('jobs').select(['name', 'id']).execute();
  const approvals = await db.selectFrom('approvals').select('id').execute();
  const versions = await db.selectFrom('model_versions').select(['model_name', 'version']).execute();
  return {
    runs: runs.flatMap((run) => [String(run.number), run.id]),
    jobs: jobs.flatMap((job) => [job.name, job.id]),
    circuits: ['p_c000', 'p_c001', 'p_c002', 'p_c003'],
    approvals: approvals.map((each) => each.id),
    models: [...new Set(versions.map((each) => each.model_name))],
    versions: [...new Set(versions.map((each) => String(each.version)))],
    schedules: ['nightly'],
    only: ['train_als', 'nan'],
    sort: ['position', '-metrics.mae', 'id', '-owed_since'],
    artifacts: ['failed_jobs', 'training_jobs.json'],
    gate: ['training-retry', 'registry-promotion'],
    stage: ['SubmitTraining', 'PromoteModels'],
  };
}
