import { hooksTicker, pruneTicker, schedulesTicker, servedScriptRuns } from '../../actions/index.ts';
import type { SettingsWatch } from '../../actions/index.ts';
import type { Project } from '../../app.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import { currentHolder, driveRuns, holdIfFree } from '../../pipelines/index.ts';
import type { Hold } from '../../pipelines/index.ts';

/** How often it is looked whether the project is free; that is one row of a table of one row. */
const LOOK_MS = 250;
/** After trouble it is tried again, ever more seldom. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** How the runs get on, as the process that serves sees it. */
export interface Driving {
  /** Whether it advances them itself. */
  readonly drives: boolean;
  /** The kind of the process that does instead; null: this one, or none that is known yet. */
  readonly elsewhere: string | null;
  /** What keeps them from being advanced here. */
  readonly trouble: string | null;
}

/**
 * Advances the project's runs in this process whenever no other one does, until the signal is aborted. What ends the loop,
 * a full disk for example, ends nothing else: it is begun again.
 */
export function createDriving(
  project: Project,
  settings: SettingsWatch,
  log: Log,
): { readonly state: () => Driving; readonly run: (signal: AbortSignal) => Promise<void> } {
  const { clock, store } = project;
  let state: Driving = { drives: false, elsewhere: null, trouble: null };
  let told = '';

  const wait = async (signal: AbortSignal): Promise<void> => {
    const holder = await currentHolder(store);
    state = { ...state, elsewhere: holder?.kind ?? null };
    if (holder !== null && holder.id !== told) {
      told = holder.id;
      log.info(
        { holder: holder.kind, pid: holder.pid, host: holder.host },
        `\`trainyard ${holder.kind}\` (process ${holder.pid}) advances the runs; this server takes over once that has ended.`,
      );
    }
    await clock.sleep(LOOK_MS, signal);
  };

  const drive = async (hold: Hold, signal: AbortSignal): Promise<void> => {
    const say = (line: string): void => log.info({}, line);
    const scripts = servedScriptRuns(project, hold, { show: null, say });
    const tickers = [
      schedulesTicker(project, say, settings),
      hooksTicker(project, settings, signal, say),
      scripts,
      pruneTicker(project, say),
    ];
    log.info({}, 'This server advances the runs.');
    try {
      await driveRuns(project.world, hold, signal, 'aborted', {}, tickers);
    } finally {
      await scripts.settle(AbortSignal.abort());
    }
  };

  /** Returns whether it drove; what went wrong meanwhile is thrown. */
  const turn = async (signal: AbortSignal): Promise<boolean> => {
    const hold = await holdIfFree(store, clock.now(), 'serve');
    if (hold === null) return false;
    await using _held = hold;
    state = { drives: true, elsewhere: null, trouble: null };
    try {
      await drive(hold, signal);
    } finally {
      state = { ...state, drives: false };
    }
    return true;
  };

  return {
    state: () => state,
    run: async (signal) => {
      let pause_ms = FIRST_PAUSE_MS;
      while (!signal.aborted) {
        const began = clock.now();
        try {
          if (!(await turn(signal))) await wait(signal);
          if (state.trouble !== null) state = { ...state, trouble: null };
          pause_ms = FIRST_PAUSE_MS;
        } catch (error) {
          state = { ...state, trouble: messageOf(error) };
          log.error({ error }, `Runs are not advanced: ${messageOf(error)}`);
          if (clock.now() - began > LONGEST_PAUSE_MS) pause_ms = FIRST_PAUSE_MS;
          await clock.sleep(pause_ms, signal);
          pause_ms = Math.min(2 * pause_ms, LONGEST_PAUSE_MS);
        }
      }
    },
  };
}
