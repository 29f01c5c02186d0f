import type { Project } from '../app.ts';
import { JobStatus, attemptKey, isOver } from '../jobs/index.ts';
import type { Job } from '../jobs/index.ts';
import { NotFoundError, UsageError } from '../kernel/errors.ts';

/** A piece of what an attempt printed. */
export interface LogPiece {
  readonly text: string;
  /** Ask again from here; bytes. */
  readonly next_offset: number;
  /** The attempt is over, and this was the rest of it. */
  readonly over: boolean;
}

/** The most that one answer holds. */
export const MOST_LOG_BYTES = 1 << 18;

/**
 * Reads what an attempt printed, as its provider has it: free of secrets, from a byte offset on. An offset beyond the end
 * is brought back to it, a negative one counts from there.
 * @throws NotFoundError for an attempt that there is not, UsageError where the provider keeps no logs
 */
export async function readJobLog(
  { store: { db }, world }: Pick<Project, 'store' | 'world'>,
  job: Pick<Job, 'id' | 'name' | 'run_id' | 'provider' | 'attempt'>,
  query: { readonly attempt?: number | undefined; readonly offset: number; readonly limit: number },
): Promise<LogPiece> {
  const number = query.attempt ?? job.attempt;
  const attempt = await db
    .selectFrom('attempts')
    .select(['status', 'submitted_at'])
    .where('job_id', '=', job.id)
    .where('number', '=', number)
    .executeTakeFirst();
  if (attempt === undefined)
    throw new NotFoundError(`Job ${job.name} has no attempt ${number}.`, {
      hint: job.attempt === 1 ? 'It has one: 1.' : `Its attempts are 1 to ${job.attempt}.`,
    });
  const compute = await world.compute(job.provider);
  if (compute.logs === undefined)
    throw new UsageError(`Provider ${job.provider} has no logs: ${compute.describe().capabilities.logs}.`);
  const over = isOver(JobStatus.parse(attempt.status));
  const asked = { run_id: job.run_id, key: attemptKey(job.name, number) };
  const limit = Math.min(query.limit, MOST_LOG_BYTES);
  try {
    const chunk = await compute.logs({ ...asked, offset: query.offset, limit });
    if (chunk.text !== '') return { text: chunk.text, next_offset: chunk.next_offset, over: chunk.ended };
    if (query.offset <= 0) return { text: '', next_offset: chunk.next_offset, over: over || chunk.ended };
    // Nothing there: at the end of it, or beyond.
    const end = (await compute.logs({ ...asked, offset: -1, limit: 4 })).next_offset;
    return { text: '', next_offset: Math.min(query.offset, end), over: over || chunk.ended };
  } catch (error) {
    // Written down and not handed over yet, or canceled before it was.
    if (error instanceof NotFoundError && attempt.submitted_at === null)
      return { text: '', next_offset: 0, over };
    throw error;
  }
}
