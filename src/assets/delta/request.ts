import { UsageError } from '../../kernel/errors.ts';

/** Which version of a table is wanted. `timestamp` is ISO-8601 with a zone. */
export type DeltaRequest = 'latest' | { readonly version: number } | { readonly timestamp: string };

const TIME =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:[T ](?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?)? ?(?<zone>Z|[+-]\d\d:?\d\d)?$/i;

/**
 * Reads what stands as `delta_version`: `latest`, a version number (as number or text), or a time. A time without a zone
 * is UTC, a date alone is its first instant; digits beyond milliseconds are dropped.
 * Shape: `'12'` → `{version: 12}`, `'2026-03-01 10:00'` → `{timestamp: '2026-03-01T10:00:00.000Z'}`.
 * @throws UsageError for anything else (exit 2)
 */
export function parseDeltaVersion(written: string | number): DeltaRequest {
  const text = String(written).trim();
  if (text.toLowerCase() === 'latest') return 'latest';
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { version: Number(text) };
  const time = parseTime(text);
  if (time !== null) return { timestamp: new Date(time).toISOString() };
  throw new UsageError(`${JSON.stringify(written)} is no version of a Delta table.`, {
    hint: 'Write `latest`, a version number such as 12, or a UTC time such as 2026-03-01T10:00:00Z.',
  });
}

/** Milliseconds since 1970, or null for what is no time of the calendar. */
export function parseTime(text: string): number | null {
  const groups = TIME.exec(text)?.groups;
  if (groups === undefined) return null;
  const part = (name: string): number => Number(groups[name] ?? 0);
  const milliseconds = Number((groups['fraction'] ?? '').slice(0, 3).padEnd(3, '0'));
  const wanted = [
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  ] as const;
  const utc = new Date(Date.UTC(...wanted, milliseconds));
  const got = [
    utc.getUTCFullYear(),
    utc.getUTCMonth(),
    utc.getUTCDate(),
    utc.getUTCHours(),
    utc.getUTCMinutes(),
    utc.getUTCSeconds(),
  ];
  // The 30th of February would silently become the 2nd of March.
  if (got.some((value, i) => value !== wanted[i])) return null;
  const zone = /^([+-])(\d\d):?(\d\d)$/.exec(groups['zone'] ?? '');
  const offset_min =
    zone === null ? 0 : (Number(zone[2]) * 60 + Number(zone[3])) * (zone[1] === '-' ? -1 : 1);
  return utc.getTime() - offset_min * 60_000;
}
