import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { testWorld } from '../testing/test-world.ts';
import { listen } from './listen.ts';
import type { Listening } from './listen.ts';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

async function server(): Promise<Listening> {
  const w = await testWorld({ environment: null });
  opened.push(w);
  return listen({ project: w.project }, { address: '127.0.0.1', port: 0 });
}

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

  it('waits for nobody longer than it was told', async () => {
    const s = await server();
    const { said } = await halfway(s);
    await s.close(100);
    expect(await said).toBe('');
  });
});
