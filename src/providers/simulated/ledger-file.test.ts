import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LedgerFile, ledger } from './ledger-file.ts';
import { testAccepted } from './test-submissions.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-ledger-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const file = (): LedgerFile => new LedgerFile(folder, 'run_1');
const keysOf = (answer: Awaited<ReturnType<LedgerFile['read']>>): string[] =>
  answer.lines.map((line) => line.key);

describe('LedgerFile', () => {
  it('reads each line once, those of other writers too', async () => {
    const mine = file();
    const other = file();
    expect(await mine.read()).toEqual({ lines: [], restarted: false });
    await mine.append([testAccepted(1), testAccepted(2)]);
    expect(keysOf(await mine.read())).toEqual(['key-1', 'key-2']);
    await other.read();
    await other.append([{ kind: 'canceled', key: 'key-2', at: 5 }]);
    expect(await mine.read()).toEqual({
      lines: [{ kind: 'canceled', key: 'key-2', at: 5 }],
      restarted: false,
    });
    expect(keysOf(await file().read())).toEqual(['key-1', 'key-2', 'key-2']);
  });

  it('passes over a line torn by a crash at any byte, and goes on behind it', async () => {
    const writer = file();
    await writer.append([testAccepted(1)]);
    const start = (await readFile(writer.path)).length;
    await writer.read();
    await writer.append([testAccepted(2, { circuit_id: 'Pümpe' })]);
    const whole = await readFile(writer.path);
    for (let length = start; length < whole.length - 1; length++) {
      await writeFile(writer.path, whole.subarray(0, length));
      const next = file();
      expect(keysOf(await next.read())).toEqual(['key-1']);
      await next.append([testAccepted(3)]);
      expect(keysOf(await next.read())).toEqual(['key-3']);
      expect(keysOf(await file().read())).toEqual(['key-1', 'key-3']);
    }
  });

  it('counts a last line that lacks only its line break, once', async () => {
    const writer = file();
    await writer.append([testAccepted(1), testAccepted(2)]);
    await truncate(writer.path, (await readFile(writer.path)).length - 1);
    const next = file();
    expect(keysOf(await next.read())).toEqual(['key-1', 'key-2']);
    expect(keysOf(await next.read())).toEqual([]);
    await next.append([testAccepted(3)]);
    expect(keysOf(await next.read())).toEqual(['key-3']);
    expect(keysOf(await file().read())).toEqual(['key-1', 'key-2', 'key-3']);
  });

  it('starts over when the file is gone', async () => {
    const writer = file();
    await writer.append([testAccepted(1), testAccepted(2)]);
    await writer.read();
    await rm(writer.path);
    expect(await writer.read()).toEqual({ lines: [], restarted: true });
    await writer.append([testAccepted(3)]);
    expect(keysOf(await writer.read())).toEqual(['key-3']);
  });

  it('refuses a line that it does not understand instead of training its attempt again', async () => {
    const writer = file();
    await writer.append([testAccepted(1)]);
    await appendFile(writer.path, '{"kind":"postponed","key":"key-1"}\n');
    await expect(file().read()).rejects.toMatchObject({ name: 'ProviderError', retryable: false });
  });

  it('stays in its folder', () => {
    for (const run_id of ['../run', 'a/b', '', '.', '..'])
      expect(() => new LedgerFile(folder, run_id)).toThrow(/cannot name/);
  });
});

describe('ledger', () => {
  it('lists the accepted keys of a run with how often each was started', async () => {
    expect(await ledger(folder, 'run_1')).toEqual([]);
    await file().append([
      testAccepted(1),
      testAccepted(2),
      { kind: 'canceled', key: 'key-2', at: 5 },
      testAccepted(1),
    ]);
    const entry = (n: number) => ({ key: `key-${n}`, job_name: `job_${n}`, circuit_id: `c${n}`, attempt: 1 });
    expect(await ledger(folder, 'run_1')).toEqual([
      { ...entry(1), started: 2 },
      { ...entry(2), started: 1 },
    ]);
  });
});
