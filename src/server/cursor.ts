import type { z } from 'zod';
import { UsageError } from '../kernel/errors.ts';

/** Where a page ended, as text that nobody reads but the server. */
export const writeCursor = (place: unknown): string =>
  Buffer.from(JSON.stringify(place)).toString('base64url');

/** @throws UsageError for a text that is no cursor of this list */
export function readCursor<T>(schema: z.ZodType<T>, cursor: string): T {
  let place: unknown;
  try {
    place = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    place = undefined;
  }
  const parsed = schema.safeParse(place);
  if (parsed.success) return parsed.data;
  throw new UsageError('The cursor is none of this list.', { hint: 'Take `next` of the page before.' });
}
