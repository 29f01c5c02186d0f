import type { RunReport } from './run-report.ts';

/** A value that later steps of a pipeline read. */
export interface Output {
  readonly name: string;
  readonly value: string;
}

/** More jobs than this no matrix takes. */
const MOST_CIRCUITS = 256;

/**
 * The outputs of a step. The first two are spelled as existing pipelines read them. Of several runs the newest counts,
 * and what is true of one of them is true.
 */
export function runOutputs(reports: readonly RunReport[]): Output[] {
  const newest = reports.toSorted((a, b) => b.number - a.number)[0];
  const failed = [...new Set(reports.flatMap((r) => r.failures.map((f) => f.circuit)))].toSorted();
  return [
    ...trainingOutputs(
      reports.some((r) => r.has_training_failures),
      reports.some((r) => r.new_env_registered),
    ),
    { name: 'run_number', value: newest === undefined ? '' : String(newest.number) },
    { name: 'run_status', value: newest?.status ?? '' },
    { name: 'failed_count', value: String(failed.length) },
    { name: 'failed_circuits', value: JSON.stringify(failed.slice(0, MOST_CIRCUITS)) },
    {
      name: 'training_jobs',
      value: newest?.artifacts.find((a) => a.name === 'training_jobs')?.path ?? '',
    },
  ];
}

/** The two that Azure DevOps pipelines also read without the name of the step. */
export const trainingOutputs = (failures: boolean, new_environment: boolean): Output[] => [
  { name: 'hasTrainingFailures', value: String(failures) },
  { name: 'newEnvRegistered', value: String(new_environment) },
];
