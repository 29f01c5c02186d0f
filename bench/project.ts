import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a generated project trains with. */
export interface ProjectShape {
  readonly circuits: number;
  /** `local` unless told. */
  readonly provider?: 'local' | 'simulated';
  /** The command of every job, as it stands in the component file. */
  readonly command?: string;
  /** Ids (by position in the file) whose hyperparameters differ from those of the plain project. */
  readonly changed?: ReadonlySet<number>;
}

const scratch: string[] = [];

/** A new empty folder, there until `removeScratch`. */
export async function newScratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-bench-'));
  scratch.push(folder);
  return folder;
}

/**
 * Removes every such folder, at the very end: for up to five minutes after many files were deleted, ext4 makes new ones
 * at a fraction of its speed (it passes over inodes that were freed a moment ago), which the next suite would pay for.
 */
export async function removeScratch(): Promise<void> {
  for (const folder of scratch.splice(0)) await rm(folder, { recursive: true, force: true });
}

/** Writes a whole project: a fleet of `circuits`, one command component, settings. */
export async function writeProject(folder: string, shape: ProjectShape): Promise<void> {
  await mkdir(join(folder, 'config'), { recursive: true });
  await mkdir(join(folder, 'components', 'src'), { recursive: true });
  await writeFile(join(folder, 'trainyard.yaml'), `provider: ${shape.provider ?? 'local'}\n`);
  await writeFile(join(folder, 'components', 'src', 'train.py'), 'pass\n');
  await writeFile(join(folder, 'components', 'training-pipeline-component.yaml'), component(shape.command));
  await writeFleet(folder, shape);
}

/** Only `config/circuits.yaml`. */
export async function writeFleet(folder: string, shape: ProjectShape): Promise<void> {
  const parts = [DEFAULTS];
  for (let i = 0; i < shape.circuits; i++) parts.push(circuit(i, shape.changed?.has(i) === true));
  await writeFile(join(folder, 'config', 'circuits.yaml'), parts.join(''));
}

const DEFAULTS = `# A generated fleet.
defaults:
  training_days: 365
  features: [flow_temperature, return_temperature, pressure, outdoor_temperature]
  hyperparameters: {model: gradient_boosting, loss: squared_error, early_stopping: true}
circuits:
`;

const PLANTS = ['flottec', 'nordhafen', 'seattle', 'linz', 'graz', 'aarhus', 'turku', 'malmo'];

/** Ten lines each: about what people write, with the kinds of scalars that a hash has to tell apart. */
const circuit = (i: number, changed: boolean): string => `  - plant_id: ${PLANTS[i % PLANTS.length]}
    circuit_id: c${String(i).padStart(6, '0')}
    cutoff_date: "2026-0${1 + (i % 9)}-15"
    delta_version: ${i % 40}
    filter: [status = 1]
    hyperparameters:
      learning_rate: ${changed ? '0.31' : `0.0${1 + (i % 9)}`}
      max_depth: ${3 + (i % 8)}
      subsample: 1.0
    tags: {owner: team-${i % 12}}
`;

const component = (command: string | undefined): string => `type: command
name: bench_trainer
version: "1"
inputs:
  model: {type: string}
  loss: {type: string}
  early_stopping: {type: boolean}
  learning_rate: {type: number}
  max_depth: {type: integer}
  subsample: {type: number}
outputs:
  trained: {type: custom_model}
code: ./src
command: ${command ?? 'python3 train.py --rate ${{inputs.learning_rate}} --depth ${{inputs.max_depth}} --model ${{outputs.trained}}'}
`;
