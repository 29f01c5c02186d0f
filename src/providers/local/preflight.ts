import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Step } from '../../assets/index.ts';
import type { PreflightProblem, Submission } from '../../jobs/compute.ts';
import { ConflictError, TrainyardError, messageOf } from '../../kernel/errors.ts';
import { secretNames } from '../../kernel/redact.ts';
import { environmentWarnings } from './environments.ts';
import { boundCommand, localPath, missingVariable, textsOf } from './job-order.ts';
import type { Env, Preparation } from './preparation.ts';
import { pathOf } from './python.ts';

type Finding = Omit<PreflightProblem, 'circuit_ids'>;

/** What would make attempts fail on this machine, each finding once with the circuits that it concerns. */
export async function preflight(
  submissions: readonly Submission[],
  preparation: Preparation,
  options: { readonly state_folder: string; readonly environment: 'ambient' | 'managed'; readonly env: Env },
): Promise<{ problems: readonly PreflightProblem[]; warnings: readonly string[] }> {
  const found = new Map<string, { finding: Finding; circuits: Set<string> }>();
  const warnings = new Set<string>();
  let env: Env;
  try {
    env = await preparation.env();
  } catch (error) {
    return { problems: [{ ...describe('compute', error), circuit_ids: [] }], warnings: [] };
  }
  const project_folder = dirname(resolve(options.state_folder));
  const looks = new Looks(preparation, env, project_folder);
  const note = (submission: Submission, findings: readonly Finding[]): void => {
    for (const finding of findings) {
      const known = found.get(finding.message) ?? { finding, circuits: new Set<string>() };
      known.circuits.add(submission.circuit_id);
      found.set(finding.message, known);
    }
  };
  const copies = new Map<string, readonly Finding[]>();
  for (const submission of submissions) {
    const { findings, remarks } = looks.at(submission);
    note(submission, findings);
    if (findings.length === 0) {
      const { digest } = submission.component;
      const known = copies.get(digest) ?? (await copyCode(submission, preparation));
      copies.set(digest, known);
      note(submission, known);
    }
    for (const remark of remarks) warnings.add(remark);
  }
  if (options.environment === 'managed') {
    for (const remark of await environmentRemarks(submissions, preparation)) warnings.add(remark);
  }
  const everyone = new Set(submissions.map((s) => s.circuit_id)).size;
  return {
    problems: [...found.values()].map(({ finding, circuits }) => ({
      ...finding,
      circuit_ids: circuits.size === everyone ? [] : [...circuits],
    })),
    warnings: [...warnings],
  };
}

/** Jobs run a copy of the code; what cannot be copied is found here, and no job waits for the copy later. */
async function copyCode(submission: Submission, preparation: Preparation): Promise<readonly Finding[]> {
  try {
    for (const { code } of preparation.steps(submission)) if (code !== null) await preparation.snapshot(code);
    return [];
  } catch (error) {
    // A full disk is no fault of the code: the copy is made again when an attempt needs it, and waits for room there.
    return error instanceof ConflictError ? [describe('files', error)] : [];
  }
}

interface Look {
  readonly findings: readonly Finding[];
  readonly remarks: readonly string[];
}

/** Looks at one submission after the other; what they share is looked at once. */
class Looks {
  readonly #preparation: Preparation;
  readonly #env: Env;
  readonly #project_folder: string;
  readonly #components = new Map<string, Look>();
  readonly #paths = new Map<string, boolean>();

  constructor(preparation: Preparation, env: Env, project_folder: string) {
    this.#preparation = preparation;
    this.#env = env;
    this.#project_folder = project_folder;
  }

  at(submission: Submission): Look {
    const findings: Finding[] = [];
    const remarks: string[] = [];
    let steps: readonly Step[];
    try {
      steps = this.#preparation.steps(submission);
    } catch (error) {
      return { findings: [describe('names', error)], remarks };
    }
    const shared = this.#component(submission, steps);
    findings.push(...shared.findings);
    remarks.push(...shared.remarks);
    for (const name of new Set(textsOf(submission, steps).flatMap(secretNames))) {
      if (this.#preparation.variables[name] === undefined)
        findings.push(describe('environment', missingVariable(name)));
    }
    for (const input of steps.flatMap((step) => Object.values(step.inputs))) {
      if (input.kind !== 'asset' || secretNames(input.path).length > 0) continue;
      const path = localPath(input.path, this.#project_folder);
      if (path === null) {
        remarks.push(`${input.path} is not on this machine; commands get the address as it is.`);
      } else if (!this.#exists(path)) {
        findings.push({
          kind: 'data',
          message: `There is no ${path}.`,
          hint: 'Check `data_path` of the circuit, or the default of the input: it counts from the project folder.',
        });
      }
    }
    return { findings, remarks };
  }

  #component(submission: Submission, steps: readonly Step[]): Look {
    const { component } = submission;
    const known = this.#components.get(component.digest);
    if (known !== undefined) return known;
    const findings: Finding[] = [];
    for (const step of steps) {
      if (step.code !== null && !this.#exists(step.code.folder)) {
        findings.push({
          kind: 'files',
          message: `The code folder ${step.code.folder} does not exist.`,
          hint: 'Correct `code:` in the component.',
        });
      }
      const program = this.#program(step, findings);
      if (program === null || this.#find(submission, step, program)) continue;
      findings.push({
        kind: 'compute',
        message: `The command ${program} of ${component.name} does not exist on this machine.`,
        hint: `Install ${program}, or correct the command in the component.`,
      });
    }
    const look: Look = {
      findings,
      remarks:
        component.cloud_only.length === 0
          ? []
          : [
              `${component.name}: ${component.cloud_only.join(', ')} mean nothing on a single machine and are ignored.`,
            ],
    };
    this.#components.set(component.digest, look);
    return look;
  }

  /** The program a step starts, whatever its values are. */
  #program(step: Step, findings: Finding[]): string | null {
    const names = (record: object): Record<string, string> =>
      Object.fromEntries(Object.keys(record).map((n) => [n, 'value']));
    try {
      return boundCommand(step, names(step.inputs), names(step.outputs)).argv[0] ?? null;
    } catch (error) {
      findings.push(describe('compute', error));
      return null;
    }
  }

  #find(submission: Submission, step: Step, program: string): boolean {
    const path = { ...this.#env, ...step.environment_variables, ...submission.environment_variables };
    // A managed environment that is not built yet brings programs of its own.
    const building = this.#preparation.environmentsOf(submission, [step]).length > 0;
    return building || this.#preparation.find(program, pathOf(path)) !== null;
  }

  #exists(path: string): boolean {
    const known = this.#paths.get(path);
    if (known !== undefined) return known;
    const exists = existsSync(path);
    this.#paths.set(path, exists);
    return exists;
  }
}

async function environmentRemarks(
  submissions: readonly Submission[],
  preparation: Preparation,
): Promise<string[]> {
  const python = await preparation.python();
  const seen = new Set<string>();
  const remarks: string[] = [];
  for (const submission of submissions) {
    const id = `${submission.component.digest} ${submission.environment?.digest ?? ''}`;
    if (seen.has(id)) continue;
    seen.add(id);
    try {
      const environments = preparation.environmentsOf(submission, preparation.steps(submission));
      remarks.push(...environments.flatMap((environment) => environmentWarnings(environment, python)));
    } catch {
      // The same error is among the problems.
    }
  }
  return remarks;
}

function describe(kind: PreflightProblem['kind'], error: unknown): Finding {
  const hint = error instanceof TrainyardError ? error.hint : undefined;
  return {
    kind,
    message: messageOf(error),
    hint: hint ?? 'Correct the component or the circuit, then plan again.',
  };
}
