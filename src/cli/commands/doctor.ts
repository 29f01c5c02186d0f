import type { Command } from 'commander';
import { EXIT } from '../../kernel/errors.ts';
import { ExitWith } from '../exit.ts';
import { ok } from '../../client/index.ts';
import { ask, commonAnywhere } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  commonAnywhere(
    parent
      .command('doctor')
      .description(
        'Checks what is installed, what is missing and what to do about it. Ends with 8 when something is missing.',
      ),
    'trainyard doctor',
  ).action(async (flags: CommonOptions) => {
    const told = await ask(flags, 'read', {
      here: async (project) => {
        const { diagnose } = await import('../../views/index.ts');
        return diagnose(project);
      },
      there: ({ api }) => ok(api.doctor.$get({ query: { fresh: 'true' } })),
    });
    if (flags.json === true) printJson(told);
    else {
      const { paint } = await import('../render/style.ts');
      for (const c of told.checks) {
        print(
          `${c.ok ? paint('green', '✓ ok     ') : paint('red', '✗ missing')}  ${c.name.padEnd(18)} ${c.message}`,
        );
        if (!c.ok && c.hint !== null) print(`             ${' '.repeat(18)} ${c.hint}`);
      }
    }
    if (!told.ok) throw new ExitWith(EXIT.provider_unavailable);
  });
}
