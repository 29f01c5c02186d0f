/** `1 d 3 h`, `2 h 05 min`, `3 min 20 s`, `4.2 s`: two units at most, so that figures can be compared at a glance. */
export function duration(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 10) return `${s === 0 ? 0 : s.toFixed(1)} s`;
  const whole = Math.round(s);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A length that was chosen, in its largest whole unit: `30 days`, `90 minutes`. */
export function span(seconds: number): string {
  const [unit, size] = UNITS.find(([, s]) => seconds >= s && seconds % s === 0) ?? ['second', 1];
  return plural(seconds / size, unit);
}

/** Seconds between two moments; null where one is missing. */
export const secondsBetween = (from: string | null, to: string | null): number | null =>
  from === null || to === null ? null : (Date.parse(to) - Date.parse(from)) / 1000;

/** The moment in the viewer's own zone: the time alone for today, the day as well for others, the year for other years. */
export function localTime(iso: string, now: Date): string {
  const at = new Date(iso);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === now.toDateString()) return clock;
  const year = at.getFullYear() === now.getFullYear() ? '' : ` ${at.getFullYear()}`;
  return `${at.getDate()} ${MONTHS[at.getMonth()] ?? ''}${year} ${clock}`;
}

/** The same moment, exactly. */
export const exactTime = (iso: string): string => `${iso.replace('T', ' ').replace(/Z$/, '')} UTC`;

/** `3 min ago`, `in 4 h`: how far away a moment is, in its largest unit. */
export function fromNow(iso: string, now: Date): string {
  const seconds = (Date.parse(iso) - now.getTime()) / 1000;
  const [unit, size] = UNITS.find(([, s]) => Math.abs(seconds) >= s) ?? ['second', 1];
  const n = Math.trunc(seconds / size);
  return n === 0 ? 'now' : RELATIVE.format(n, unit);
}

export const count = (n: number): string => WHOLE.format(n);
/** `1 circuit`, `2,000 circuits`. */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;

/** A measured figure: four digits that count, so that columns can be compared. */
export function number(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return count(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2);
  return FOUR_DIGITS.format(value);
}

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  // What rounds up to a thousand is one of the next unit.
  const step = SIZES.findIndex((_, i) => n < 999.5 * 1000 ** (i + 1)) + 1 || SIZES.length;
  const size = n / 1000 ** step;
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)} ${SIZES[step - 1] ?? ''}`;
}

const two = (n: number): string => String(n).padStart(2, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const SIZES = ['kB', 'MB', 'GB', 'TB'];
// Made once: `toLocaleString` makes one for each figure, which is most of what a row of a table costs.
const WHOLE = new Intl.NumberFormat('en');
const FOUR_DIGITS = new Intl.NumberFormat('en', { maximumSignificantDigits: 4, minimumSignificantDigits: 4 });
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'short' });
const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];
