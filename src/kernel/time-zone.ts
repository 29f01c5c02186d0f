/** True for the names that time zones have, and `UTC`. */
export function isTimeZone(name: string): boolean {
  try {
    // Offsets such as +02:00 know no summer time, and not every part of this program takes them.
    return /^[A-Za-z]/.test(name) && zoneFormat(name) !== null;
  } catch {
    return false;
  }
}

/** Every name, for suggestions. */
export const timeZones = (): readonly string[] => [...Intl.supportedValuesOf('timeZone'), 'UTC'];

/** `Wed 2026-11-25 02:00` as a clock in that zone shows it. */
export function clockTime(at: number, timezone: string): string {
  const parts = new Map(
    zoneFormat(timezone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  return `${part('weekday')} ${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formats.set(timeZone, format);
  }
  return format;
}
