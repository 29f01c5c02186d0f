import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConflictError, TrainyardError } from '../kernel/errors.ts';
import { addRun, runRow } from '../testing/test-rows.ts';
import { appendEvents, batches, memoryStore, openStore, readEvents, storeExists } from './index.ts';
import { migrations } from './migrations/index.ts';
import { storeError } from './store-error.ts';

let root: string;
let made = 0;
const freshFolder = (): string => join(root, String(++made), '.trainyard');
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'trainyard-store-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const raw = <T>(folder: string, work: (db: DatabaseSync) => T): T => {
  const db = new DatabaseSync(join(folder, 'trainyard.db'));
  try {
    return work(db);
  } finally {
    db.close();
  }
};

describe('openStore', () => {
  it('makes the folder, hides it from git and keeps what is written', async () => {
    const folder = freshFolder();
    expect(storeExists(folder)).toBe(false);
    const store = await openStore(folder);
    await addRun(store);
    await store.close();
    expect(storeExists(folder)).toBe(true);
    expect(await readFile(join(folder, '.gitignore'), 'utf8')).toBe('*\n');
    const again = await openStore(folder);
    expect(await again.db.selectFrom('runs').select('id').execute()).toEqual([{ id: 'run_1' }]);
    await again.close();
  });

  it('migrates once: opening again changes nothing of the schema', async () => {
    const folder = freshFolder();
    const schema = (): unknown =>
      raw(folder, (db) => db.prepare('select name, sql from sqlite_master order by name').all());
    await (await openStore(folder)).close();
    const first = schema();
    await (await openStore(folder)).close();
    expect(schema()).toEqual(first);
  });

  it('lets two processes that open a new project at once both succeed', async () => {
    const folder = freshFolder();
    const [a, b] = await Promise.all([openStore(folder), openStore(folder)]);
    await addRun(a);
    expect(await b.db.selectFrom('runs').select('id').execute()).toHaveLength(1);
    await a.close();
    await b.close();
  });

  it('brings a store of each earlier schema up to date, rows and all', async () => {
    for (const before of migrations.keys()) {
      const folder = freshFolder();
      await mkdir(folder, { recursive: true });
      raw(folder, (db) => {
        for (const { sql } of migrations.slice(0, before)) db.exec(sql);
        if (before === 0) return;
        db.prepare(`insert into meta (key, value) values ('schema_version', ?)`).run(String(before));
        const { rehearsal: _later, requested_identity: _latest, ...row } = runRow();
        const names = Object.keys(row);
        db.prepare(`insert into runs (${names.join()}) values (${names.map(() => '?').join()})`).run(
          ...Object.values(row),
        );
      });
      const store = await openStore(folder);
      const runs = await store.db.selectFrom('runs').selectAll().execute();
      expect(runs).toEqual(before === 0 ? [] : [runRow()]);
      await store.close();
    }
  });

  it('forgets the secrets of tokens that an earlier schema kept in answers, also in the file', async () => {
    const folder = freshFolder();
    await mkdir(folder, { recursive: true });
    const secret = 'ty_a-secret-that-was-told-once';
    raw(folder, (db) => {
      for (const { sql } of migrations.slice(0, 12)) db.exec(sql);
      db.exec(`insert into meta (key, value) values ('schema_version', '12')`);
      const insert = db.prepare(
        `insert into answers values ('claimed ada', ?, 'k', 'd', 201, ?, '2026-11-30T00:00:00.000Z')`,
      );
      insert.run('POST /api/v1/tokens', secret);
      insert.run('POST /api/v1/runs', '{}');
    });
    const file = join(folder, 'trainyard.db');
    expect(await readFile(file, 'latin1')).toContain(secret);
    const store = await openStore(folder);
    expect(await store.db.selectFrom('answers').select('route').execute()).toEqual([
      { route: 'POST /api/v1/runs' },
    ]);
    await store.close();
    expect(await readFile(file, 'latin1')).not.toContain(secret);
  });

  it('refuses a store that a newer Trainyard wrote, and changes nothing', async () => {
    const folder = freshFolder();
    await (await openStore(folder)).close();
    raw(folder, (db) => db.exec("update meta set value = '999' where key = 'schema_version'"));
    const refused = openStore(folder);
    await expect(refused).rejects.toThrow(ConflictError);
    await expect(refused).rejects.toMatchObject({
      exit_code: 6,
      message: expect.stringContaining('newer Trainyard (schema 999'),
      hint: expect.stringContaining('Update Trainyard'),
    });
    expect(
      raw(folder, (db) => db.prepare("select value from meta where key = 'schema_version'").get()),
    ).toEqual({ value: '999' });
  });

  it('brings an earlier schema up to date for whoever only reads, where it can write', async () => {
    const folder = freshFolder();
    await mkdir(folder, { recursive: true });
    raw(folder, (db) => {
      for (const { sql } of migrations.slice(0, 1)) db.exec(sql);
      db.exec(`insert into meta (key, value) values ('schema_version', '1')`);
    });
    const store = await openStore(folder, { read_only: true });
    expect(await store.db.selectFrom('runs').select('rehearsal').execute()).toEqual([]);
    await store.close();
  });

  it('does not bring an unknown schema up to date while reading only', async () => {
    const folder = freshFolder();
    await (await openStore(folder)).close();
    raw(folder, (db) => db.exec("update meta set value = '0' where key = 'schema_version'"));
    await expect(openStore(folder, { read_only: true })).rejects.toThrow(/older schema/);
  });

  it('keeps half a migration out: it is applied whole or not at all', async () => {
    const folder = freshFolder();
    await mkdir(folder, { recursive: true });
    raw(folder, (db) => db.exec('create table artifacts (x text)'));
    await expect(openStore(folder)).rejects.toThrow(TrainyardError);
    expect(
      raw(folder, (db) => db.prepare("select name from sqlite_master where type = 'table'").all()),
    ).toEqual([{ name: 'artifacts' }]);
  });

  it('says that a file is no store, and what to do', async () => {
    const folder = freshFolder();
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, 'trainyard.db'),
      'this is not a database, however long the text may be'.repeat(50),
    );
    await expect(openStore(folder)).rejects.toMatchObject({
      message: expect.stringContaining('not a readable Trainyard store'),
      hint: expect.stringContaining('backup'),
    });
  });

  it('says that the folder cannot be made', async () => {
    const folder = freshFolder();
    await mkdir(join(folder, '..'), { recursive: true });
    await writeFile(folder, 'a file in the way');
    await expect(openStore(folder)).rejects.toThrow(TrainyardError);
  });
});

describe('a store open for reading', () => {
  it('reads what others write and writes nothing', async () => {
    const folder = freshFolder();
    const writer = await openStore(folder);
    await addRun(writer);
    const reader = await openStore(folder, { read_only: true });
    expect(await reader.db.selectFrom('runs').select('id').execute()).toHaveLength(1);
    await expect(addRun(reader, { id: 'run_2', number: 2 })).rejects.toThrow(/readonly/);
    await expect(reader.tx(async () => undefined)).rejects.toThrow(/readonly/);
    await reader.close();
    await writer.close();
  });
});

describe('locked', () => {
  it('keeps other writers out, keeps nothing, and hands on what was found or what went wrong', async () => {
    const folder = freshFolder();
    const [a, b] = [await openStore(folder), await openStore(folder)];
    const order: string[] = [];
    const found = await a.locked(async (db) => {
      await db.insertInto('meta').values({ key: 'a', value: '1' }).execute();
      raw(folder, (other) => {
        other.exec('pragma busy_timeout = 0');
        expect(() => other.exec('begin immediate')).toThrow(/locked/);
      });
      order.push('inside');
      return (await db.selectFrom('meta').select('key').execute()).length;
    });
    expect([found, order]).toEqual([2, ['inside']]);
    await b.tx(async (tx) => {
      expect(await tx.selectFrom('meta').select('key').execute()).toEqual([{ key: 'schema_version' }]);
    });
    await expect(a.locked(() => Promise.reject(new Error('half way')))).rejects.toThrow('half way');
    await expect(a.locked(() => a.db.selectFrom('meta').selectAll().execute())).rejects.toThrow(
      /Inside a transaction/,
    );
    await a.close();
    await b.close();
  });
});

describe('tx', () => {
  it('keeps nothing of work that failed', async () => {
    const store = memoryStore();
    await expect(
      store.tx(async (tx) => {
        await tx.insertInto('meta').values({ key: 'a', value: '1' }).execute();
        throw new Error('half way');
      }),
    ).rejects.toThrow('half way');
    expect(await store.db.selectFrom('meta').select('key').execute()).toEqual([{ key: 'schema_version' }]);
    await store.close();
  });

  it('turns a query past the open transaction into an error instead of a wait without end', async () => {
    const store = memoryStore();
    await expect(store.tx(() => store.db.selectFrom('meta').selectAll().execute())).rejects.toThrow(
      /Inside a transaction/,
    );
    expect(await store.db.selectFrom('meta').selectAll().execute()).toHaveLength(1);
    await store.close();
  });

  it('turns a transaction within a transaction into an error too', async () => {
    const store = memoryStore();
    await expect(store.tx(() => store.tx(async () => undefined))).rejects.toThrow(/Inside a transaction/);
    await store.close();
  });

  it('runs one after the other, so that reading and writing in one is safe', async () => {
    const store = memoryStore();
    await store.db.insertInto('meta').values({ key: 'n', value: '0' }).execute();
    const add = () =>
      store.tx(async (tx) => {
        const row = await tx
          .selectFrom('meta')
          .select('value')
          .where('key', '=', 'n')
          .executeTakeFirstOrThrow();
        await tx
          .updateTable('meta')
          .set({ value: String(Number(row.value) + 1) })
          .where('key', '=', 'n')
          .execute();
      });
    await Promise.all(Array.from({ length: 20 }, add));
    expect(await store.db.selectFrom('meta').select('value').where('key', '=', 'n').execute()).toEqual([
      { value: '20' },
    ]);
    await store.close();
  });
});

describe('changeMark', () => {
  it('changes when another connection commits, and not by our own writes', async () => {
    const folder = freshFolder();
    const [mine, theirs] = [await openStore(folder), await openStore(folder)];
    const before = mine.changeMark();
    await addRun(mine);
    expect(mine.changeMark()).toBe(before);
    await addRun(theirs, { id: 'run_2', number: 2 });
    expect(mine.changeMark()).not.toBe(before);
    await mine.close();
    await theirs.close();
  });
});

describe('events', () => {
  it('come back in the order they were written, page by page, with their facts', async () => {
    const store = memoryStore();
    await addRun(store);
    await store.tx((tx) =>
      appendEvents(
        tx,
        0,
        Array.from({ length: 1200 }, (_, i) => ({
          type: 'job.failed',
          severity: 'error' as const,
          run_id: 'run_1',
          message: `m${i}`,
          data: { i },
        })),
      ),
    );
    const seen: unknown[] = [];
    for (let after = 0; ;) {
      const page = await readEvents(store.db, { after, run_id: 'run_1', limit: 500 });
      seen.push(...page.map((e) => e.data['i']));
      if (page.length < 500) break;
      after = page.at(-1)?.seq ?? 0;
    }
    expect(seen).toEqual(Array.from({ length: 1200 }, (_, i) => i));
    await store.close();
  });
});

describe('batches', () => {
  it('cuts a list into pieces in order, and an empty one into none', () => {
    expect([...batches([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]]);
    expect([...batches([])]).toEqual([]);
  });
});

describe('storeError', () => {
  it.each([
    ['attempt to write a readonly database', /cannot be written/, /writable/],
    ['database or disk is full', /disk is full/, /Free some space/],
    ['database disk image is malformed', /not a readable/, /backup/],
    ['database is locked', /locked/, /doctor/],
  ])('names cause and remedy of "%s"', (text, message, hint) => {
    const error = storeError('/p/.trainyard/trainyard.db', new Error(text));
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(error.message).toContain('/p/.trainyard/trainyard.db');
  });
});
