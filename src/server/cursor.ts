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
  throw noCursor(cursor);
}

/** A cursor that is the id of the last one shown. @throws UsageError */
export function idCursor(text: string | undefined): string | undefined {
  if (text === undefined || /^[\w.:-]{1,300}$/.test(text)) return text;
  throw noCursor(text);
}

/** A cursor that is the number of the last one shown. @throws UsageError */
export function numberCursor(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw noCursor(text);
}

const noCursor = (text: string): UsageError =>
  new UsageError(`${text.slice(0, 60)} is no cursor of this list.`, {
    hint: 'Take `next` of the page before.',
  });
