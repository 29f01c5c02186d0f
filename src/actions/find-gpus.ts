import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UsageError } from '../kernel/errors.ts';

/**
 * The GPUs that `--gpus` means, by the names that CUDA knows them by: `auto`, how many, or a list.
 * @throws UsageError
 */
export async function findGpus(wish: string | null): Promise<string[]> {
  if (wish === null) return [];
  if (wish === 'auto') return visible() ?? (await installed());
  if (/^\d+$/.test(wish)) return Array.from({ length: Number(wish) }, (_, i) => String(i));
  if (/^[\w-]+(,[\w-]+)+,?$/.test(wish)) return wish.split(',').filter((name) => name !== '');
  throw new UsageError(`--gpus ${wish} names no GPUs.`, {
    hint: 'Say auto, how many (--gpus 2), or which (--gpus 0,3).',
  });
}

/** What somebody else has left for us. */
function visible(): string[] | null {
  const names = process.env['CUDA_VISIBLE_DEVICES'];
  return names === undefined ? null : names.split(',').filter((name) => name !== '');
}

async function installed(): Promise<string[]> {
  const ask = promisify(execFile)('nvidia-smi', ['--query-gpu=index', '--format=csv,noheader'], {
    timeout: 10_000,
  });
  return ask.then(
    ({ stdout }) =>
      stdout
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== ''),
    () => [], // no driver, no GPUs
  );
}
