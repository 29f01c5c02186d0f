import type { Clock } from '../../kernel/clock.ts';
import { formatDuration } from '../../kernel/duration.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Outcome } from '../sender.ts';

/** Given as the reason where nobody reads one: making an error for each of ten thousand attempts would cost more than they do. */
const SETTLED = 'settled';

/** One attempt, which ends when its time is over or `cut` is aborted, whatever the other end does. */
export async function withTimeLimit(
  clock: Clock,
  limit_ms: number,
  cut: AbortSignal,
  work: (signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome> {
  const over = new AbortController();
  const waiting = new AbortController();
  const end = (): void => waiting.abort(SETTLED);
  cut.addEventListener('abort', end, { once: true });
  if (cut.aborted) end();
  const limited = (): Outcome => ({
    kind: 'later',
    error: cut.aborted
      ? 'the command ended before an answer came'
      : `no answer within ${formatDuration(limit_ms / 1000)}`,
    retry_after_ms: cut.aborted ? 0 : null,
  });
  let settled = false;
  const attempt = work(over.signal).catch((error: unknown): Outcome => ({
    kind: 'later',
    error: messageOf(error),
    retry_after_ms: null,
  }));
  const limit = clock.sleep(limit_ms, waiting.signal).then((): Outcome => {
    if (!settled) over.abort();
    return limited();
  });
  try {
    return await Promise.race([attempt, limit]);
  } finally {
    settled = true;
    cut.removeEventListener('abort', end);
    end();
  }
}
