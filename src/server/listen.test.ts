import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { sha256 } from '../kernel/digest.ts';
import { testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { listen } from './listen.ts';
import type { Listening } from './listen.ts';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

async function world(): Promise<TestWorld> {
  const w = await testWorld({ environment: null });
  opened.push(w);
  return w;
}

const serving = ({ project }: Pick<TestWorld, 'project'>): Promise<Listening> =>
  listen({ project }, { host: '127.0.0.1', port: 0 });

const server = async (): Promise<Listening> => serving(await world());

/** A client of which the first half of a request has arrived. */
async function halfway(to: Listening): Promise<{ readonly socket: Socket; readonly said: Promise<string> }> {
  const { hostname, port } = new URL(to.url);
  const socket = connect(Number(port), hostname);
  const said = new Promise<string>((resolve) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
  socket.write(
    `POST /api/v1/plans HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{"circui`,
  );
  // Whoever comes later is answered: what came before has been read.
  await fetch(`${to.url}/healthz`);
  return { socket, said };
}

describe('a server that closes', () => {
  it('answers what is under way, ends kept connections and takes nothing new', async () => {
    const s = await server();
    const { socket, said } = await halfway(s);
    const closed = s.close(60_000);
    await expect(fetch(`${s.url}/healthz`)).rejects.toThrow();
    socket.write('ts":7');
    expect(await said).toMatch(/^HTTP\/1\.1 400 /);
    await closed;
  });

  it('asked again, by whoever, ends once and by the limit that is over first', async () => {
    const s = await server();
    const { said } = await halfway(s);
    const first = s.close(600_000);
    await s.close(100);
    await first;
    expect(await said).toBe('');
    await s.close();
  });

  it('lets connections go on which nothing was ever said, without waiting for the limit', async () => {
    const s = await server();
    const { hostname, port } = new URL(s.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    // Whoever comes later is answered: the one that came before is known.
    await fetch(`${s.url}/healthz`);
    const closed = s.close(600_000);
    await once(socket, 'close');
    await closed;
  });

  it('waits for nobody longer than it was told', async () => {
    const s = await server();
    const { said } = await halfway(s);
    await s.close(100);
    expect(await said).toBe('');
  });

  it.each([
    ['the event stream', '/events/stream'],
    ['the stream of a log that still grows', '/jobs/p_c001_2026_01_31/logs/stream'],
    ['an archive', '/runs/1/artifacts.zip'],
    ['a file', '/runs/1/artifacts/training_jobs'],
  ])('ends within its limit although somebody who reads nothing asked for %s', async (_what, path) => {
    const w = await world();
    await w.run();
    await enlarge(w, 'training_jobs');
    const compute = await w.project.world.compute('simulated');
    const growing = async ({ offset }: { readonly offset: number }) => ({
      text: '.',
      next_offset: offset + 1,
      ended: false,
    });
    const project = {
      ...w.project,
      world: { ...w.project.world, compute: async () => ({ ...compute, logs: growing }) },
    };
    const s = await serving({ project });
    const { hostname, port, host } = new URL(s.url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET /api/v1${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    await once(socket, 'readable');
    expect(String(socket.read(12))).toBe('HTTP/1.1 200');
    socket.on('error', () => undefined);
    const ended = once(socket, 'close');
    await s.close(100);
    socket.resume();
    await ended;
  });
});

/** Makes an artifact of a run so large that it does not fit into what the system keeps between the two ends. */
async function enlarge(w: TestWorld, name: string): Promise<void> {
  const content = JSON.stringify(randomBytes(24 << 20).toString('base64'));
  const { path } = await w.project.store.db
    .selectFrom('artifacts')
    .select('path')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  await writeFile(join(w.project.store.folder, path), content);
  const { size } = await stat(join(w.project.store.folder, path));
  await w.project.store.db
    .updateTable('artifacts')
    .set({ size, sha256: sha256(content) })
    .where('name', '=', name)
    .execute();
}
