import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import { person } from '../testing/test-rows.ts';
import { appendEvents, listAudit, memoryStore, verifyAudit } from './index.ts';
import type { NewEvent, Store } from './index.ts';

const NOW = Date.UTC(2026, 0, 1);
let store: Store;
beforeEach(() => {
  store = memoryStore();
});
afterEach(() => store.close());

const write = (...events: NewEvent[]): Promise<void> => store.tx((tx) => appendEvents(tx, NOW, events));
const said = (n: number): NewEvent => ({
  type: 'approval.decided',
  actor: person('ann'),
  message: `verdict ${n}`,
  data: { n },
});
const entries = async (count: number): Promise<void> => {
  for (let n = 1; n <= count; n++) await write(said(n));
};

describe('the audit record', () => {
  it('holds what people did and what Trainyard changed, in order, and no mere progress', async () => {
    await write(
      { type: 'run.created', actor: person('ann'), message: 'ann started a run' },
      { type: 'stage.started', message: 'SubmitTraining started' },
      { type: 'job.failed', message: 'a job failed' },
    );
    await write(
      { type: 'model.registered', message: 'm v1 registered' },
      { type: 'job.cancel_requested', actor: person('bob'), message: 'bob' },
    );
    const listed = await listAudit(store.db, { limit: 10 });
    expect(listed.map((e) => [e.seq, e.type, e.actor, e.identity])).toEqual([
      [3, 'job.cancel_requested', 'bob', 'claimed'],
      [2, 'model.registered', 'trainyard', 'system'],
      [1, 'run.created', 'ann', 'claimed'],
    ]);
    expect(await verifyAudit(store.db)).toMatchObject({ ok: true, entries: 3 });
  });

  it('is written with the change or not at all', async () => {
    await expect(
      store.tx(async (tx) => {
        await appendEvents(tx, NOW, [said(1)]);
        throw new Error('half way');
      }),
    ).rejects.toThrow('half way');
    expect(await verifyAudit(store.db)).toMatchObject({ ok: true, entries: 0 });
  });

  it('is whole over more entries than are read or written at once', async () => {
    await write(...Array.from({ length: 2300 }, (_, n) => said(n)));
    expect(await verifyAudit(store.db)).toMatchObject({ ok: true, entries: 2300 });
  });

  it.each([
    ['an edited message', `update audit set message = 'verdict 9' where seq = 3`, 3, 'entry 3 was edited'],
    ['edited data', `update audit set data = '{"n":9}' where seq = 3`, 3, 'entry 3 was edited'],
    ['an edited name', `update audit set actor = 'eve' where seq = 1`, 1, 'entry 1 was edited'],
    ['an edited time', `update audit set at = '2027-01-01' where seq = 5`, 5, 'entry 5 was edited'],
    ['a removed entry', `delete from audit where seq = 3`, 3, 'entry 3 was removed'],
    ['a removed first entry', `delete from audit where seq = 1`, 1, 'entry 1 was removed'],
    ['removed last entries', `delete from audit where seq > 3`, 4, 'the last 2 entries were removed'],
    ['everything removed', `delete from audit`, 1, 'the last 5 entries were removed'],
    [
      'entries that changed places',
      `update audit set seq = case seq when 2 then 30 when 3 then 20 else seq end where seq in (2, 3);
       update audit set seq = seq / 10 where seq in (30, 20)`,
      2,
      'moved or replaced',
    ],
    [
      'a forged entry at the end',
      `insert into audit select 6, at, 'eve', identity, type, run_id, stage, circuit_id, message, data, hash, hash from audit where seq = 5`,
      6,
      'entry 6 was edited',
    ],
  ])('finds %s', async (_what, change, seq, problem) => {
    await entries(5);
    for (const statement of change.split(';')) await sql.raw(statement).execute(store.db);
    expect(await verifyAudit(store.db)).toMatchObject({
      ok: false,
      seq,
      problem: expect.stringContaining(problem) as unknown,
    });
  });

  it('finds a chain that was rewritten whole, by a head that somebody kept', async () => {
    await entries(3);
    const before = await verifyAudit(store.db);
    const kept = before.ok ? before.head : '';
    await entries(2);
    expect(await verifyAudit(store.db, kept)).toMatchObject({ ok: true, entries: 5 });
    await store.db.deleteFrom('audit').execute();
    await store.db.deleteFrom('meta').where('key', '=', 'audit_head').execute();
    await write(said(7), said(8), said(9), said(10));
    expect(await verifyAudit(store.db)).toMatchObject({ ok: true });
    expect(await verifyAudit(store.db, kept)).toMatchObject({
      ok: false,
      seq: 3,
      problem: expect.stringContaining('rewritten') as unknown,
    });
    expect(await verifyAudit(store.db, `9:${'0'.repeat(64)}`)).toMatchObject({ ok: false, seq: 5 });
  });

  it('is whole while somebody else writes', async () => {
    await entries(3);
    const verdicts = await Promise.all(
      Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? write(said(n)) : verifyAudit(store.db))),
    );
    for (const verdict of verdicts.filter((v) => v !== undefined))
      expect(verdict).toMatchObject({ ok: true });
  });

  it('finds that all of it is gone, as long as somebody did something', async () => {
    await entries(3);
    await store.db.deleteFrom('audit').execute();
    await store.db.deleteFrom('meta').where('key', '=', 'audit_head').execute();
    expect(await verifyAudit(store.db)).toMatchObject({ ok: false, problem: 'the whole record was removed' });
  });

  it('takes a head for what its number says, however it is written', async () => {
    await entries(3);
    const wrong = 'a'.repeat(64);
    for (const head of [`3:${wrong}`, `03:${wrong}`, `0:${wrong}`])
      expect(await verifyAudit(store.db, head), head).toMatchObject({ ok: false });
  });

  it('filters by person and kind, and pages', async () => {
    await write(said(1), { type: 'run.created', actor: person('bob'), message: 'b' }, said(3));
    expect((await listAudit(store.db, { actor: 'bob', limit: 9 })).map((e) => e.seq)).toEqual([2]);
    expect((await listAudit(store.db, { type: 'approval.*', limit: 9 })).map((e) => e.seq)).toEqual([3, 1]);
    expect((await listAudit(store.db, { before: 3, limit: 1 })).map((e) => e.seq)).toEqual([2]);
    await write({ type: 'run.partial_accepted', actor: person('ann'), message: 'p' });
    expect((await listAudit(store.db, { type: 'run.partial_*', limit: 9 })).map((e) => e.seq)).toEqual([4]);
    expect(await listAudit(store.db, { type: 'run_partial*', limit: 9 })).toEqual([]);
  });
});
