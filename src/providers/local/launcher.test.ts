import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LAUNCHER } from './launcher-process.ts';

const base = mkdtempSync(join(tmpdir(), 'trainyard-launcher-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

function order(key: string): string {
  const dir = join(base, key);
  const step = { name: 'train', argv: ['/bin/true'], cwd: join(dir, 'work'), link: null, env: {} };
  return JSON.stringify({
    key,
    dir,
    folders: [join(dir, 'work')],
    log: join(dir, 'log'),
    steps: [step],
    timeout_s: null,
    secrets: [],
    log_link: null,
    log_before: null,
    memory_mib: null,
    gpus: 0,
    tied: false,
  });
}

const facts = (journal: string): { e: string; key?: string }[] =>
  readFileSync(journal, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { e: string; key?: string });

describe('the launcher', () => {
  it('knocks a few times while there is more to start, and at once when there is not', async () => {
    const journal = join(base, 'journal.jsonl');
    const begun = performance.now();
    const child = spawn('python3', ['-I', '-S', LAUNCHER, journal, '1', '1'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const jobs = 200;
    let knocks = 0;
    const heard = new Promise<void>((resolve) => {
      child.stdout.on('data', (dots: Buffer) => {
        knocks += dots.length;
        if (facts(journal).filter((f) => f.e === 'ended').length === jobs) resolve();
      });
    });
    child.stdin.write(Array.from({ length: jobs }, (_, i) => `${order(`many_${i}`)}\n`).join(''));
    await heard;
    // One per tenth of a second, the first, and those for the last job: when it starts, when it has ended.
    expect(knocks).toBeLessThanOrEqual(4 + (performance.now() - begun) / 100);

    const before = facts(journal).length;
    // A knock for the last of those before may still come.
    const started = new Promise<void>((resolve) => {
      child.stdout.on('data', () => {
        if (facts(journal).some((f) => f.e === 'started' && f.key === 'one')) resolve();
      });
    });
    child.stdin.write(`${order('one')}\n`);
    await started;
    expect(facts(journal).slice(before, before + 2)).toMatchObject([
      { e: 'intent', key: 'one' },
      { e: 'started', key: 'one' },
    ]);
    child.stdin.end();
    await once(child, 'exit');
    expect(facts(journal).find((f) => f.e === 'ended' && f.key === 'one')).toBeDefined();
  });
});
