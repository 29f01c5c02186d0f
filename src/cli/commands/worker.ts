import type { Command } from 'commander';
import { logFlags, logTo } from '../logging.ts';
import type { LogFlags } from '../logging.ts';
import { common, withProject } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { note, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  common(
    logFlags(
      parent
        .command('worker')
        .description(
          'Goes on with open runs of the project, fires its schedules and does what hooks were called for, until told to stop (Ctrl-C, SIGTERM).',
        )
        .option('--until-idle', 'end when every run is over or waits for people'),
      'text',
    ),
    `
    trainyard worker
    trainyard worker --until-idle
    trainyard worker --log-format json`,
  ).action(async (flags: CommonOptions & LogFlags & { untilIdle?: boolean }) => {
    await withProject(flags, 'write', async (project) => {
      const { driveRuns, holdProject, openRuns } = await import('../../pipelines/index.ts');
      const { SettingsWatch, hooksTicker, pruneTicker, schedulesTicker, servedScriptRuns, tellEvents } =
        await import('../../actions/index.ts');
      const { showProgress } = await import('../render/progress.ts');
      const { showScripts } = await import('../render/script-progress.ts');
      await using hold = await holdProject(project.store, project.clock.now(), 'worker');
      const stop = new AbortController();
      const onSignal = (): void => stop.abort();
      process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
      const runs = await openRuns(project.store.db, 'train');
      const log = flags.logFormat === 'json' ? await logTo(project, flags) : null;
      // Lines for machines, or one document at the end, instead of what people watch.
      const silent = log !== null || flags.json === true;
      const say = (line: string): void => {
        if (log !== null) log.info({}, line);
        else if (flags.json !== true) note(line);
      };
      say(
        runs.length === 0
          ? 'No open runs.'
          : `Going on with ${runs.map((r) => `run ${r.number}`).join(', ')}.`,
      );
      const scheduled = Object.values(project.settings.schedules).filter((s) => s.enabled).length;
      if (scheduled > 0)
        say(
          `${scheduled === 1 ? '1 schedule' : `${scheduled} schedules`}; see when with \`trainyard schedules\`.`,
        );
      const scripts = servedScriptRuns(project, hold, {
        show: silent ? null : (own, run) => showScripts(own, run, { verbose: false, plain: true }),
        say,
      });
      const settings = new SettingsWatch(project);
      const tickers = [
        schedulesTicker(project, say, settings),
        hooksTicker(project, settings, stop.signal, say),
        scripts,
        pruneTicker(project, say),
      ];
      const progress = runs.length > 0 && !silent ? showProgress(project, runs) : null;
      const ended = new AbortController();
      const telling = log === null ? null : tellEvents(project, log, ended.signal);
      try {
        const until = flags.untilIdle === true ? 'idle' : 'aborted';
        await driveRuns(project.world, hold, stop.signal, until, {}, tickers);
        await scripts.settle(stop.signal);
      } finally {
        ended.abort();
        await telling;
        await progress?.stop();
        process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      }
      const { tellBuild } = await import('../telling.ts');
      if (flags.untilIdle === true) await tellBuild(project, runs, { json: flags.json === true, code: 0 });
      const left = await openRuns(project.store.db, 'train');
      if (flags.json === true)
        printJson({ open_runs: left.map((r) => ({ number: r.number, status: r.status })) });
      else
        say(
          left.length === 0
            ? 'Every run is over.'
            : `Left: ${left.map((r) => `run ${r.number} (${r.status})`).join(', ')}.`,
        );
    });
  });
}
