import type { Project } from '../app.ts';
import { fastForward, fetchUpstream } from '../fleet/index.ts';
import { openRunOfHook, waitingDeliveries, waitingHooks } from '../hooks/index.ts';
import type { WaitingDelivery } from '../hooks/index.ts';
import type { Ticker } from '../pipelines/index.ts';
import { failHook, fireHook } from './fire-hook.ts';
import { whyOf } from './prepare-triggered.ts';
import type { SettingsWatch } from './settings-watch.ts';

/** How often it is looked whether git has answered. */
const LOOK_MS = 200;
/** How often it is looked whether a hook that is not known here has come to be. */
const STRANGE_MS = 10_000;

/** git asks elsewhere what is new, for the calls that waited when it began. */
interface Fetch {
  readonly calls: ReadonlyMap<string, readonly WaitingDelivery[]>;
  /** Undefined: it is still asking; null: it worked; else why it did not. */
  failed: string | null | undefined;
}

/**
 * Starts what waiting calls of the project's hooks are for. While a run that a hook started is open its next calls wait, and
 * then go together: ten pushes during a training are one more training, not ten, and none is lost.
 * @param signal aborted when the process is to end
 */
export function hooksTicker(
  project: Project,
  settings: SettingsWatch,
  signal: AbortSignal,
  say: (line: string) => void = () => undefined,
): Ticker {
  const { store, root } = project;
  let fetch: Fetch | null = null;
  const told = new Set<string>();

  const hookOf = (name: string) => {
    const { hooks } = project.settings;
    const hook = Object.hasOwn(hooks, name) ? hooks[name] : undefined;
    return hook?.enabled === true ? hook : null;
  };

  /** This process may know less than the one that took the call: a file that cannot be used, or counts after a restart. */
  const mayKnowLess = (): boolean => settings.problem !== null || settings.restart_for.includes('hooks');

  /** Hooks that have something to do now, and whether others wait for settings that this process does not have. */
  const look = async (): Promise<{ readonly ready: string[]; readonly strange: boolean }> => {
    const ready: string[] = [];
    let strange = false;
    for (const name of await waitingHooks(store.db)) {
      const hook = hookOf(name);
      if (hook === null && mayKnowLess()) {
        strange = true;
        tellStrange(name);
      } else if (hook?.pull === true && fetch !== null && fetch.failed === undefined) continue;
      else if ((await openRunOfHook(store.db, name)) === null) ready.push(name);
    }
    return { ready, strange };
  };

  const tellStrange = (name: string): void => {
    if (told.has(name)) return;
    told.add(name);
    say(`Hook ${name} was called and is not known here: start this process again.`);
  };

  const begin = async (names: readonly string[]): Promise<void> => {
    const calls = new Map<string, readonly WaitingDelivery[]>();
    for (const name of names)
      if (hookOf(name)?.pull === true) calls.set(name, await waitingDeliveries(store.db, name));
    const begun: Fetch = { calls, failed: undefined };
    fetch = begun;
    void fetchUpstream(root, signal).then(
      () => (begun.failed = null),
      (error: unknown) => (begun.failed = whyOf(error)),
    );
  };

  /** Brings the checkout to what was fetched. Null: it is; else why it is not. */
  const forward = async (): Promise<string | null> => {
    try {
      // Here and not beside it: nobody of this loop reads the files meanwhile.
      await fastForward(root, signal);
    } catch (error) {
      return whyOf(error);
    }
    await settings.lookNow();
    return settings.problem === null
      ? null
      : `trainyard.yaml as it was pulled cannot be used: ${settings.problem}`;
  };

  const finish = async ({ calls, failed }: Fetch): Promise<void> => {
    const problem = failed === null ? await forward() : (failed ?? null);
    // Calls that could not be made ready because the process ends wait for the next one.
    if (problem !== null && signal.aborted) return;
    for (const [name, deliveries] of calls) {
      const hook = hookOf(name);
      if (problem !== null) await tell(name, failHook(project, name, deliveries, problem));
      else if (hook !== null) await tell(name, fireHook(project, name, hook, deliveries));
    }
  };

  /** For a hook that needs no checkout of its own: right away. */
  const turn = async (name: string): Promise<void> => {
    const deliveries = await waitingDeliveries(store.db, name);
    let hook = hookOf(name);
    if (hook === null) {
      await settings.lookNow();
      hook = hookOf(name);
      if (hook === null && mayKnowLess()) return;
    }
    await tell(
      name,
      hook === null
        ? failHook(project, name, deliveries, 'it is gone from trainyard.yaml, or not enabled')
        : fireHook(project, name, hook, deliveries),
    );
  };

  const tell = async (name: string, work: ReturnType<typeof fireHook>): Promise<void> => {
    const decided = await work;
    if (decided !== null) say(`Hook ${name} ${decided.outcome}: ${decided.message}`);
  };

  return {
    name: 'hooks',
    next: async () => {
      const now = project.clock.now();
      const { ready, strange } = await look();
      if (ready.length > 0 || (fetch !== null && fetch.failed !== undefined)) return now;
      if (fetch !== null) return now + LOOK_MS;
      return strange ? now + STRANGE_MS : null;
    },
    tick: async () => {
      if (fetch !== null && fetch.failed !== undefined) {
        const done = fetch;
        fetch = null;
        await finish(done);
      }
      const { ready } = await look();
      const pulling = ready.filter((name) => hookOf(name)?.pull === true);
      for (const name of ready) if (!pulling.includes(name)) await turn(name);
      if (pulling.length > 0 && fetch === null) await begin(pulling);
    },
    busy: () => fetch !== null,
  };
}
