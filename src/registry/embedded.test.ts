import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderDigest, listFiles, sha256 } from '../kernel/digest.ts';
import type { OutputFile } from '../jobs/compute.ts';
import { memoryStore, openStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { describeRegistry, memoryFile, modelRequest } from '../testing/registry.conformance.ts';
import { TestClock } from '../testing/test-clock.ts';
import { embeddedRegistry } from './index.ts';
import type { ModelRegistry, RegistryName } from './index.ts';

const objectPath = (folder: string, registry: RegistryName, digest: string): string =>
  join(folder, 'registries', registry, 'objects', digest.slice(0, 2), digest.slice(2));

describeRegistry('embedded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  const clock = new TestClock();
  let store = await openStore(folder);
  const open = (registry: RegistryName): ModelRegistry => embeddedRegistry({ store, registry, clock });
  let [dev, shared] = [open('dev'), open('shared')];
  return {
    get dev() {
      return dev;
    },
    get shared() {
      return shared;
    },
    reopen: async () => {
      await store.close();
      store = await openStore(folder);
      [dev, shared] = [open('dev'), open('shared')];
    },
    damage: async (registry, ref, path) => {
      const version = await (registry === 'dev' ? dev : shared).get(ref.model_name, ref.version);
      const file = version?.files.find((f) => f.path === path);
      const object = objectPath(folder, registry, file?.sha256 ?? 'none');
      const bytes = await readFile(object);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
      await chmod(object, 0o644);
      await writeFile(object, bytes);
    },
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
});

describe('embeddedRegistry', () => {
  let folder: string;
  let store: Store;
  let dev: ModelRegistry;
  const clock = new TestClock();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'registry-'));
    store = memoryStore(folder);
    dev = embeddedRegistry({ store, registry: 'dev', clock });
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const below = (part: string): Promise<string[]> => listFiles(join(folder, 'registries', 'dev', part));

  it('keeps each content once, by its sha256, read-only', async () => {
    const files = [memoryFile('a', 'same'), memoryFile('b', 'same'), memoryFile('c', 'other')];
    await dev.register([modelRequest('a', { files }), modelRequest('b', { files })]);
    const digests = [sha256('same'), sha256('other')];
    expect(await below('objects')).toEqual(digests.map((d) => `${d.slice(0, 2)}/${d.slice(2)}`).toSorted());
    expect(await readFile(objectPath(folder, 'dev', sha256('same')), 'utf8')).toBe('same');
    expect(await below('incoming')).toEqual([]);
  });

  it('gives a version the digest that its downloaded folder has', async () => {
    await dev.register([
      modelRequest('a', { files: [memoryFile('z', '1'), memoryFile('b/c', '2'), memoryFile('B', '3')] }),
    ]);
    const { folder: out } = await dev.download('seattle-wind', 1, join(folder, 'out'));
    expect((await dev.get('seattle-wind', 1))?.digest).toBe(await folderDigest(out));
  });

  it('copies a large file from this disk without opening a stream, and notices when it is cut short', async () => {
    const local_path = join(folder, 'model.bin');
    const bytes = Buffer.alloc((3 << 20) + 1, 'weights');
    await writeFile(local_path, bytes, { mode: 0o400 });
    const open = (): never => {
      throw new Error('no stream wanted');
    };
    const file: OutputFile = { path: 'model.bin', size: bytes.length, local_path, open };
    const outcomes = await dev.register([
      modelRequest('a', { files: [file] }),
      modelRequest('b', { files: [{ ...file, size: bytes.length + 1 }] }),
      modelRequest('c', { files: [{ ...file, local_path: join(folder, 'gone') }] }),
    ]);
    expect(outcomes).toMatchObject([
      { status: 'registered', version: 1 },
      { status: 'unreadable', retryable: false, message: expect.stringContaining('instead of') },
      { status: 'unreadable', retryable: false, message: expect.stringContaining('ENOENT') },
    ]);
    expect(await dev.verify('seattle-wind', 1)).toEqual([]);
    expect(await below('incoming')).toEqual([]);
  });

  it('leaves nothing half-written when a stream breaks off', async () => {
    const bytes = Buffer.alloc(2 << 20);
    const breakOff = function* (): Generator<Buffer> {
      yield bytes;
      throw new Error('the line went dead');
    };
    const file: OutputFile = { ...memoryFile('model.bin', bytes), open: () => Readable.from(breakOff()) };
    expect(await dev.register([modelRequest('a', { files: [file] })])).toMatchObject([
      { status: 'unreadable' },
    ]);
    expect(await below('incoming')).toEqual([]);
    await expect(below('objects')).rejects.toThrow(/ENOENT/);
  });

  it('registers on the next call when the rows could not be written after the files', async () => {
    let failures = 1;
    const failing: Store = {
      ...store,
      tx: (work) => (failures-- > 0 ? Promise.reject(new Error('power cut')) : store.tx(work)),
    };
    const fragile = embeddedRegistry({ store: failing, registry: 'dev', clock });
    await expect(fragile.register([modelRequest('a')])).rejects.toThrow('power cut');
    expect(await below('objects')).toHaveLength(1);
    expect((await dev.list({ limit: 1 })).items).toEqual([]);
    expect(await fragile.register([modelRequest('a')])).toMatchObject([
      { status: 'registered', version: 1, created: true },
    ]);
    expect(await below('objects')).toHaveLength(1);
  });

  it('names the folder and the remedy when files cannot be written, and registers nothing', async () => {
    await mkdir(join(folder, 'registries', 'dev'), { recursive: true });
    await writeFile(join(folder, 'registries', 'dev', 'objects'), 'a file where the folder should be');
    await expect(dev.register([modelRequest('a'), modelRequest('b')])).rejects.toThrow(
      /Could not write .*objects/,
    );
    expect((await dev.list({ limit: 1 })).items).toEqual([]);
    expect(await below('incoming')).toEqual([]);
  });

  it('clears unfinished files of a crash after a day, not those of a process at work', async () => {
    const incoming = join(folder, 'registries', 'dev', 'incoming');
    await mkdir(incoming, { recursive: true });
    for (const [name, hours] of [
      ['old', 25],
      ['young', 1],
    ] as const) {
      await writeFile(join(incoming, name), 'part');
      const at = clock.now() / 1000 - hours * 3600;
      await utimes(join(incoming, name), at, at);
    }
    await dev.register([modelRequest('a')]);
    expect(await readdir(incoming)).toEqual(['young']);
  });

  it('writes a download nowhere but below its folder, even where a link leads out of it', async () => {
    await dev.register([modelRequest('a', { files: [memoryFile('m/one', '1')] })]);
    await mkdir(join(folder, 'outside'));
    await mkdir(join(folder, 'out'));
    await symlink(join(folder, 'outside'), join(folder, 'out', 'm'));
    await expect(dev.download('seattle-wind', 1, join(folder, 'out'))).rejects.toThrow(/leaves/);
    expect(await readdir(join(folder, 'outside'))).toEqual([]);
  });

  it('shares nothing when a file is gone from the disk', async () => {
    await dev.register([modelRequest('a')]);
    const file = (await dev.get('seattle-wind', 1))?.files[0];
    await rm(objectPath(folder, 'dev', file?.sha256 ?? 'none'));
    const shared = embeddedRegistry({ store, registry: 'shared', clock });
    expect(await shared.share([{ model_name: 'seattle-wind', version: 1 }], dev)).toMatchObject([
      { status: 'corrupt' },
    ]);
    expect(await dev.verify('seattle-wind', 1)).toMatchObject([{ path: 'model.json', problem: 'missing' }]);
    expect((await shared.list({ limit: 1 })).items).toEqual([]);
  });

  it('has out of use in both what is withdrawn while its files are copied', async () => {
    await dev.register([modelRequest('a')]);
    const ref = { model_name: 'seattle-wind', version: 1 };
    const shared = embeddedRegistry({ store, registry: 'shared', clock });
    const meanwhile: ModelRegistry = {
      ...dev,
      files: async (model) => {
        await dev.withdraw('seattle-wind', 1, { name: 'ann@x', identity: 'claimed' }, 'bad sensor');
        expect(await shared.get('seattle-wind', 1)).toBeNull();
        return dev.files(model);
      },
    };
    expect(await shared.share([ref], meanwhile)).toMatchObject([{ status: 'refused', reason: 'withdrawn' }]);
    expect(await shared.visible([ref])).toEqual([false]);
    expect((await shared.get('seattle-wind', 1))?.withdrawn).toMatchObject({
      reason: 'withdrawn by ann@x: bad sensor',
    });
    expect(await shared.share([ref], dev)).toMatchObject([{ status: 'refused', reason: 'withdrawn' }]);
  });

  it('registers and shares 10,000 models of the same bytes, writing them once', async () => {
    const bytes = Buffer.alloc(2000, 'simulated');
    const requests = Array.from({ length: 10_000 }, (_, i) =>
      modelRequest(`j${i}`, {
        circuit_id: `c${i}`,
        model_name: `m${i}`,
        files: [memoryFile('model.json', bytes)],
      }),
    );
    const outcomes = await dev.register(requests);
    expect(outcomes.filter((o) => o.status === 'registered' && o.version === 1 && o.created)).toHaveLength(
      10_000,
    );
    expect(await below('objects')).toHaveLength(1);
    const shared = embeddedRegistry({ store, registry: 'shared', clock });
    const refs = requests.map((r) => ({ model_name: r.model_name, version: 1 }));
    const copies = await shared.share(refs, dev);
    expect(copies.filter((o) => o.status === 'shared')).toHaveLength(10_000);
  });
});
