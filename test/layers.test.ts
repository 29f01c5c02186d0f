import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/**
 * What each room may import besides itself and the kernel. Everything runs one way, from the command line down to the
 * kernel; rooms of one line do not know each other.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  store: [],
  config: [],
  gates: ['store'],
  registry: ['store'],
  assets: ['store'],
  jobs: ['store', 'registry', 'assets'],
  scripts: [],
  schedules: ['store'],
  hooks: ['store', 'config'],
  access: ['store', 'config'],
  ci: [],
  notify: ['store', 'config', 'gates', 'jobs'],
  fleet: ['store', 'registry', 'assets', 'jobs'],
  pipelines: ['store', 'config', 'gates', 'registry', 'assets', 'jobs', 'fleet', 'scripts'],
  providers: ['assets', 'jobs', 'registry'],
  app: [
    'store',
    'config',
    'gates',
    'registry',
    'assets',
    'jobs',
    'fleet',
    'pipelines',
    'providers',
    'notify',
    'fault-points',
  ],
  actions: [
    'store',
    'config',
    'gates',
    'registry',
    'assets',
    'jobs',
    'fleet',
    'scripts',
    'schedules',
    'hooks',
    'pipelines',
    'notify',
    'app',
  ],
  views: [
    'ci',
    'store',
    'config',
    'access',
    'gates',
    'registry',
    'assets',
    'jobs',
    'fleet',
    'scripts',
    'schedules',
    'hooks',
    'pipelines',
    'notify',
    'app',
  ],
  server: [
    'store',
    'config',
    'access',
    'gates',
    'registry',
    'assets',
    'jobs',
    'fleet',
    'scripts',
    'schedules',
    'hooks',
    'pipelines',
    'notify',
    'app',
    'actions',
    'views',
  ],
  cli: [
    'store',
    'config',
    'access',
    'gates',
    'registry',
    'assets',
    'jobs',
    'fleet',
    'scripts',
    'schedules',
    'hooks',
    'ci',
    'pipelines',
    'notify',
    'app',
    'actions',
    'views',
    'server',
    'client',
  ],
  // Runs in browsers; of the server it knows what routes take and give, which is a type.
  client: ['server'],
  main: ['cli'],
  // What programs get with `import … from 'trainyard'`.
  index: ['gates', 'registry', 'assets', 'jobs', 'fleet', 'pipelines'],
  // Where a crash test ends the process: the composition root hands it to everything else.
  'fault-points': [],
};

/** Helpers of tests stand beside them and may use everything. */
const isTestHelp = (file: string): boolean =>
  /\.test\.ts$|\.conformance\.ts$|-harness\.ts$|\/test-[^/]+\.ts$/.test(file) ||
  (file.startsWith('src/testing/') && roomOf(file) !== 'fault-points');

/** The files that a room's own consumers come in by; the ports belong to whoever writes a provider. */
const DOORS: readonly RegExp[] = [
  /^src\/kernel\/[^/]+\.ts$/,
  /^src\/[^/]+\/index\.ts$/,
  /^src\/providers\/[^/]+\/index\.ts$/,
  /^src\/(app|testing\/fault-points|cli\/run-cli|jobs\/compute|registry\/registry|server\/api-type)\.ts$/,
];

/** Files that look at the wall clock or set timers themselves, each with its reason. */
const OWN_TIME: Readonly<Record<string, string>> = {
  'src/kernel/clock.ts': 'is the clock',
  'src/pipelines/hold.ts':
    'its heartbeat tells other machines that this process lives, whatever time a test has',
  'src/cli/render/progress.ts': 'redraws a screen',
  'src/client/wait.ts': 'runs in browsers, where nobody hands a clock in',
  'src/server/aside/plan-aside.ts': 'ends a thread that hangs, and keeps no process from ending',
  'src/server/listen.ts': 'closes sockets, which wait for nobody',
  'src/server/process/request-log.ts': 'measures what answers take, and decides nothing by it',
  'src/store/serving.ts': 'measures how long nobody else had a turn, and decides nothing else by it',
};

interface Import {
  readonly from: string;
  readonly to: string;
}

const files = globSync('src/**/*.ts', { cwd: root })
  .filter((file) => !isTestHelp(file))
  .toSorted();
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
const imports: readonly Import[] = files.flatMap((from) =>
  [...(sources.get(from) ?? '').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => ({
    from,
    to: normalize(join(dirname(from), match[1] ?? '')),
  })),
);

/** `src/jobs/status.ts` → `jobs`, `src/providers/local/owner.ts` → `providers`, `src/app.ts` → `app`. */
function roomOf(file: string): string {
  const [, room = '', ...rest] = file.replace(/\.ts$/, '').split('/');
  return room === 'testing' ? (rest[0] ?? '') : room;
}

/** Each provider is a room of its own. */
const homeOf = (file: string): string =>
  file.startsWith('src/providers/') ? file.split('/').slice(0, 3).join('/') : roomOf(file);
const told = ({ from, to }: Import): string => `${from} imports ${to}`;
const strays = imports.filter(({ from, to }) => homeOf(from) !== homeOf(to));

describe('imports', () => {
  it('are seen by this test', () => {
    expect(files.length).toBeGreaterThan(150);
    expect(strays.length).toBeGreaterThan(300);
    expect(Object.keys(MAY_IMPORT)).toEqual(expect.arrayContaining([...new Set(files.map(roomOf))]));
  });

  it('run one way: down from the command line to the kernel', () => {
    const wrong = strays.filter(
      ({ from, to }) => roomOf(to) !== 'kernel' && MAY_IMPORT[roomOf(from)]?.includes(roomOf(to)) !== true,
    );
    expect(wrong.map(told)).toEqual([]);
  });

  it('enter a room by its door', () => {
    expect(strays.filter(({ to }) => !DOORS.some((door) => door.test(to))).map(told)).toEqual([]);
  });

  it('of providers stand in the composition root alone, and wait until a run needs one', () => {
    const providers = strays.filter(({ to }) => to.startsWith('src/providers/'));
    expect([...new Set(providers.map(({ from }) => from))]).toEqual(['src/app.ts']);
    expect(sources.get('src/app.ts')).not.toMatch(/^import .*providers/m);
  });

  it('lead the client to nothing that a browser has not: types, and libraries made for it', () => {
    const own = [...sources].filter(([file]) => roomOf(file) === 'client');
    expect(own.length).toBeGreaterThan(5);
    const values = own.flatMap(([file, source]) =>
      [...source.matchAll(/^(?:import|export)(?! type\b)[^;]*? from '([^']+)'/gm)]
        .map((match) => match[1] ?? '')
        .filter((from) => !/^\.\/[^/]+$/.test(from) && from !== 'hono/client')
        .map((from) => `${file} imports ${from}`),
    );
    expect(values).toEqual([]);
  });

  it('name files that are there', () => {
    expect(imports.filter(({ to }) => !sources.has(to) && !/\.test\.ts$/.test(to)).map(told)).toEqual([]);
  });

  it('make no circle between files, types aside', () => {
    const values = new Map(files.map((file) => [file, [] as string[]]));
    for (const [from, source] of sources) {
      for (const match of source.matchAll(/^(?:import|export)(?! type\b)[^;]*? from '(\.[^']+)'/gm))
        values.get(from)?.push(normalize(join(dirname(from), match[1] ?? '')));
    }
    expect(circle(values)).toBeNull();
  });
});

describe('time', () => {
  it('comes from the clock that is handed in, except where a reason is given', () => {
    const own = [...sources]
      .filter(([, source]) =>
        /\bDate\.now\(|\bnew Date\(\)|\bset(?:Timeout|Interval)\(|\bperformance\.now\(|timers\/promises/.test(
          source,
        ),
      )
      .map(([file]) => file);
    expect(own).toEqual(Object.keys(OWN_TIME).toSorted());
  });
});

/** The first circle found, or null. */
function circle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of graph.get(file) ?? []) {
      const found = walk(next, [...path, file]);
      if (found !== null) return found;
    }
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const found = walk(file, []);
    if (found !== null) return found;
  }
  return null;
}
