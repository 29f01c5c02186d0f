import type { Command } from 'commander';
import { common } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  common(
    parent
      .command('init')
      .argument('[dir]', 'folder of the new project', '.')
      .description(
        'Makes a new project with a working example: eight weather forecasters, trained on this machine with plain Python.',
      ),
    `
    trainyard init my-fleet
    cd my-fleet && trainyard run`,
  ).action(async (dir: string, flags: CommonOptions) => {
    const { relative, resolve } = await import('node:path');
    const { initProject } = await import('../initializing.ts');
    const target = resolve(flags.project ?? '.', dir);
    const files = await initProject(target);
    if (flags.json === true) {
      printJson({ project: target, files });
      return;
    }
    print(`Made ${target} with ${files.length} files.`);
    print('');
    print('Next:');
    const way = relative('.', target);
    if (way !== '') print(`  cd ${way}`);
    print('  trainyard plan      what would be trained, and why');
    print('  trainyard run       train, register and promote the eight example models');
    print('Your own circuits go into config/circuits.yaml, your training code into components/src.');
  });
}
