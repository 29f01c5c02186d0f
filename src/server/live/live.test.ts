import { afterEach, describe, expect, it } from 'vitest';
import { appendEvents } from '../../store/index.ts';
import type { NewEvent } from '../../store/index.ts';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { createLive } from './live.ts';
import type { Live } from './live.ts';

let open: TestWorld[] = [];
afterEach(async () => {
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});
const world = async (): Promise<TestWorld> => {
  const made = await testWorld({ environment: null });
  open.push(made);
  return made;
};
const happen = (w: TestWorld, ...events: readonly NewEvent[]): Promise<void> =>
  w.project.store.tx((tx) => appendEvents(tx, w.clock.now(), events));
const note = (message: string, run_id: string | null = null): NewEvent => ({
  type: 'run.noted',
  run_id,
  message,
});

/** Lets time go by in the steps in which the store is looked at; what is under way comes to its end before each. */
async function pass(w: TestWorld, ms: number): Promise<void> {
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  await turns();
  for (let gone = 0; gone < ms; gone += 50) {
    await w.clock.advance(50);
    await turns();
  }
}

/** What a client has read so far, frame by frame. */
class Client {
  readonly frames: { readonly event: string | null; readonly id: number | null; readonly data: unknown }[] =
    [];
  over = false;
  broken = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(stream: ReadableStream<Uint8Array>, reads = true) {
    this.#reader = stream.getReader();
    if (reads) void this.#read();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for (;;) {
      const piece = await this.#reader.read().catch(() => null);
      if (piece === null) this.broken = true;
      if (piece === null || piece.done) break;
      text += decoder.decode(piece.value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string): string | null =>
          new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null;
        const [id, data] = [field('id'), field('data')];
        this.frames.push({
          event: field('event'),
          id: id === null ? null : Number(id),
          data: data === null ? null : (JSON.parse(data) as unknown),
        });
      }
    }
    this.over = true;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  of(event: string): { id: number | null; data: unknown }[] {
    return this.frames.filter((f) => f.event === event);
  }

  get messages(): string[] {
    return this.of('event').map((f) => (f.data as { message: string }).message);
  }
}

const client = async (live: Live, after: number | null = null, run_id: string | null = null) =>
  new Client(await live.open({ run_id, after }));

describe('the event stream', () => {
  it('tells everybody what happens from now on, in order, with the place as its id', async () => {
    const w = await world();
    const live = createLive(w.project);
    await happen(w, note('before'));
    const [one, two] = [await client(live), await client(live)];
    await pass(w, 100);
    await happen(w, note('first'), note('second'));
    await pass(w, 200);
    for (const each of [one, two]) {
      expect(each.messages).toEqual(['first', 'second']);
      expect(each.frames[0]).toEqual({ event: null, id: 1, data: null });
      expect(each.of('event').map((f) => f.id)).toEqual([2, 3]);
    }
    live.end();
  });

  it('goes on where a client was, and loses nothing between the store and what comes', async () => {
    const w = await world();
    const live = createLive(w.project);
    const watching = await client(live);
    await happen(w, ...Array.from({ length: 1200 }, (_, i) => note(`n${i + 1}`)));
    const again = await client(live, 7);
    await happen(w, note('last'));
    await pass(w, 500);
    expect(again.messages).toEqual([...Array.from({ length: 1193 }, (_, i) => `n${i + 8}`), 'last']);
    expect(watching.messages).toHaveLength(1201);
    live.end();
  });

  it('starts anew for a client that is too far behind, or comes from another store', async () => {
    const w = await world();
    await happen(w, ...Array.from({ length: 5002 }, (_, i) => note(`n${i}`)));
    const live = createLive(w.project);
    const [behind, ahead, fine] = [await client(live, 1), await client(live, 99_999), await client(live, 2)];
    await pass(w, 300);
    for (const each of [behind, ahead]) {
      expect(each.of('reset')).toEqual([{ event: 'reset', id: 5002, data: { seq: 5002 } }]);
      expect(each.messages).toEqual([]);
    }
    expect(fine.messages).toHaveLength(5000);
    live.end();
  });

  it('of one run tells of that run alone', async () => {
    const w = await world();
    const [a, b] = [await w.start({ circuits: ['p_c000'] }), await w.start({ circuits: ['p_c001'] })];
    const live = createLive(w.project);
    const of_b = await client(live, 0, b.id);
    await happen(w, note('of a', a.id), note('of nothing'), note('of b', b.id));
    await pass(w, 1500);
    expect(of_b.messages.at(-1)).toBe('of b');
    expect(of_b.of('event').every((f) => (f.data as { run: number }).run === 2)).toBe(true);
    expect(of_b.of('progress').flatMap((f) => (f.data as { runs: { number: number }[] }).runs)).toMatchObject(
      [{ number: 2 }],
    );
    live.end();
  });

  it('tells how far open runs are from their counts, when they moved and when they end', async () => {
    const w = await world();
    const live = createLive(w.project);
    const listening = await client(live);
    await pass(w, 1000);
    expect(listening.of('progress')).toEqual([]);
    await w.start();
    await pass(w, 1100);
    expect(listening.of('progress')).toHaveLength(1);
    await w.settle();
    await pass(w, 2000);
    const told = listening.of('progress').length;
    expect(listening.of('progress').at(-1)?.data).toMatchObject({
      runs: [{ number: 1, status: 'waiting', jobs: { succeeded: 3, failed: 0 } }],
    });
    const late = await client(live);
    await pass(w, 5000);
    expect(listening.of('progress')).toHaveLength(told);
    expect(late.of('progress')).toHaveLength(1);
    await w.project.store.db
      .updateTable('runs')
      .set({ status: 'canceled', ended_at: '2026-01-02T00:00:00.000Z' })
      .execute();
    await pass(w, 2000);
    expect(listening.of('progress').at(-1)?.data).toMatchObject({
      runs: [{ number: 1, status: 'canceled' }],
    });
    live.end();
  });

  it('reads nothing while nobody listens or nothing is written', async () => {
    const w = await world();
    let looks = 0;
    let reads = 0;
    const { store } = w.project;
    const counted = {
      ...store,
      readMark: () => {
        looks++;
        return store.readMark();
      },
      get db() {
        reads++;
        return store.db;
      },
    };
    const live = createLive({ store: counted, clock: w.clock });
    const idle = [looks, reads];
    await happen(w, note('unheard'));
    await pass(w, 3000);
    expect([looks, reads]).toEqual(idle);
    const listening = await client(live);
    await pass(w, 3000);
    const quiet = reads;
    await pass(w, 3000);
    expect(looks).toBeGreaterThan(50);
    expect(reads).toBe(quiet);
    await listening.cancel();
    await pass(w, 200);
    const left = looks;
    await pass(w, 3000);
    expect(looks).toBe(left);
  });

  it('cuts off a client that does not take what it is sent, and leaves the others alone', async () => {
    const w = await world();
    const live = createLive(w.project);
    const slow = new Client(await live.open({ run_id: null, after: null }), false);
    const quick = await client(live);
    await pass(w, 100);
    for (let i = 0; i < 12; i++) {
      await happen(w, note('x'.repeat(120_000)));
      await pass(w, 100);
    }
    expect(live.stats()).toMatchObject({ connections: 1, cut_off: 1 });
    expect(quick.messages).toHaveLength(12);
    await expect(slow.cancel()).rejects.toThrow('does not take');
    live.end();
  });

  it('ends for whoever may not listen any more', async () => {
    const w = await world();
    const live = createLive(w.project);
    let may = true;
    const revoked = new Client(await live.open({ run_id: null, after: null, stillMay: async () => may }));
    const other = await client(live);
    await pass(w, 16_000);
    expect(revoked.over).toBe(false);
    may = false;
    await pass(w, 15_000);
    expect([revoked.over, other.over]).toEqual([true, false]);
    live.end();
  });

  it('goes on for others after one that was ended before it had begun', async () => {
    const w = await world();
    const live = createLive(w.project);
    const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const stillMay = async (): Promise<boolean> => {
      asked.resolve();
      await answered.promise;
      return true;
    };
    const first = new Client(await live.open({ run_id: null, after: null, stillMay }));
    await pass(w, 15_000);
    // It is asked whether the first may still listen, who leaves meanwhile; so the one who comes next is asked too.
    await asked.promise;
    await first.cancel();
    await pass(w, 100);
    const opening = live.open({ run_id: null, after: null, stillMay: async () => false });
    answered.resolve();
    const second = new Client(await opening);
    await pass(w, 100);
    const third = await client(live);
    await pass(w, 100);
    await happen(w, note('heard'));
    await pass(w, 200);
    expect(third.messages).toEqual(['heard']);
    expect(second.over).toBe(true);
    live.end();
  });

  it('keeps the line alive, says what changed without an event, and ends in good order', async () => {
    const w = await world();
    const live = createLive(w.project);
    const listening = await client(live);
    await pass(w, 15_000);
    expect(listening.frames.filter((f) => f.event === null && f.id === null)).toHaveLength(1);
    live.changed('circuits');
    await pass(w, 100);
    expect(listening.of('changed')).toMatchObject([{ data: { what: ['circuits'] } }]);
    live.end();
    await pass(w, 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(listening).toMatchObject({ over: true, broken: false });
    await expect(live.open({ run_id: null, after: null })).rejects.toThrow('about to end');
  });
});
