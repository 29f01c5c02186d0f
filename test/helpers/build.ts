/** A build that a command runs in: its variables, and what it was told. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { commandsIn, outputsIn } from '../../src/ci/test-agents.ts';
import type { Command } from '../../src/ci/test-agents.ts';
import type { TestProject } from './project.ts';
import type { Ended } from './trainyard.ts';

export const AZURE: Readonly<Record<string, string>> = { TF_BUILD: 'True' };

/** A step of GitHub Actions with files of its own. */
export class GithubStep {
  readonly env: Readonly<Record<string, string>>;
  readonly #output: string;
  readonly #summary: string;

  constructor(project: TestProject, name = 'step') {
    this.#output = project.path(`${name}-output`);
    this.#summary = project.path(`${name}-summary`);
    for (const file of [this.#output, this.#summary]) writeFileSync(file, '');
    this.env = {
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: this.#output,
      GITHUB_STEP_SUMMARY: this.#summary,
    };
  }

  get outputs(): Record<string, string> {
    return outputsIn(readFileSync(this.#output, 'utf8'));
  }

  get summary(): string {
    return existsSync(this.#summary) ? readFileSync(this.#summary, 'utf8') : '';
  }
}

/** What an agent takes for commands in all that was printed; it reads both streams. */
export const commandsOf = ({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>): Command[] => [
  ...commandsIn(stdout),
  ...commandsIn(stderr),
];

/** Variables that a step of Azure DevOps has set: those of its own name, and with `out.` those for other jobs. */
export function variablesIn(commands: readonly Command[]): Record<string, string> {
  const set = commands.filter((c) => c.name === 'task.setvariable');
  return Object.fromEntries(
    set.map(({ properties, value }) => [
      `${properties['isOutput'] === 'true' ? 'out.' : ''}${properties['variable']}`,
      value,
    ]),
  );
}
