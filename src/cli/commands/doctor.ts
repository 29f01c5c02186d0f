import type { Command } from 'commander';
import { EXIT } from '../../kernel/errors.ts';
import { ExitWith } from '../exit.ts';
import { common, withProject } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly hint: string | null;
}

export function define(parent: Command): void {
  common(
    parent
      .command('doctor')
      .description(
        'Checks what is installed, what is missing and what to do about it. Ends with 8 when something is missing.',
      ),
    'trainyard doctor',
  ).action(async (flags: CommonOptions) => {
    const ok = await withProject(flags, 'read', async (project) => {
      const { diagnose } = await import('../diagnosing.ts');
      const checks: readonly Check[] = await diagnose(project);
      if (flags.json === true) printJson({ ok: checks.every((c) => c.ok), checks });
      else {
        const { paint } = await import('../render/style.ts');
        for (const c of checks) {
          print(
            `${c.ok ? paint('green', '✓ ok     ') : paint('red', '✗ missing')}  ${c.name.padEnd(18)} ${c.message}`,
          );
          if (!c.ok && c.hint !== null) print(`             ${' '.repeat(18)} ${c.hint}`);
        }
      }
      return checks.every((c) => c.ok);
    });
    if (!ok) throw new ExitWith(EXIT.provider_unavailable);
  });
}
