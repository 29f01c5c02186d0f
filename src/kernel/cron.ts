import { Cron } from 'croner';

/**
 * Times of a cron expression in a time zone, in milliseconds since 1970. Over changes of the clock a time of day counts
 * once: where it does not exist it means the first moment after the gap, where it comes twice the first of the two.
 * Expressions for many times an hour follow the clock instead: in the hour that comes twice they hold twice.
 */
const known = new Map<string, Cron>();

function cronOf(expression: string, timezone: string): Cron {
  const key = `${timezone} ${expression}`;
  let cron = known.get(key);
  if (cron === undefined) known.set(key, (cron = new Cron(expression, { timezone, paused: true })));
  return cron;
}

/** The first time after `after`; null when there is none. */
export const nextTime = (expression: string, timezone: string, after: number): number | null =>
  cronOf(expression, timezone).nextRun(new Date(after))?.getTime() ?? null;

/** The last time up to `until`, itself included; null when there is none. */
export const lastTime = (expression: string, timezone: string, until: number): number | null =>
  // What comes before the next millisecond: the library leaves the reference itself out.
  cronOf(expression, timezone)
    .previousRuns(1, new Date(until + 1))[0]
    ?.getTime() ?? null;

/** Five fields, or a word for the common ones. Seconds are refused: nobody trains that often, and six fields are mostly a slip. */
const SHAPE = /^(?:\S+\s+\S+\s+\S+\s+\S+\s+\S+|@(?:hourly|daily|midnight|weekly|monthly|yearly|annually))$/i;
const EXAMPLE =
  'Write minute, hour, day of month, month, day of week: "0 2 * * *" is every day at 02:00, "30 6 * * mon-fri" on weekdays at 06:30.';

/** What is wrong with a cron expression, and what to write instead; null when it is fine. */
export function cronProblem(expression: string): { readonly message: string; readonly hint: string } | null {
  const text = expression.trim();
  const wrong = (message: string) => ({ message, hint: EXAMPLE });
  if (!SHAPE.test(text)) {
    const fields = text === '' ? 0 : text.split(/\s+/).length;
    return wrong(
      text.startsWith('@')
        ? `no cron expression is called \`${text}\``
        : `must be a cron expression of five fields, has ${fields}`,
    );
  }
  try {
    if (nextTime(text, 'UTC', NEVER_BEFORE) !== null) return null;
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^\w+: /, '') : String(error);
    return wrong(`must be a cron expression: ${why.charAt(0).toLowerCase()}${why.slice(1)}`);
  }
  return wrong(`\`${text}\` never comes`);
}

/** 2024-01-01, a leap year: the 29th of February comes. */
const NEVER_BEFORE = Date.UTC(2024, 0, 1);
