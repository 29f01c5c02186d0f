import type { Component } from '../../assets/index.ts';
import type { Submission } from '../../jobs/compute.ts';
import type { Accepted } from './attempt.ts';

/** A component of one command, with a model among its outputs unless told otherwise. */
export function testComponent(outputs: Component['outputs'] = { model: MODEL }): Component {
  return {
    type: 'command',
    name: 'train',
    version: '1',
    digest: 'd',
    file: 'train.yaml',
    inputs: {},
    outputs,
    retry: null,
    cloud_only: [],
    content: {},
    spec: { command: 'train', code: null, environment: null, inputs: {}, outputs, environment_variables: {} },
  };
}

export const MODEL = { type: 'custom_model', description: null } as const;

/** A submission of the circuit `c<n>`; equal numbers give equal keys. */
export function testSubmission(n: number, changes: Partial<Submission> = {}): Submission {
  return {
    key: `key-${n}`,
    job_name: `job_${n}`,
    run_id: 'run_1',
    circuit_id: `c${n}`,
    attempt: 1,
    timeout_s: null,
    component: testComponent(),
    environment: null,
    inputs: {},
    environment_variables: {},
    ...changes,
  };
}

/** A line of a ledger: queued 2 s, preparing 3 s, running 30 s, at ten virtual seconds per second. */
export function testAccepted(n: number, changes: Partial<Accepted> = {}): Accepted {
  return {
    kind: 'accepted',
    key: `key-${n}`,
    job_name: `job_${n}`,
    circuit_id: `c${n}`,
    attempt: 1,
    at: 1_000_000,
    speed: 10,
    slots: null,
    queue_s: 2,
    prepare_s: 3,
    run_s: 30,
    failure: null,
    draw: n,
    outputs: { model: 'custom_model' },
    ...changes,
  };
}
