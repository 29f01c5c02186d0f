/** The composition root: the only file that knows every room and every provider. */
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { environmentOf, findAsset, inEarnest } from './assets/index.ts';
import type { Environment } from './assets/index.ts';
import { loadProjectConfig, secretVariables } from './config/index.ts';
import type { ProjectConfig } from './config/index.ts';
import { gitIdentity } from './fleet/index.ts';
import type { Actor } from './gates/index.ts';
import type { Compute } from './jobs/index.ts';
import { systemClock } from './kernel/clock.ts';
import type { Clock } from './kernel/clock.ts';
import { NotFoundError, UsageError } from './kernel/errors.ts';
import { didYouMean } from './kernel/suggest.ts';
import type { Leftover, Notifier, NotifierOptions } from './notify/index.ts';
import { parseReference, removedLogs, simulationOf } from './pipelines/index.ts';
import type { World } from './pipelines/index.ts';
import { embeddedRegistry } from './registry/index.ts';
import { memoryStore, openStore, storeExists } from './store/index.ts';
import type { Store } from './store/index.ts';
import { faultPoints, rememberBefore } from './testing/fault-points.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Changes to a project's settings that flags make for one command. */
export interface Overrides {
  readonly provider?: string | undefined;
  readonly max_workers?: number | undefined;
  /** GPUs that jobs may be given. */
  readonly gpus?: readonly string[] | undefined;
  readonly fail?: readonly string[] | undefined;
  readonly fail_rate?: number | undefined;
  readonly duration_s?: number | undefined;
  readonly speed?: number | undefined;
}

export interface Project {
  /** Absolute. */
  readonly root: string;
  /** trainyard.yaml with this command's flags put over it. */
  readonly config: ProjectConfig;
  /** trainyard.yaml alone. */
  readonly settings: ProjectConfig;
  readonly store: Store;
  /** False where nothing was ever run: the store is an empty one in memory. */
  readonly has_state: boolean;
  readonly clock: Clock;
  readonly env: Env;
  readonly world: World;
  /** What messages about this project are made and sent with. */
  readonly messaging: NotifierOptions;
  /**
   * Works with other settings from now on: `config`, `settings`, `world.config` and `messaging` are those. Where the store
   * cannot take what channels need, it throws and everything stays as it was.
   */
  takeUp(settings: ProjectConfig): Promise<void>;
  /** Who acts, as claimed on this machine. */
  actor(): Promise<Actor>;
  /**
   * Ends what went on beside the loop: sends the messages that can be sent within seconds, and returns what is left.
   * Null where nothing went on.
   */
  endBackground(): Promise<Leftover | null>;
  /** Has messages to these channels that wait for their next try sent now, by whichever process sends to them. */
  hurryMessages(channels: readonly string[]): Promise<void>;
  /** The same project on the same store, with other flags: a world of its own, to be closed before this one. */
  beside(overrides: Overrides): Project;
  close(): Promise<void>;
}

/**
 * Opens a project: the folder given, else the nearest one above the current folder that looks like one.
 * `read` never writes, and works where no state exists yet; `serve` writes, and reads for others meanwhile.
 */
export async function openProject(options: {
  readonly folder?: string | undefined;
  readonly mode: 'read' | 'write' | 'serve';
  readonly env?: Env;
  readonly clock?: Clock;
  readonly overrides?: Overrides;
}): Promise<Project> {
  const env = options.env ?? process.env;
  const clock = options.clock ?? systemClock;
  const root = findRoot(options.folder);
  const settings = await loadProjectConfig(root, env);
  const folder = join(root, '.trainyard');
  const hasState = storeExists(folder);
  const store =
    options.mode !== 'read'
      ? withMemory(
          await openStore(folder, { serving: options.mode === 'serve' }),
          rememberBefore(env['TRAINYARD_FAULT'], folder),
        )
      : hasState
        ? await openStore(folder, { read_only: true })
        : memoryStore(folder);
  const held: Held = { settings, withheld: secretVariables(settings) };
  const base = { root, store, has_state: hasState, clock, env };
  const background = options.mode !== 'read' ? await sendMessages(messagingOf(base, held.settings)) : null;
  return assemble(base, held, options.overrides ?? {}, background, () => store.close());
}

/** The settings as they were last taken up. */
interface Held {
  settings: ProjectConfig;
  /** Variables with keys of channels and of sign-in, as they were named at first: training has no business with them. */
  readonly withheld: readonly string[];
}

const messagingOf = (
  { root, store, clock, env }: Pick<Project, 'root' | 'store' | 'clock' | 'env'>,
  settings: ProjectConfig,
): NotifierOptions => ({ store, settings: settings.notifications, clock, env, project: basename(root) });

/** A world over a store, as flags want it. `closeStore`: for whoever opened it. */
function assemble(
  base: Pick<Project, 'root' | 'store' | 'has_state' | 'clock' | 'env'>,
  held: Held,
  overrides: Overrides,
  background: Background | null,
  closeStore: () => Promise<void>,
): Project {
  const { root, store, clock, env } = base;
  const { folder } = store;
  let known_as = held.settings;
  let known_config = applyOverrides(known_as, overrides);
  const config = (): ProjectConfig => {
    if (known_as !== held.settings) {
      known_as = held.settings;
      known_config = applyOverrides(known_as, overrides);
    }
    return known_config;
  };
  const gpus = overrides.gpus ?? [];
  const computes = new Map<string, Promise<Compute>>();
  const environments = new Map<string, Environment>();
  const removed = (run_id: string): Promise<Error | null> => removedLogs(store.db, run_id);
  const compute = async (name: string): Promise<Compute> => {
    await refreshEnvironments(store, environments);
    let known = computes.get(name);
    if (known === undefined)
      computes.set(
        name,
        (known = createCompute(name, {
          config: config(),
          withheld: held.withheld,
          gpus,
          store,
          folder,
          env,
          clock,
          environments,
          removed,
        })),
      );
    return known;
  };
  const world: World = {
    store,
    ...(background === null ? {} : { background: background.begin }),
    clock,
    get config() {
      return config();
    },
    project: root,
    compute,
    registries: {
      dev: embeddedRegistry({ store, registry: 'dev', clock }),
      shared: embeddedRegistry({ store, registry: 'shared', clock }),
    },
    rehearsal_registries: {
      dev: embeddedRegistry({ store, registry: 'rehearsal-dev', clock }),
      shared: embeddedRegistry({ store, registry: 'rehearsal-shared', clock }),
    },
    faultPoint: faultPoints(env['TRAINYARD_FAULT']),
  };
  return {
    ...base,
    get config() {
      return config();
    },
    get settings() {
      return held.settings;
    },
    get messaging() {
      return messagingOf(base, held.settings);
    },
    world,
    takeUp: async (settings) => {
      // What can fail comes first: then nothing has changed.
      if (!isDeepStrictEqual(held.settings.notifications, settings.notifications))
        await background?.renew(messagingOf(base, settings));
      held.settings = settings;
    },
    actor: async () => ({ name: await gitIdentity(root, loginName(env)), identity: 'claimed' }),
    endBackground: async () => (await background?.end()) ?? null,
    hurryMessages: async (channels) => {
      const { hurry } = await import('./notify/index.ts');
      await hurry(store.db, clock.now(), channels, 'all');
      background?.rouse(channels);
    },
    beside: (more) => assemble(base, held, more, null, async () => undefined),
    close: async () => {
      await background?.end();
      for (const known of computes.values()) await known.then((c) => c.close());
      await closeStore();
    },
  };
}

/** For crash tests: something happens before each transaction. */
const withMemory = (store: Store, before: (() => void) | null): Store =>
  before === null
    ? store
    : {
        ...store,
        tx: (work) => {
          before();
          return store.tx(work);
        },
      };

/** The longest that a command which is done waits for channels; what is left is sent by the next one. */
const LAST_MESSAGES_MS = 3000;

/** What goes on beside the loop; `end` is for whoever began it. */
interface Background {
  readonly begin: () => void;
  /** Goes on with other settings; with those before where it throws. */
  readonly renew: (messaging: NotifierOptions) => Promise<void>;
  readonly end: () => Promise<Leftover | null>;
  readonly rouse: (channels: readonly string[]) => void;
}

interface Sending {
  readonly notifier: Notifier;
  readonly stop: AbortController;
  readonly running: Promise<void> | null;
}

/** Messages about runs, sent beside the loop. Where no channel is configured nothing of it is even loaded. */
async function sendMessages(messaging: NotifierOptions): Promise<Background> {
  let begun = false;
  let ended: Promise<Leftover | null> | null = null;
  const prepare = async (now: NotifierOptions): Promise<Sending | null> => {
    if (Object.keys(now.settings.channels).length === 0) return null;
    const { createNotifier } = await import('./notify/index.ts');
    const notifier = createNotifier(now);
    // Before this command does anything: a channel that is new is told all of it.
    await notifier.begin();
    return { notifier, stop: new AbortController(), running: null };
  };
  const run = (sending: Sending | null): Sending | null =>
    sending?.running === null ? { ...sending, running: sending.notifier.run(sending.stop.signal) } : sending;
  const finish = async (sending: Sending | null): Promise<Leftover | null> => {
    if (sending === null || sending.running === null) return null;
    sending.stop.abort();
    await sending.running;
    await sending.notifier.flush(LAST_MESSAGES_MS);
    // A store that fails has its own way of being told of.
    return sending.notifier.leftover().catch(() => null);
  };
  let current = await prepare(messaging);
  let renewing: Promise<void> = Promise.resolve();
  return {
    begin: () => {
      begun = true;
      current = run(current);
    },
    renew: (next) => {
      const renewed = renewing.then(async () => {
        // The one before sends until the next one has its place in the event log, which a full store does not give.
        const prepared = await prepare(next);
        const before = current;
        current = null;
        await finish(before);
        if (ended === null) current = begun ? run(prepared) : prepared;
      });
      renewing = renewed.catch(() => undefined);
      return renewed;
    },
    end: () => (ended ??= renewing.then(() => finish(current))),
    rouse: (channels) => current?.notifier.rouse(channels),
  };
}

/** Providers by name, each loaded only when a run needs it. */
const PROVIDERS: Readonly<Record<string, (setup: Setup) => Promise<Compute>>> = {
  local: async ({ config, withheld, folder, env, clock, environments, gpus, removed }) => {
    const { createLocalCompute } = await import('./providers/local/index.ts');
    return createLocalCompute({
      state_folder: folder,
      max_workers: config.providers.local.max_workers,
      gpus,
      environment: config.providers.local.environment,
      environments: (reference) => {
        const named = parseReference(reference);
        return named === null
          ? null
          : (environments.get(`${named.name}:${named.version ?? '@latest'}`) ?? null);
      },
      env,
      withheld,
      clock,
      grace_s: 10,
      removed,
    });
  },
  simulated: async ({ config, store, folder, clock, removed }) => {
    const { createSimulatedCompute } = await import('./providers/simulated/index.ts');
    return createSimulatedCompute({
      state_folder: folder,
      clock,
      ...config.providers.simulated,
      of_run: (run_id) => simulationOf(store.db, run_id),
      removed,
    });
  },
};

interface Setup {
  readonly gpus: readonly string[];
  readonly config: ProjectConfig;
  /** Variables that jobs do not inherit. */
  readonly withheld: readonly string[];
  readonly store: Store;
  readonly folder: string;
  readonly env: Env;
  readonly clock: Clock;
  /** Registered environments by `name:version` and `name:@latest`. */
  readonly environments: ReadonlyMap<string, Environment>;
  /** What to say of a run that retention took the logs of. */
  readonly removed: (run_id: string) => Promise<Error | null>;
}

/** Steps of a pipeline component may name environments that the job itself does not: the provider looks them up here. */
async function refreshEnvironments(store: Store, environments: Map<string, Environment>): Promise<void> {
  const rows = await store.db
    .selectFrom('assets')
    .select(['name', 'version'])
    .where('kind', '=', 'environment')
    .where(inEarnest)
    .orderBy('created_at')
    .execute();
  for (const { name, version } of rows) {
    const known = environments.get(`${name}:${version}`);
    const asset = known === undefined ? await findAsset(store.db, 'environment', name, version) : null;
    const environment = known ?? (asset === null ? undefined : environmentOf(asset));
    if (environment === undefined) continue;
    environments.set(`${name}:${version}`, environment);
    environments.set(`${name}:@latest`, environment);
  }
}

async function createCompute(name: string, setup: Setup): Promise<Compute> {
  const create = PROVIDERS[name];
  if (create === undefined) {
    throw new UsageError(`There is no provider ${name} in this version.`, {
      hint:
        didYouMean(name, Object.keys(PROVIDERS)) ??
        `Set \`provider\` in trainyard.yaml, or --provider, to one of ${Object.keys(PROVIDERS).join(', ')}.`,
    });
  }
  return create(setup);
}

const PROJECT_MARKS = ['trainyard.yaml', join('config', 'circuits.yaml'), join('.trainyard', 'trainyard.db')];

function findRoot(given: string | undefined): string {
  if (given !== undefined) {
    const root = resolve(given);
    if (!existsSync(root))
      throw new NotFoundError(`There is no folder ${root}.`, {
        hint: 'Give --project an existing folder, or make a new project with `trainyard init`.',
      });
    return root;
  }
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (PROJECT_MARKS.some((mark) => existsSync(join(folder, mark)))) return folder;
    if (dirname(folder) === folder) {
      throw new NotFoundError(`There is no Trainyard project in ${process.cwd()} or above.`, {
        hint: 'Make one with `trainyard init my-fleet`, or name one with --project DIR.',
      });
    }
  }
}

function applyOverrides(config: ProjectConfig, o: Overrides): ProjectConfig {
  return {
    ...config,
    provider: o.provider ?? config.provider,
    providers: {
      ...config.providers,
      local: { ...config.providers.local, max_workers: o.max_workers ?? config.providers.local.max_workers },
      simulated: {
        ...config.providers.simulated,
        max_parallel: o.max_workers ?? config.providers.simulated.max_parallel,
        fail: [...config.providers.simulated.fail, ...(o.fail ?? [])],
        fail_rate: o.fail_rate ?? config.providers.simulated.fail_rate,
        duration_s: o.duration_s ?? config.providers.simulated.duration_s,
        speed: o.speed ?? config.providers.simulated.speed,
      },
    },
  };
}

function loginName(env: Env): string {
  const named = env['USER'] ?? env['USERNAME'];
  if (named !== undefined && named !== '') return named;
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
