/** The built web UI, built once more where its sources are newer. */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../../src/kernel/digest.ts';

const ROOT = join(import.meta.dirname, '../..');
const BUILT = join(ROOT, 'web', 'dist', 'index.html');
/** Taken by who builds; the others wait. */
const LOCK = join(tmpdir(), `trainyard-web-${sha256(ROOT).slice(0, 12)}`);

export async function ensureWebDist(): Promise<void> {
  for (const end = Date.now() + 120_000; isStale(); await sleep(100)) {
    if (Date.now() > end) rmSync(LOCK, { recursive: true, force: true });
    try {
      mkdirSync(LOCK);
    } catch {
      continue; // somebody builds it
    }
    try {
      if (isStale())
        execFileSync(process.execPath, [join(ROOT, 'scripts', 'build-web.ts')], { cwd: ROOT, stdio: 'pipe' });
    } finally {
      rmSync(LOCK, { recursive: true, force: true });
    }
  }
}

/** Folders count too: their time tells that a file was taken away. */
function isStale(): boolean {
  const built = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = globSync(['web/src/**', 'web/public/**', 'web/index.html', 'web/vite.config.ts'], {
    cwd: ROOT,
  });
  return sources.some((file) => statSync(join(ROOT, file)).mtimeMs > built);
}
