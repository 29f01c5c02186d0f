import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadComponent } from '../../assets/index.ts';
import type { CommandSpec, Component, Environment, InputSpec, OutputSpec } from '../../assets/index.ts';
import type { Compute, Submission } from '../../jobs/compute.ts';
import { systemClock } from '../../kernel/clock.ts';
import { sha256 } from '../../kernel/digest.ts';
import type { ComputeHarness, SubmissionChanges, Work } from '../../testing/compute.conformance.ts';
import { signal } from './attempt-processes.ts';
import { LineFile, type Fact, type LedgerLine } from './facts.ts';
import { createLocalCompute, type LocalComputeOptions } from './index.ts';

/** For tests only: a project folder of its own with real processes. */
export class LocalHarness implements ComputeHarness {
  readonly slots = 2;
  readonly project: string;
  readonly state: string;
  compute: Compute;
  readonly #options: Partial<LocalComputeOptions>;
  readonly #code: CommandSpec['code'];
  /** Processes are found by run and key: harnesses that live at the same time must not share them. */
  readonly #tag = randomBytes(4).toString('hex');
  #count = 0;

  private constructor(project: string, code: CommandSpec['code'], options: Partial<LocalComputeOptions>) {
    this.project = project;
    this.state = join(project, '.trainyard');
    this.#code = code;
    this.#options = options;
    this.compute = this.open();
  }

  static async create(options: Partial<LocalComputeOptions> = {}): Promise<LocalHarness> {
    const project = realpathSync(mkdtempSync(join(tmpdir(), 'trainyard-local-')));
    mkdirSync(join(project, 'code', 'package'), { recursive: true });
    writeFileSync(join(project, 'code', 'train.py'), TRAIN);
    writeFileSync(join(project, 'code', 'package', 'helper.py'), 'print("helper")\n');
    writeFileSync(join(project, 'component.yaml'), COMPONENT);
    const component = await loadComponent(join(project, 'component.yaml'));
    return new LocalHarness(project, component.type === 'command' ? component.spec.code : null, options);
  }

  open(changes: Partial<LocalComputeOptions> = {}): Compute {
    return createLocalCompute({
      state_folder: this.state,
      max_workers: this.slots,
      environment: 'ambient',
      environments: () => null,
      env: testEnv(),
      clock: systemClock,
      grace_s: 2,
      ...this.#options,
      ...changes,
    });
  }

  submission(work: Work, changes: SubmissionChanges = {}): Submission {
    return this.command(COMMANDS[work], changes);
  }

  /** A submission of any command, with the outputs `model` and `extra`. */
  command(
    command: string,
    { note = 'a note', ...changes }: SubmissionChanges = {},
    spec: Partial<CommandSpec> = {},
    more: Partial<Submission> = {},
  ): Submission {
    const n = ++this.#count;
    const input: InputSpec = { type: 'string', optional: true, default: null, description: null };
    const output: OutputSpec = { type: 'uri_folder', description: null };
    const full: CommandSpec = {
      command,
      code: this.#code,
      environment: null,
      inputs: { note: input },
      outputs: { model: output, extra: output },
      environment_variables: {},
      ...spec,
    };
    return {
      key: `attempt-${n}`,
      run_id: `run-${this.#tag}-${n}`,
      circuit_id: `plant_${n}`,
      job_name: `plant_${n}_2026_01_01`,
      attempt: 1,
      timeout_s: null,
      environment_variables: {},
      component: componentOf(full),
      environment: null,
      inputs: { note: { kind: 'literal', value: note } },
      ...changes,
      ...more,
    };
  }

  async reopen(): Promise<void> {
    // What a launcher sees of a crash is the end of its input, and that is all that closing does.
    await this.compute.close();
    this.compute = this.open();
  }

  async ledger(run_id: string): Promise<{ key: string; started: number }[]> {
    const lines = new LineFile<LedgerLine>(join(this.state, 'jobs', run_id, 'ledger.jsonl')).readNew();
    const keys = lines.flatMap((line) => (line.e === 'accepted' ? line.submission.key : []));
    const starts = this.facts().flatMap((fact) => (fact.e === 'started' && fact.step === 0 ? fact.key : []));
    return keys.map((key) => ({ key, started: starts.filter((id) => id === `${run_id}/${key}`).length }));
  }

  journals(): string[] {
    const folder = join(this.state, 'launchers');
    return (existsSync(folder) ? readdirSync(folder) : []).map((id) => join(folder, id, 'journal.jsonl'));
  }

  /** What all launchers wrote so far. */
  facts(): Fact[] {
    return this.journals().flatMap((path) => new LineFile<Fact>(path).readNew());
  }

  async pass(): Promise<void> {
    await sleep(20);
  }

  /** Kills the launcher first, so that nobody sees how the job ends. */
  async lose(run_id: string, key: string): Promise<void> {
    const facts = this.facts();
    const started = facts.find((fact) => fact.e === 'started' && fact.key === `${run_id}/${key}`);
    for (const fact of facts) if (fact.e === 'open') process.kill(fact.pid, 'SIGKILL');
    if (started?.e === 'started') process.kill(-started.pid, 'SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compute.close();
    for (const fact of this.facts()) if (fact.e === 'started') signal(-fact.pid, 'SIGKILL');
    for (let i = 0; i < 100; i++) {
      try {
        rmSync(this.project, { recursive: true, force: true });
        return;
      } catch {
        await sleep(20); // a launcher writes its last line
      }
    }
  }
}

let resolved: NodeJS.ProcessEnv | undefined;

/** The environment of this process with the interpreter itself first: a version manager's shim costs 100 ms each time. */
export function testEnv(): NodeJS.ProcessEnv {
  if (resolved === undefined) {
    const executable = execFileSync('python3', ['-S', '-c', 'import sys; print(sys.executable)'], {
      encoding: 'utf8',
    });
    resolved = { ...process.env, PATH: [dirname(executable.trim()), process.env['PATH']].join(delimiter) };
  }
  return resolved;
}

export function componentOf(spec: CommandSpec, changes: Partial<Component> = {}): Component {
  const { inputs, outputs } = spec;
  const base = {
    name: 'train',
    version: '1',
    file: '/component.yaml',
    retry: null,
    cloud_only: [],
    content: {},
  };
  // The changes of a test keep the type of the component.
  return {
    ...base,
    digest: sha256(JSON.stringify(spec)),
    type: 'command',
    inputs,
    outputs,
    spec,
    ...changes,
  } as Component;
}

export function environmentOf(pip: readonly string[], changes: Partial<Environment> = {}): Environment {
  const conda = { dependencies: ['python=3', 'pip', { pip }] };
  const digest = sha256(JSON.stringify(conda));
  return {
    name: 'env',
    version: '1',
    digest,
    file: join(tmpdir(), 'env.yaml'),
    image: null,
    conda,
    content: {},
    ...changes,
  };
}

const COMMANDS: Readonly<Record<Work, string>> = {
  succeed: 'true ${{inputs.note}}',
  fail: 'python -S -c "import sys; sys.exit(3)"',
  run_long: 'sleep 600',
  train: 'python -S train.py ${{outputs.model}} ${{inputs.note}}',
};

const COMPONENT = `name: train
version: "1"
type: command
code: ./code
command: python train.py
environment: azureml:env:1
`;

const TRAIN = `import json, os, sys, time
time.sleep(0.05)
with open(os.path.join(sys.argv[1], "model.txt"), "w", encoding="utf-8") as f:
    f.write(sys.argv[2])
with open(os.path.join(sys.argv[1], "metrics.json"), "w") as f:
    json.dump({"mae": 2.5}, f)
print("trained")
`;
