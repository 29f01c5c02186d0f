import { once } from 'node:events';
import { SettingsWatch, tellEvents } from '../../actions/index.ts';
import type { Project } from '../../app.ts';
import { toIso } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { fleetWatch } from '../fleet-watch.ts';
import { forgetAnswers } from '../idempotency.ts';
import { listen } from '../listen.ts';
import { createLive } from '../live/live.ts';
import type { Live } from '../live/live.ts';
import { createDriving } from './driving.ts';
import { createMetrics } from './metrics.ts';

/** Requests that are under way when the process is to end have so long for their answers. */
const LAST_ANSWERS_MS = 10_000;
/** How often it is asked whether trainyard.yaml changed. */
const SETTINGS_MS = 1000;

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly log: Log;
  /** Aborted when the process is to end. */
  readonly signal: AbortSignal;
}

/**
 * Serves the API and the web UI, and advances the runs while no other process does, until it is told to end. Then nothing
 * new is taken, streams end, what is under way is answered, and the project is let go of; jobs go on.
 * @throws UsageError where it cannot listen, before anything else happened
 */
export async function serveProject(
  project: Project,
  { host, port, log, signal }: ServeOptions,
): Promise<void> {
  const started_at = toIso(project.clock.now());
  const live = createLive(project, (error) =>
    log.warn({ error }, `Event streams wait for the store: ${messageOf(error)}`),
  );
  const settings = new SettingsWatch(project);
  const driving = createDriving(project, settings, log);
  const metrics = createMetrics(project, { live, drives: () => driving.state().drives });
  const server = await listen(
    {
      project,
      process: {
        live,
        log,
        metrics,
        ending: signal,
        driving: driving.state,
        facts: () => ({
          started_at,
          drives: driving.state().drives,
          streams: live.stats().connections,
          settings_problem: settings.problem,
          restart_for: settings.restart_for,
        }),
      },
    },
    { host, port },
  );
  log.info({ pid: process.pid }, `Trainyard serves ${project.root} at ${server.url}`);
  void fleetWatch(project).prepare();
  const ended = [
    driving.run(signal),
    tellEvents(project, log, signal),
    forgetAnswers(project, log, signal),
    watchSettings(project, settings, { live, log, signal }),
  ];
  if (!signal.aborted) await once(signal, 'abort');
  log.info({}, 'Ending: requests under way are answered; jobs go on.');
  live.end();
  await Promise.all([server.close(LAST_ANSWERS_MS), ...ended]);
  log.info({}, 'Ended.');
}

/** Tells of settings that change, to the log and to pages that are open, whoever looked at the file first. */
export async function watchSettings(
  { clock }: Pick<Project, 'clock'>,
  settings: SettingsWatch,
  {
    live,
    log,
    signal,
  }: { readonly live: Pick<Live, 'changed'>; readonly log: Log; readonly signal: AbortSignal },
): Promise<void> {
  let told = settings.changes;
  while (!signal.aborted) {
    try {
      await settings.look();
      // The loop that advances the runs looks too, and may have been first.
      if (settings.changes !== told) {
        told = settings.changes;
        live.changed('system');
        tellSettings(settings, log);
      }
    } catch (error) {
      log.error({ error }, `trainyard.yaml cannot be taken up: ${messageOf(error)}`);
    }
    await clock.sleep(SETTINGS_MS, signal);
  }
}

function tellSettings({ problem, restart_for }: SettingsWatch, log: Log): void {
  if (problem !== null) log.error({}, `trainyard.yaml changed and is not used: ${problem}`);
  else if (restart_for.length === 0) log.info({}, 'trainyard.yaml holds as it is now.');
  else
    log.warn(
      { restart_for },
      `trainyard.yaml holds as it is now, but for ${restart_for.join(', ')}: that counts from the next start.`,
    );
}
