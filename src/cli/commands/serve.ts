import type { Command } from 'commander';
import { common, port, withProject } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { note } from '../render/output.ts';

interface ServeFlags extends CommonOptions {
  readonly address?: string;
  readonly port?: number;
}

export function define(parent: Command): void {
  common(
    parent
      .command('serve')
      .description(
        'Runs everything in one process: API, web UI, open runs, schedules. Ctrl-C ends it; jobs go on.',
      )
      .option('--address <ip>', 'where to listen (default: server.address of trainyard.yaml)')
      .option('--port <n>', 'on which port (default: server.port of trainyard.yaml)', port),
    `
    trainyard serve
    trainyard serve --port 9000`,
  ).action(async (flags: ServeFlags) => {
    await withProject(flags, 'write', async (project) => {
      const { listen } = await import('../../server/index.ts');
      const { driveRuns, holdProject } = await import('../../pipelines/index.ts');
      const { pruneTicker, schedulesTicker, servedScriptRuns } = await import('../../actions/index.ts');
      await using hold = await holdProject(project.store, project.clock.now(), 'serve');
      const stop = new AbortController();
      const onSignal = (): void => stop.abort();
      process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
      const { address, port: on } = project.config.server;
      const server = await listen({ project }, { address: flags.address ?? address, port: flags.port ?? on });
      note(`Trainyard serves ${project.root} at ${server.url}`);
      try {
        const scripts = servedScriptRuns(project, hold, { show: null, say: note });
        const tickers = [schedulesTicker(project, note), scripts, pruneTicker(project, note)];
        await driveRuns(project.world, hold, stop.signal, 'aborted', {}, tickers);
        await scripts.settle(stop.signal);
      } finally {
        process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
        await server.close();
      }
    });
  });
}
