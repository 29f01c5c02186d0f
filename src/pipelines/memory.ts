import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Lets the heap grow by half before the next full collection, where V8 on a machine with much memory would let it grow
 * fourfold: a run makes garbage all along, and the books of ten thousand jobs are small beside it.
 */
export function growHeapSlowly(): void {
  setFlagsFromString('--heap-growing-percent=50');
}

/**
 * Gives memory back to the system after a burst of work. V8 collects when it allocates: a process that only waits
 * would keep for days what planning and submitting ten thousand jobs took for seconds. Blocks for about 0.1 s, so it
 * does nothing where little has come since the last time.
 */
export function giveBackMemory(): void {
  if (process.memoryUsage.rss() < left + WORTH_IT) return;
  if (collect === undefined) {
    // The only way to V8's collector that needs no flag on the command line.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('typeof gc === "function" ? gc : null') as Collect | null; // code of our own, one line up
  }
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  left = process.memoryUsage.rss();
}

/** Bytes. */
const WORTH_IT = 16 * 2 ** 20;
let left = 0;

type Collect = (how: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;
let collect: Collect | null | undefined;
