import type { Command } from 'commander';
import { common, withProject } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { note, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  common(
    parent
      .command('worker')
      .description(
        'Goes on with open runs of the project and fires its schedules, until told to stop (Ctrl-C, SIGTERM).',
      )
      .option('--until-idle', 'end when every run is over or waits for people'),
    `
    trainyard worker
    trainyard worker --until-idle`,
  ).action(async (flags: CommonOptions & { untilIdle?: boolean }) => {
    await withProject(flags, 'write', async (project) => {
      const { driveRuns, holdProject, openRuns } = await import('../../pipelines/index.ts');
      const { pruneTicker, schedulesTicker, servedScriptRuns } = await import('../../actions/index.ts');
      const { showProgress } = await import('../render/progress.ts');
      const { showScripts } = await import('../render/script-progress.ts');
      await using hold = await holdProject(project.store, project.clock.now(), 'worker');
      const stop = new AbortController();
      const onSignal = (): void => stop.abort();
      process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
      const runs = await openRuns(project.store.db, 'train');
      if (flags.json !== true)
        note(
          runs.length === 0
            ? 'No open runs.'
            : `Going on with ${runs.map((r) => `run ${r.number}`).join(', ')}.`,
        );
      const scheduled = Object.values(project.settings.schedules).filter((s) => s.enabled).length;
      if (flags.json !== true && scheduled > 0)
        note(
          `${scheduled === 1 ? '1 schedule' : `${scheduled} schedules`}; see when with \`trainyard schedules\`.`,
        );
      const say = flags.json === true ? () => undefined : note;
      const scripts = servedScriptRuns(project, hold, {
        show:
          flags.json === true ? null : (own, run) => showScripts(own, run, { verbose: false, plain: true }),
        say,
      });
      const tickers = [schedulesTicker(project, say), scripts, pruneTicker(project, say)];
      const progress = runs.length > 0 && flags.json !== true ? showProgress(project, runs) : null;
      try {
        const until = flags.untilIdle === true ? 'idle' : 'aborted';
        await driveRuns(project.world, hold, stop.signal, until, {}, tickers);
        await scripts.settle(stop.signal);
      } finally {
        await progress?.stop();
        process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      }
      const { tellBuild } = await import('../telling.ts');
      if (flags.untilIdle === true) await tellBuild(project, runs, { json: flags.json === true, code: 0 });
      const left = await openRuns(project.store.db, 'train');
      if (flags.json === true)
        printJson({ open_runs: left.map((r) => ({ number: r.number, status: r.status })) });
      else
        note(
          left.length === 0
            ? 'Every run is over.'
            : `Left: ${left.map((r) => `run ${r.number} (${r.status})`).join(', ')}.`,
        );
    });
  });
}
