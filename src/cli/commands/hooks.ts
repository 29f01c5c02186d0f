import type { Command } from 'commander';
import { common, commonAnywhere, wholeNumber } from '../options.ts';
import type { CommonOptions } from '../options.ts';

export function define(parent: Command): void {
  const hooks = parent
    .command('hooks')
    .description(
      'Lists the hooks of trainyard.yaml and who called them; tries one, or has a call that failed tried again. They are called at `trainyard serve`.',
    );
  commonAnywhere(
    hooks
      .command('list', { isDefault: true })
      .description('every hook: where it is called, by whom, and what became of the last call'),
    'trainyard hooks',
  ).action(async (flags: CommonOptions) => {
    const { listHooks } = await import('../hooking.ts');
    await listHooks(flags);
  });
  commonAnywhere(
    hooks
      .command('history')
      .argument('<name>', 'of the hook, also of one that is gone')
      .option('--limit <n>', 'how many', wholeNumber, 20)
      .option('--before <id>', 'calls older than this one')
      .description('genuine calls and what became of them, the newest first'),
    'trainyard hooks history pushed',
  ).action(async (name: string, flags: CommonOptions & { limit: number; before?: string }) => {
    const { showCalls } = await import('../hooking.ts');
    await showCalls(name, flags);
  });
  commonAnywhere(
    hooks
      .command('retry')
      .argument('<name>', 'of the hook')
      .argument('[id...]', 'of calls that failed; none: the newest of them')
      .description('have calls that failed tried again, once what was wrong is put right'),
    `
    trainyard hooks retry pushed
    trainyard hooks retry pushed dlv_06h1751x0000h6zba`,
  ).action(async (name: string, ids: string[], flags: CommonOptions) => {
    const { retryCalls } = await import('../hooking.ts');
    await retryCalls(name, ids, flags);
  });
  common(
    hooks
      .command('test')
      .argument('<name>', 'of the hook')
      .option('--url <url>', 'where it is called (default: where this project is served)')
      .description(
        'call it as its sender would, with a ping that starts nothing; ends with 8 when that is not taken',
      ),
    `
    trainyard hooks test pushed
    trainyard hooks test pushed --url https://trainyard.example.com/hooks/pushed`,
  ).action(async (name: string, flags: CommonOptions & { url?: string }) => {
    const { tryHook } = await import('../hooking.ts');
    await tryHook(name, flags);
  });
}
