import { UsageError } from '../kernel/errors.ts';

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
