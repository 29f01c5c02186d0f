import type { Command } from 'commander';
import { logFlags } from '../logging.ts';
import type { LogFlags } from '../logging.ts';
import { common, port, withProject } from '../options.ts';
import type { CommonOptions } from '../options.ts';

interface ServeFlags extends CommonOptions, LogFlags {
  readonly host?: string;
  readonly port?: number;
}

export function define(parent: Command): void {
  common(
    logFlags(
      parent
        .command('serve')
        .description(
          'Runs everything in one process: API, web UI, open runs, schedules. Ctrl-C ends it; jobs go on.',
        )
        .option('--host <ip>', 'where to listen (default: server.host of trainyard.yaml)')
        .option('--port <n>', 'on which port (default: server.port of trainyard.yaml)', port),
      'text on a terminal, else json',
    ),
    `
    trainyard serve
    trainyard serve --port 9000
    trainyard serve --log-format json --log-level debug`,
  ).action(async (flags: ServeFlags) => {
    await withProject(flags, 'serve', async (project) => {
      const { serveProject } = await import('../../server/index.ts');
      const { logTo } = await import('../logging.ts');
      const stop = new AbortController();
      const onSignal = (signal: NodeJS.Signals): void => {
        // Whoever asks twice does not want to wait.
        if (stop.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
        stop.abort();
      };
      process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
      const { host, port: on } = project.config.server;
      try {
        await serveProject(project, {
          host: flags.host ?? host,
          port: flags.port ?? on,
          log: await logTo(project, flags),
          signal: stop.signal,
        });
      } finally {
        process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      }
    });
  });
}
