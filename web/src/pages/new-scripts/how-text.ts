import type { Preview } from '../../scripts/index.ts';
import { duration, plural } from '../../ui/index.ts';

/** How the jobs of a preview would run, in one line. */
export function howText({ how, resumed }: Pick<Preview, 'how' | 'resumed'>): string {
  const told = [
    how.max_workers === 1 ? 'One after the other' : `Up to ${how.max_workers} at once`,
    how.order === 'longest' ? 'what took longest the last time first' : 'in the order they are found',
    how.retries === 0 ? 'one attempt each' : `up to ${plural(how.retries + 1, 'attempt')} each`,
    how.timeout_s === null ? '' : `${duration(how.timeout_s)} per attempt`,
    how.memory_limit_mib === null ? '' : `${how.memory_limit_mib} MiB of memory each`,
    how.gpus.length === 0
      ? ''
      : `${how.gpus_per_job} of the ${plural(how.gpus.length, 'GPU')} ${how.gpus.join(', ')} each`,
    how.allow_partial_success ? 'one that succeeds is enough' : '',
  ].filter((part) => part !== '');
  const out = resumed === 0 ? '' : ` ${resumed} left out, as the interrupted run had finished them.`;
  return `${told.join(', ')}.${out}`;
}
