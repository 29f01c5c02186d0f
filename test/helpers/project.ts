/** A small project in a folder of its own, and what its state says: files, rows, processes. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '../../src/store/index.ts';
import type { Store } from '../../src/store/index.ts';
import { Running, trainyard } from './trainyard.ts';
import type { Ended, StartOptions } from './trainyard.ts';

export interface ProjectOptions {
  /** Ids `<plant>_<circuit>` without `_` in the plant. */
  readonly circuits?: readonly string[];
  readonly provider?: 'simulated' | 'local';
  /** More lines for trainyard.yaml. */
  readonly settings?: string;
  /** Python that trains; it has the names `root` (of the project), `data`, `out`, `circuit`, `lr` and `write_model()`. */
  readonly train?: string;
  /** `max_retries` of the component. */
  readonly max_retries?: number;
  readonly environment?: boolean;
}

export const EIGHT = [
  'kiln_1',
  'kiln_2',
  'kiln_3',
  'kiln_4',
  'mill_1',
  'mill_2',
  'mill_3',
  'mill_4',
] as const;

/** Trains well in no time. */
export const TRAINS = `write_model()`;
/** Waits until the test writes a file `go` into the project folder. */
export const TRAINS_WHEN_LET = `
while not os.path.exists(os.path.join(root, 'go')):
    time.sleep(0.02)
write_model()`;

type More = Omit<StartOptions, 'cwd'>;

export class TestProject {
  readonly folder: string;
  /** What goes away with it. */
  readonly #base: string;

  private constructor(base: string, name = '') {
    this.#base = base;
    this.folder = join(base, name);
    mkdirSync(this.folder, { recursive: true });
  }

  static create(options: ProjectOptions = {}): TestProject {
    const project = new TestProject(realpathSync(mkdtempSync(join(tmpdir(), 'trainyard-test-'))));
    const {
      circuits = EIGHT,
      provider = 'simulated',
      settings = '',
      train = TRAINS,
      max_retries = 0,
      environment = true,
    } = options;
    project.write('config/circuits.yaml', fleetFile(circuits));
    project.write('components/training-pipeline-component.yaml', componentFile(max_retries, environment));
    project.write('components/src/train.py', trainer(train));
    if (environment) project.write('components/environments/tiny.yaml', ENVIRONMENT);
    project.write('data/readings.csv', 'day,value\n2026-01-01,1\n2026-01-02,2\n');
    project.write(
      'trainyard.yaml',
      `provider: ${provider}\nproviders:\n  local: {max_workers: 2}\n  simulated: {speed: 100000}\n${settings}`,
    );
    return project;
  }

  /** An empty folder, called so where somebody looks at its name. */
  static empty(name?: string): TestProject {
    return new TestProject(realpathSync(mkdtempSync(join(tmpdir(), 'trainyard-test-'))), name);
  }

  get state(): string {
    return join(this.folder, '.trainyard');
  }

  path(relative: string): string {
    return join(this.folder, relative);
  }

  has(relative: string): boolean {
    return existsSync(this.path(relative));
  }

  read(relative: string): string {
    return readFileSync(this.path(relative), 'utf8');
  }

  /** Names in a folder, sorted. */
  list(relative: string): string[] {
    return readdirSync(this.path(relative)).toSorted();
  }

  write(relative: string, text: string): void {
    mkdirSync(dirname(this.path(relative)), { recursive: true });
    writeFileSync(this.path(relative), text);
  }

  remove(relative: string): void {
    rmSync(this.path(relative));
  }

  edit(relative: string, from: string, to: string): void {
    const before = this.read(relative);
    if (!before.includes(from)) throw new Error(`${relative} has no ${from}`);
    this.write(relative, before.replace(from, to));
  }

  /** Gives one circuit a hyperparameter of its own, under the same version of everything else. */
  change(circuit: string, lr: number): void {
    const before = this.read('config/circuits.yaml');
    const [plant = '', name = ''] = circuit.split('_');
    const line = new RegExp(`^  - \\{plant_id: ${plant}, circuit_id: ${name}.*$`, 'm');
    if (!line.test(before)) throw new Error(`no circuit ${circuit}`);
    this.write(
      'config/circuits.yaml',
      before.replace(line, `  - {plant_id: ${plant}, circuit_id: ${name}, hyperparameters: {lr: ${lr}}}`),
    );
  }

  start(args: readonly string[], options: More = {}): Running {
    return new Running(args, { cwd: this.folder, ...options });
  }

  /** Any outcome. */
  async trainyard(args: readonly string[], options: More = {}): Promise<Ended> {
    return trainyard(args, { cwd: this.folder, ...options });
  }

  /** Must end with `code`. */
  async ends(code: number, args: readonly string[], options: More = {}): Promise<Ended> {
    const ended = await this.trainyard(args, options);
    if (ended.code !== code) {
      throw new Error(
        `trainyard ${args.join(' ')} ended with ${ended.code ?? ended.signal} instead of ${code}\n${ended.stderr}${ended.stdout}`,
      );
    }
    return ended;
  }

  /** Must succeed. */
  ok(args: readonly string[], options: More = {}): Promise<Ended> {
    return this.ends(0, args, options);
  }

  /** Trains everything there is to train, and approves it. */
  async trained(...more: readonly string[]): Promise<this> {
    await this.ok(['run', '--approve', 'all', ...more]);
    return this;
  }

  git(...args: readonly string[]): string {
    const who = [
      '-c',
      'user.name=Tester',
      '-c',
      'user.email=tester@example.com',
      '-c',
      'commit.gpgsign=false',
      '-c',
      'init.defaultBranch=main',
    ];
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.folder,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
    };
    return execFileSync('git', [...who, ...args], {
      cwd: this.folder,
      env,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  }

  /** Commits all files; the first time makes the repository. */
  commit(message: string): string {
    if (!this.has('.git')) this.git('init', '-q');
    this.git('add', '-A');
    this.git('commit', '-q', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  /** Looks into the store, reading only. */
  async rows<T>(look: (store: Store) => Promise<T>): Promise<T> {
    const store = await openStore(this.state, { read_only: true });
    try {
      return await look(store);
    } finally {
      await store.close();
    }
  }

  /** Ids of processes that work in or for this folder, whoever started them. */
  processes(): number[] {
    return processesFor(this.folder);
  }

  /** Resolves once no process works for this folder; returns those that still do after `wait_ms`. */
  async settled(wait_ms = 30_000): Promise<number[]> {
    for (const end = Date.now() + wait_ms; Date.now() < end; await sleep(20))
      if (this.processes().length === 0) return [];
    return this.processes();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let i = 0; i < 50; i++) {
      for (const pid of this.processes()) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It ended by itself.
        }
      }
      try {
        rmSync(this.#base, { recursive: true, force: true });
        return;
      } catch {
        await sleep(20); // somebody writes a last line
      }
    }
  }
}

/** By folder, command line and environment, which are what a process started for a project shows of it. */
function processesFor(folder: string): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return false;
        if (`${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`)) return true;
        return [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].some((file) =>
          readFileSync(file, 'latin1').includes(folder),
        );
      } catch {
        return false;
      }
    });
}

export function fleetFile(circuits: readonly string[]): string {
  const lines = circuits.map((id) => `  - {plant_id: ${id.split('_')[0]}, circuit_id: ${id.split('_')[1]}}`);
  return `defaults:
  data_path: data/readings.csv
  cutoff_date: 2026-03-31
  training_days: 30
  hyperparameters: {lr: 0.1}
circuits:
${lines.join('\n')}
`;
}

const componentFile = (max_retries: number, environment: boolean): string => `type: command
name: trainer
version: "1"
inputs:
  data: {type: uri_file}
  circuit: {type: string}
  lr: {type: number, default: 0.5}
outputs:
  model: {type: custom_model}
code: ./src
${environment ? 'environment: azureml:tiny:1\n' : ''}command: python3 -S train.py \${{inputs.data}} \${{outputs.model}} \${{inputs.circuit}} \${{inputs.lr}}
retry: {max_retries: ${max_retries}, timeout: 600}
`;

const ENVIRONMENT = `name: tiny
version: "1"
image: python:3.11
conda_file: {name: tiny, dependencies: [python=3.11]}
`;

const trainer = (body: string): string => `import json, os, sys, time
data, out, circuit, lr = sys.argv[1:5]
root = data.split('/.trainyard/')[0]
def write_model():
    with open(os.path.join(out, 'model.json'), 'w') as f:
        json.dump({'circuit': circuit, 'lr': lr}, f)
    with open(os.path.join(out, 'metrics.json'), 'w') as f:
        json.dump({'mae': 1.5}, f)
print('training ' + circuit, flush=True)
${body}
`;
