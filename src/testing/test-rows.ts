/** Rows for tests of single rooms, as the pipeline would write them. */
import type { Actor } from '../kernel/actor.ts';
import { toIso } from '../kernel/clock.ts';
import type { JobsTable, RunsTable, Store } from '../store/index.ts';

/** A person who types on a command line. */
export const person = (name: string): Actor => ({ name, identity: 'claimed' });

export function runRow(more: Partial<RunsTable> = {}): RunsTable {
  return {
    id: 'run_1',
    number: 1,
    pipeline: 'train',
    pipeline_version: 1,
    status: 'running',
    reason: null,
    parent_run_id: null,
    subject: null,
    requested_by: 'tester',
    requested_identity: 'claimed',
    pr: 0,
    rehearsal: 0,
    plan_id: null,
    git_commit: null,
    git_branch: null,
    params: '{}',
    created_at: '2026-01-01T00:00:00.000Z',
    started_at: null,
    ended_at: null,
    cancel_requested_at: null,
    partial_accepted_by: null,
    due_at: null,
    lease_token: null,
    lease_owner: null,
    lease_expires_at: null,
    failed_advances: 0,
    last_error: null,
    ...more,
  };
}

export function jobRow(name: string, more: Partial<JobsTable> = {}): JobsTable {
  return {
    id: `job_${name}`,
    name,
    base_name: name,
    run_id: 'run_1',
    stage: 'SubmitTraining',
    circuit_id: name,
    model_name: name,
    provider: 'scripted',
    optional: 0,
    retry: 0,
    retry_of: null,
    status: 'pending',
    reason: null,
    message: null,
    attempt: 1,
    max_attempts: 1,
    timeout_s: null,
    training_hash: 'aaaaaaaaaaaa',
    inputs_digest: 'bbbbbbbbbbbb',
    component: 'trainer:1',
    environment: null,
    data_version: null,
    inputs: '{}',
    created_at: '2026-01-01T00:00:00.000Z',
    submitted_at: null,
    running_at: null,
    ended_at: null,
    queued_s: null,
    preparing_s: null,
    running_s: null,
    cpu_s: null,
    peak_memory_mib: null,
    exit_code: null,
    metrics: null,
    url: null,
    cancel_requested_at: null,
    not_before: null,
    failure: null,
    ...more,
  };
}

export async function addRun(store: Store, more: Partial<RunsTable> = {}): Promise<RunsTable> {
  const row = runRow(more);
  await store.db.insertInto('runs').values(row).execute();
  return row;
}

/** A version in the dev registry, made when `at` says, for a circuit whose model bears its name. */
export async function addModel(
  store: Store,
  model: {
    readonly circuit_id: string;
    readonly version?: number;
    readonly training_hash?: string;
    readonly inputs_digest?: string;
    readonly settings?: string;
    readonly pr?: boolean;
    readonly withdrawn?: boolean;
    readonly at?: number;
  },
): Promise<void> {
  const {
    circuit_id,
    version = 1,
    training_hash = 'aaaaaaaaaaaa',
    inputs_digest = '',
    settings = '{}',
    pr = false,
    withdrawn = false,
    at = version,
  } = model;
  await store.db
    .insertInto('model_versions')
    .values({
      registry: 'dev',
      model_name: circuit_id,
      version,
      circuit_id,
      pr: pr ? 1 : 0,
      digest: 'd'.repeat(64),
      files: '[]',
      tags: '{}',
      metrics: '{}',
      settings,
      job_id: `job_${circuit_id}_${version}`,
      job_name: `${circuit_id}_${version}`,
      run_id: 'run_0',
      training_hash,
      inputs_digest,
      created_at: toIso(Date.UTC(2026, 0, 1) + at * 1000),
      withdrawn_at: withdrawn ? toIso(Date.UTC(2026, 0, 2)) : null,
      withdrawn_by: withdrawn ? 'ann' : null,
      withdrawn_reason: withdrawn ? 'drifts' : null,
    })
    .execute();
}
