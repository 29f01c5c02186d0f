import { bindInputs } from '../../fleet/index.ts';
import { NOT_BEGUN, baseJobName, freeJobName, takenNames } from '../../jobs/index.ts';
import { toIso } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';
import type { JobsTable } from '../../store/index.ts';
import type { StageContext } from '../pipeline.ts';
import type { RunCircuit } from './circuits-of-run.ts';
import { findComponent, findEnvironment } from './run-assets.ts';
import { trainParams } from './params.ts';

/**
 * The rows of new jobs for circuits of this run's plan: names that nobody used, everything bound and frozen. `given`
 * collects the names of rows that are not written down yet.
 */
export async function jobRows(
  context: StageContext,
  circuits: readonly RunCircuit[],
  stage: string,
  nameOf: (base: string, taken: Set<string>) => string,
  given: Set<string> = new Set(),
): Promise<JobsTable[]> {
  const { world, run } = context;
  const now = context.now();
  const provider = trainParams(run).provider;
  // Names are used once: a rehearsal must not take those of the real thing.
  const prefix = run.rehearsal === 1 ? 'rehearsal_' : '';
  const bases = circuits.map((c) => `${prefix}${baseJobName(c.circuit.id, c.circuit.cutoff_date)}`);
  const taken = (await takenNames(context.db, bases)).union(given);
  const rows: JobsTable[] = [];
  for (const [i, { circuit, row, data_asset }] of circuits.entries()) {
    const component = await findComponent(
      context,
      circuit.component_version,
      trainParams(run).component.name,
    );
    const environment = await findEnvironment(context, component, circuit.environment_version);
    const base = bases[i] ?? circuit.id;
    const name = nameOf(base, taken);
    taken.add(name);
    given.add(name);
    rows.push({
      id: newId('job', now),
      name,
      base_name: base,
      run_id: run.id,
      stage,
      circuit_id: circuit.id,
      model_name: circuit.model_name,
      provider,
      optional: circuit.optional ? 1 : 0,
      retry: stage === 'RetryFailedTraining' ? 1 : 0,
      retry_of: null,
      status: 'pending',
      reason: null,
      message: null,
      attempt: 1,
      max_attempts: 1 + (component.retry?.max_retries ?? world.config.retry.max_retries),
      timeout_s: timeout(
        component.retry === null ? world.config.retry.timeout_s : component.retry.timeout_s,
        world.config.monitoring.max_wait_s,
      ),
      training_hash: row.training_hash,
      inputs_digest: row.inputs_digest,
      component: `${component.name}:${component.version}`,
      environment: environment === null ? null : `${environment.name}:${environment.version}`,
      data_version: data_asset === null ? null : `${data_asset.name}:${data_asset.version}`,
      inputs: JSON.stringify(bindInputs(component, circuit, data_asset)),
      created_at: toIso(now),
      ...NOT_BEGUN,
    });
  }
  return rows;
}

export const firstFreeName = (base: string, taken: Set<string>): string => freeJobName(base, taken);

/** An attempt never outlasts what a job may take in all. */
const timeout = (attempt_s: number | null, max_wait_s: number): number =>
  Math.min(attempt_s ?? max_wait_s, max_wait_s);
