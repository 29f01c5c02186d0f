import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../kernel/digest.ts';
import { NotFoundError } from '../kernel/errors.ts';
import type { OutputFile } from '../jobs/compute.ts';
import { lineage } from '../registry/index.ts';
import type { ModelRef, ModelRegistry, RegisterRequest } from '../registry/index.ts';
import { person } from './test-rows.ts';

const ANN = person('ann');
const BOB = person('bob');

/** A registry that models are registered in and one that they are shared into, and the means to break them. */
export interface RegistryHarness extends AsyncDisposable {
  /** The registries; after `reopen` others on the same state. */
  readonly dev: ModelRegistry;
  readonly shared: ModelRegistry;
  /** Forgets everything in memory. */
  reopen(): Promise<void>;
  /** Changes the content of a stored file behind the registry's back, keeping its size. */
  damage(registry: 'dev' | 'shared', ref: ModelRef, path: string): Promise<void>;
}

export interface RegistryConformanceOptions {
  /** Rule title to the reason why it cannot hold here; a title that no rule has is an error. */
  readonly skip?: Readonly<Record<string, string>>;
}

type Rule = (title: string, body: (h: RegistryHarness) => Promise<void>) => void;

/** The rules every `ModelRegistry` keeps. Call it in a test file of the provider. */
export function describeRegistry(
  name: string,
  makeHarness: () => Promise<RegistryHarness>,
  { skip = {} }: RegistryConformanceOptions = {},
): void {
  const titles = new Set<string>();
  const rule: Rule = (title, body) => {
    titles.add(title);
    const reason = skip[title];
    if (reason !== undefined) {
      it.skip(`${title} (skipped: ${reason})`, () => undefined);
      return;
    }
    it(title, async () => {
      await using h = await makeHarness();
      await body(h);
    });
  };
  describe(`registry: ${name}`, () => {
    describe('register', () => registerRules(rule));
    describe('list', () => listRules(rule));
    describe('withdraw', () => withdrawRules(rule));
    describe('share', () => shareRules(rule));
    describe('files', () => fileRules(rule));
    for (const title of Object.keys(skip)) {
      if (!titles.has(title)) throw new Error(`There is no rule "${title}" to skip.`);
    }
  });
}

/** A file that lies nowhere but in memory. */
export function memoryFile(path: string, content: string | Buffer): OutputFile {
  const bytes = Buffer.from(content);
  return { path, size: bytes.length, local_path: null, open: () => Readable.from([bytes]) };
}

/** A request to register the model of job `job`, with one small file unless `changes` says otherwise. */
export function modelRequest(job: string, changes: Partial<RegisterRequest> = {}): RegisterRequest {
  return {
    job_id: `job_${job}`,
    job_name: job,
    run_id: 'run_1',
    circuit_id: 'seattle_wind',
    model_name: 'seattle-wind',
    pr: false,
    training_hash: 'a1b2c3d4e5f6',
    inputs_digest: 'd'.repeat(64),
    tags: {
      plant_id: 'seattle',
      circuit_id: 'wind',
      cutoff_date: '2026-01-01',
      git_commit: 'c0ffee',
      data_version: '7',
    },
    metrics: { mae: 2.5 },
    settings: '{"training_days":1.0}',
    files: [memoryFile('model.json', `{"job":"${job}"}`)],
    ...changes,
  };
}

function registerRules(rule: Rule): void {
  rule('versions of a model count 1, 2, 3, each model for itself', async ({ dev }) => {
    const other = { model_name: 'oslo-wind', circuit_id: 'oslo_wind' };
    const outcomes = [
      ...(await dev.register([modelRequest('a'), modelRequest('b', other), modelRequest('c')])),
      ...(await dev.register([modelRequest('d')])),
    ];
    expect(outcomes).toMatchObject([
      { job_id: 'job_a', status: 'registered', model_name: 'seattle-wind', version: 1, created: true },
      { job_id: 'job_b', status: 'registered', model_name: 'oslo-wind', version: 1, created: true },
      { job_id: 'job_c', status: 'registered', model_name: 'seattle-wind', version: 2, created: true },
      { job_id: 'job_d', status: 'registered', model_name: 'seattle-wind', version: 3, created: true },
    ]);
  });

  rule('a job that is registered keeps its first version, whatever comes later', async (h) => {
    const first = await h.dev.register([modelRequest('a')]);
    await h.reopen();
    const again = await h.dev.register([
      modelRequest('a', { files: [memoryFile('model.json', 'other')] }),
      modelRequest('b'),
    ]);
    expect(again).toMatchObject([
      { ...first[0], created: false },
      { version: 2, created: true },
    ]);
  });

  rule('two calls at once register a job once and leave no gap', async ({ dev }) => {
    const jobs = Array.from({ length: 20 }, (_, i) => `j${i}`);
    const calls = await Promise.all([
      dev.register(jobs.map((job) => modelRequest(job))),
      dev.register(jobs.toReversed().map((job) => modelRequest(job))),
      dev.register(jobs.slice(5, 15).map((job) => modelRequest(job))),
    ]);
    const versions = new Map<string, Set<number>>();
    for (const outcome of calls.flat()) {
      if (outcome.status !== 'registered') throw new Error(JSON.stringify(outcome));
      versions.set(outcome.job_id, (versions.get(outcome.job_id) ?? new Set()).add(outcome.version));
    }
    expect([...versions.values()].map((set) => set.size)).toEqual(jobs.map(() => 1));
    const all = [...versions.values()].flatMap((set) => [...set]).toSorted((a, b) => a - b);
    expect(all).toEqual(jobs.map((_, i) => i + 1));
    expect(calls.flat().filter((o) => o.status === 'registered' && o.created)).toHaveLength(jobs.length);
  });

  rule('what a version holds is what was registered, with its hashes and job as tags', async (h) => {
    await h.dev.register([
      modelRequest('a', {
        tags: { plant_id: 'seattle', git_commit: 'c0ffee', data_version: '7', retry: 'true', owner: '' },
        metrics: { mae: 2.5, broken: Number.NaN },
        files: [memoryFile('model/b.bin', 'bb'), memoryFile('model/a.bin', '')],
      }),
    ]);
    await h.reopen();
    const version = await h.dev.get('seattle-wind', 1);
    expect(version).toMatchObject({
      registry: h.dev.describe().name,
      model_name: 'seattle-wind',
      version: 1,
      circuit_id: 'seattle_wind',
      pr: false,
      job_name: 'a',
      run_id: 'run_1',
      metrics: { mae: 2.5 },
      settings: '{"training_days":1.0}',
      files: [
        { path: 'model/a.bin', size: 0, sha256: sha256('') },
        { path: 'model/b.bin', size: 2, sha256: sha256('bb') },
      ],
      withdrawn: null,
    });
    expect(version?.metrics).toEqual({ mae: 2.5 });
    expect(version?.tags).toEqual({
      plant_id: 'seattle',
      git_commit: 'c0ffee',
      data_version: '7',
      retry: 'true',
      training_hash: 'a1b2c3d4e5f6',
      config_hash: 'a1b2c3d4e5f6',
      inputs_digest: 'd'.repeat(64),
      training_job: 'a',
    });
    expect(version === null ? null : lineage(version)).toMatchObject({
      model: 'seattle-wind:1',
      git_commit: 'c0ffee',
      data_version: '7',
      retry: true,
      environment_version: null,
    });
  });

  rule('a job without files is an outcome, and the others are registered', async ({ dev }) => {
    const outcomes = await dev.register([modelRequest('a', { files: [] }), modelRequest('b')]);
    expect(outcomes.map((o) => o.status)).toEqual(['no_model', 'registered']);
    expect(outcomes[1]).toMatchObject({ version: 1 });
  });

  rule(
    'file names that could leave the folder are refused, and the others are registered',
    async ({ dev }) => {
      const names = [
        '../x',
        '/etc/x',
        'a/../../x',
        'a//b',
        './a',
        'C:\\x',
        'a\\b',
        'a\nb',
        'a\u0007',
        '',
        'a/',
      ];
      const outcomes = await dev.register([
        ...names.map((path, i) => modelRequest(`bad${i}`, { files: [memoryFile(path, 'x')] })),
        modelRequest('twice', { files: [memoryFile('a', 'x'), memoryFile('a', 'y')] }),
        modelRequest('both', { files: [memoryFile('a/b', 'x'), memoryFile('a', 'y')] }),
        modelRequest('good', { files: [memoryFile('..a/b..c/.d', 'x')] }),
      ]);
      expect(outcomes.map((o) => o.status)).toEqual(
        [...names, 'twice', 'both'].map(() => 'invalid').concat('registered'),
      );
      expect(outcomes.at(-1)).toMatchObject({ version: 1 });
    },
  );

  rule('a file that breaks off registers nothing, and a later call does', async (h) => {
    const bytes = Buffer.alloc(3 << 20, 1);
    const broken: OutputFile = {
      path: 'big.bin',
      size: bytes.length,
      local_path: null,
      open: () =>
        Readable.from(
          (function* () {
            yield bytes.subarray(0, 2 << 20);
            throw new Error('the line went dead');
          })(),
        ),
    };
    const short: OutputFile = { ...memoryFile('big.bin', 'half'), size: 8 };
    const files = (big: OutputFile) => [memoryFile('a.txt', 'a'), big];
    const failed = await h.dev.register([
      modelRequest('a', { files: files(broken) }),
      modelRequest('b', { files: files(short) }),
    ]);
    expect(failed).toMatchObject([
      { status: 'unreadable', retryable: true, message: expect.stringContaining('the line went dead') },
      { status: 'unreadable', retryable: true, message: expect.stringContaining('4 bytes instead of 8') },
    ]);
    expect((await h.dev.list({ limit: 10 })).items).toEqual([]);
    await h.reopen();
    const whole = await h.dev.register([modelRequest('a', { files: files(memoryFile('big.bin', bytes)) })]);
    expect(whole).toMatchObject([{ status: 'registered', version: 1, created: true }]);
    expect(await h.dev.verify('seattle-wind', 1)).toEqual([]);
  });
}

function listRules(rule: Rule): void {
  rule('pages come by model name with the newest version first, each version once', async ({ dev }) => {
    for (const round of [1, 2, 3]) {
      await dev.register(
        ['a', 'b', 'c'].map((m) => modelRequest(`${m}${round}`, { model_name: m, circuit_id: m })),
      );
    }
    const seen: string[] = [];
    for (let after: ModelRef | null = null, more = true; more;) {
      const page = await dev.list({ after, limit: 2 });
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map((v) => `${v.model_name}${v.version}`));
      after = page.next;
      more = after !== null;
    }
    expect(seen).toEqual(['a3', 'a2', 'a1', 'b3', 'b2', 'b1', 'c3', 'c2', 'c1']);
  });

  rule('filters narrow the list: model, circuit, run, pull request, withdrawn', async ({ dev }) => {
    await dev.register([
      modelRequest('a'),
      modelRequest('b', { run_id: 'run_2' }),
      modelRequest('c', { pr: true, run_id: 'run_2' }),
      modelRequest('d', { model_name: 'oslo-wind', circuit_id: 'oslo_wind' }),
    ]);
    await dev.withdraw('seattle-wind', 1, ANN, 'wrong data');
    const jobs = async (query: Omit<Parameters<ModelRegistry['list']>[0], 'limit'>) =>
      (await dev.list({ ...query, limit: 100 })).items.map((v) => v.job_name);
    expect(await jobs({ model_name: 'seattle-wind' })).toEqual(['c', 'b', 'a']);
    expect(await jobs({ circuit_id: 'oslo_wind' })).toEqual(['d']);
    expect(await jobs({ run_id: 'run_2' })).toEqual(['c', 'b']);
    expect(await jobs({ pr: true })).toEqual(['c']);
    expect(await jobs({ withdrawn: true })).toEqual(['a']);
    expect(await jobs({ withdrawn: false, model_name: 'seattle-wind' })).toEqual(['c', 'b']);
    expect((await dev.versionsOfRun('run_2')).map((v) => v.version)).toEqual([2, 3]);
  });

  rule('a tag filter matches the whole text of that very tag', async ({ dev }) => {
    const tags = [
      { retry: 'true' },
      { retry: 'True' },
      { retry: 'true story' },
      { note: '"retry":"true"' },
      { pretry: 'true' },
      { retry: 'true', owner: 'O\'Neil "x" 100%_' },
    ];
    await dev.register(tags.map((tag, i) => modelRequest(`j${i}`, { tags: tag })));
    const jobs = async (wanted: Record<string, string>) =>
      (await dev.list({ tags: wanted, limit: 100 })).items.map((v) => v.job_name).toSorted();
    expect(await jobs({ retry: 'true' })).toEqual(['j0', 'j5']);
    expect(await jobs({ retry: 'true', owner: 'O\'Neil "x" 100%_' })).toEqual(['j5']);
    expect(await jobs({ retry: 'tr%' })).toEqual([]);
    expect(await jobs({ config_hash: 'a1b2c3d4e5f6' })).toHaveLength(6);
  });

  rule('find answers in the order asked, with null for what does not exist', async ({ dev }) => {
    await dev.register([modelRequest('a'), modelRequest('b')]);
    const refs = [2, 9, 1].map((version) => ({ model_name: 'seattle-wind', version }));
    expect((await dev.find(refs)).map((v) => v?.job_name ?? null)).toEqual(['b', null, 'a']);
    expect(await dev.get('nobody', 1)).toBeNull();
    expect(await dev.find([])).toEqual([]);
  });
}

function withdrawRules(rule: Rule): void {
  rule('a withdrawn version stays, with the first word on it', async (h) => {
    await h.dev.register([modelRequest('a')]);
    const first = await h.dev.withdraw('seattle-wind', 1, ANN, 'wrong data');
    expect(first.withdrawn).toMatchObject({ by: 'ann', reason: 'wrong data' });
    await h.reopen();
    expect(await h.dev.withdraw('seattle-wind', 1, BOB, 'me too')).toEqual(first);
    expect(await h.dev.verify('seattle-wind', 1)).toEqual([]);
  });

  rule('a number is never given again after a withdrawal', async ({ dev }) => {
    await dev.register([modelRequest('a'), modelRequest('b')]);
    await dev.withdraw('seattle-wind', 2, ANN, 'wrong data');
    expect(await dev.register([modelRequest('c')])).toMatchObject([{ version: 3 }]);
  });

  rule('withdrawing, opening or downloading what does not exist says so', async ({ dev }) => {
    await expect(dev.withdraw('seattle-wind', 1, ANN, 'x')).rejects.toThrow(NotFoundError);
    await expect(dev.open('seattle-wind', 1)).rejects.toThrow(NotFoundError);
    await expect(dev.download('seattle-wind', 1, '/nowhere')).rejects.toThrow(NotFoundError);
    await expect(dev.verify('seattle-wind', 1)).rejects.toThrow(NotFoundError);
  });
}

function shareRules(rule: Rule): void {
  const ref = (version: number): ModelRef => ({ model_name: 'seattle-wind', version });

  rule('a shared version has the same number, files, tags and settings', async (h) => {
    await h.dev.register([modelRequest('a'), modelRequest('b')]);
    expect(await h.shared.visible([ref(2)])).toEqual([false]);
    expect(await h.shared.share([ref(2)], h.dev)).toMatchObject([{ ...ref(2), status: 'shared' }]);
    await h.reopen();
    expect(await h.shared.visible([ref(1), ref(2)])).toEqual([false, true]);
    const [from, to] = [await h.dev.get('seattle-wind', 2), await h.shared.get('seattle-wind', 2)];
    expect(to).toEqual({ ...from, registry: h.shared.describe().name, created_at: to?.created_at });
    expect(await h.shared.verify('seattle-wind', 2)).toEqual([]);
  });

  rule('sharing again finds it there; sharing at once shares it once', async (h) => {
    await h.dev.register([modelRequest('a')]);
    const both = await Promise.all([h.shared.share([ref(1)], h.dev), h.shared.share([ref(1)], h.dev)]);
    expect(
      both
        .flat()
        .map((o) => o.status)
        .toSorted(),
    ).toEqual(['already_shared', 'shared']);
    expect(await h.shared.share([ref(1), ref(1)], h.dev)).toMatchObject([
      { status: 'already_shared' },
      { status: 'already_shared' },
    ]);
  });

  rule('a number that other content holds there is a conflict, and keeps its content', async (h) => {
    await h.shared.register([modelRequest('elsewhere', { files: [memoryFile('model.json', 'theirs')] })]);
    await h.dev.register([modelRequest('a'), modelRequest('b')]);
    const outcomes = await h.shared.share([ref(1), ref(2)], h.dev);
    expect(outcomes.map((o) => o.status)).toEqual(['conflict', 'shared']);
    expect((await h.shared.get('seattle-wind', 1))?.job_name).toBe('elsewhere');
  });

  rule('models of pull requests and withdrawn ones are not shared, unknown ones are named', async (h) => {
    await h.dev.register([modelRequest('a', { pr: true }), modelRequest('b')]);
    await h.dev.withdraw('seattle-wind', 2, ANN, 'wrong data');
    expect(await h.shared.share([ref(1), ref(2), ref(3)], h.dev)).toMatchObject([
      { ...ref(1), status: 'refused', reason: 'pull_request' },
      { ...ref(2), status: 'refused', reason: 'withdrawn' },
      { ...ref(3), status: 'not_found' },
    ]);
    expect((await h.shared.list({ limit: 10 })).items).toEqual([]);
  });

  for (const [kind, content] of [
    ['small', 'small model'],
    ['large', Buffer.alloc(2 << 20, 7)],
  ] as const) {
    rule(`a ${kind} file that was changed behind the registry's back is not shared`, async (h) => {
      await h.dev.register([
        modelRequest('a', { files: [memoryFile('model.bin', content), memoryFile('readme', 'fine')] }),
        modelRequest('b'),
      ]);
      await h.damage('dev', ref(1), 'model.bin');
      const outcomes = await h.shared.share([ref(1), ref(2)], h.dev);
      expect(outcomes).toMatchObject([
        { status: 'corrupt', message: expect.stringContaining('model.bin') },
        { status: 'shared' },
      ]);
      expect(await h.shared.visible([ref(1), ref(2)])).toEqual([false, true]);
    });
  }

  rule('a damaged file that lies there from an earlier version is made good by the next one', async (h) => {
    const files = [memoryFile('model.bin', 'the same weights')];
    await h.dev.register([modelRequest('a', { files }), modelRequest('b', { files })]);
    await h.shared.share([ref(1)], h.dev);
    await h.damage('shared', ref(1), 'model.bin');
    expect(await h.shared.verify('seattle-wind', 1)).toMatchObject([
      { path: 'model.bin', problem: 'changed' },
    ]);
    expect(await h.shared.share([ref(2)], h.dev)).toMatchObject([{ status: 'shared' }]);
    expect(await h.shared.verify('seattle-wind', 2)).toEqual([]);
  });
}

function fileRules(rule: Rule): void {
  rule('files read back as they were, and a changed one fails at its end', async (h) => {
    const big = Buffer.alloc((2 << 20) + 5, 'xyz');
    await h.dev.register([modelRequest('a', { files: [memoryFile('b/big', big), memoryFile('a', 'aa')] })]);
    const { model, files } = await h.dev.open('seattle-wind', 1);
    expect(files.map((f) => f.path)).toEqual(['a', 'b/big']);
    for (const file of files) expect(sha256(await read(file))).toBe(file.sha256);
    await h.damage('dev', model, 'b/big');
    const damaged = (await h.dev.open('seattle-wind', 1)).files[1];
    if (damaged === undefined) throw new Error('the second file is gone');
    await expect(read(damaged)).rejects.toThrow(/changed/);
    expect(await h.dev.verify('seattle-wind', 1)).toMatchObject([{ path: 'b/big', problem: 'changed' }]);
  });

  rule('a download holds all files, and none that is damaged', async (h) => {
    await h.dev.register([modelRequest('a', { files: [memoryFile('m/one', '1'), memoryFile('two', '22')] })]);
    const folder = await mkdtemp(join(tmpdir(), 'registry-'));
    try {
      const done = await h.dev.download('seattle-wind', 1, join(folder, 'x'));
      expect(done).toMatchObject({ folder: join(folder, 'x'), size: 3 });
      expect(await readFile(join(folder, 'x', 'm', 'one'), 'utf8')).toBe('1');
      expect(await readFile(join(folder, 'x', 'two'), 'utf8')).toBe('22');
      await h.dev.download('seattle-wind', 1, join(folder, 'x'));
      await h.damage('dev', { model_name: 'seattle-wind', version: 1 }, 'two');
      await expect(h.dev.download('seattle-wind', 1, join(folder, 'y'))).rejects.toThrow(/changed/);
      await expect(readFile(join(folder, 'y', 'two'))).rejects.toThrow(/ENOENT/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

async function read(file: OutputFile): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of file.open() as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
