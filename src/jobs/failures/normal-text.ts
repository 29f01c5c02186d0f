/**
 * A message without what differs from one attempt to the next: times, ids, addresses, hosts by number, folders, sizes,
 * counts. What tells causes apart stays: names, quoted words, the last part of a path, the host of a URL, and numbers
 * that stand for something (HTTP status, errno, exit codes, signals, SQLSTATE).
 */
export function normalText(text: string, own_names: readonly string[] = []): string {
  return withoutNames(text.slice(0, MOST), own_names)
    .replaceAll(VARYING, replace)
    .replaceAll(/<n>(?:(?: ?[,x×/] ?| )<n>){1,200}/g, '<n>')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** The rest of a longer message says nothing new. */
const MOST = 1000;

/** Alternatives in the order of their claims; each is bounded, so that no text makes one slow. */
const VARYING = new RegExp(
  [
    // https://host/path?query, azureml://…, hdfs://…, file:/…
    String.raw`(?<url>\b[a-z][a-z0-9+.-]{1,20}:\/{1,3}[^\s'"<>)\]|]{1,500})`,
    // C:\jobs\1\train.py
    String.raw`(?<windows>\b[A-Za-z]:\\[^\s'"<>:|]{1,500})`,
    // /mnt/a/b.parquet, ./b, data/train.csv
    String.raw`(?<path>(?:(?<![\w/.~-])(?:~|\.{1,2})?\/[^\s'"<>:,;)\]|]{1,500}|(?<![\w/.-])[\w.@=-]{1,100}(?:\/[\w.@=-]{1,100}){1,20}))`,
    String.raw`(?<id>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)`,
    String.raw`(?<time>\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)|\b\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\b)`,
    String.raw`(?<address>\b0x[0-9a-fA-F]{1,20}\b)`,
    String.raw`(?<host>\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b)`,
    // Digests and ids: hex with digits and letters.
    String.raw`(?<hex>\b(?=[a-f]{0,40}\d)(?=\d{0,40}[a-f])[0-9a-f]{8,128}\b)`,
    String.raw`(?<number>(?:(?<![\w.])[-+])?\d{1,40}(?:[_,]\d{3}(?!\d)){0,10}(?:\.\d{1,40})?(?:[eE][-+]?\d{1,4})?(?:\s?(?:[kKMGTP]i?B|bytes|ms|s|min|h|%)\b)?)`,
  ].join('|'),
  'g',
);

function replace(match: string, ...rest: unknown[]): string {
  const groups = rest.at(-1) as Record<string, string | undefined>;
  const whole = String(rest.at(-2));
  const offset = Number(rest.at(-3));
  if (groups['number'] !== undefined) return numberOr(match, whole, offset);
  if (groups['url'] !== undefined) return urlText(match);
  if (groups['windows'] !== undefined) return pathText(match.replaceAll('\\', '/'));
  if (groups['path'] !== undefined) return pathText(match);
  if (groups['time'] !== undefined) return '<time>';
  if (groups['address'] !== undefined) return '<address>';
  if (groups['host'] !== undefined) return '<host>';
  return '<id>';
}

/** Words before a number that make it part of the cause. */
const MEANT =
  /(?:errno|os error|http(?:\/[\d.]{1,4})?|status(?:[ _-]?code)?|error[ _-]?code|exit(?:ed)?[ _-]?(?:code|status)?|exit_code|exitcode|with code|signal|sqlstate|code)["']?[\s:=(#[]{0,4}$/i;
/** And words after it. */
const MEANT_BY_NEXT = /^ (?:Client|Server) Error/;

function numberOr(match: string, whole: string, offset: number): string {
  const before = whole.slice(Math.max(0, offset - 24), offset);
  if (
    MEANT.test(before) ||
    MEANT_BY_NEXT.test(whole.slice(offset + match.length, offset + match.length + 14))
  )
    return match;
  // float64, utf8, conv1d: short numbers that belong to a word.
  if (/(?:^|[^A-Za-z\d])[A-Za-z]{1,20}$/.test(before) && /^\d{1,3}$/.test(match)) return match;
  return '<n>';
}

/** Host and scheme stay: another service is another cause. */
function urlText(url: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/{1,3}(.*)$/.exec(url) ?? [];
  if (scheme === 'file' || scheme === 'hdfs' || scheme === 'dbfs') return pathText(`/${rest}`);
  const host = rest.split(/[/?#]/, 1)[0] ?? '';
  return `<url ${hostName(host)}>`;
}

/** A host without its port and what numbers it among its likes. */
export function hostName(host: string): string {
  const name = host.replace(/^[^@]{0,200}@/, '').replace(/:\d{1,5}$/, '');
  if (/^[\d.]+$/.test(name)) return '<host>';
  return name.toLowerCase().replaceAll(/\d+/g, '<n>');
}

/** The last part with a name in it; `readings/2026-03` is more than a date. */
export function pathText(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  const kept: string[] = [];
  for (const part of parts.toReversed().slice(0, 3)) {
    const plain = part
      .replaceAll(/[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}/g, '<id>')
      .replaceAll(/(?<![A-Za-z0-9])(?=[a-f]{0,40}\d)[0-9a-f]{12,128}(?![A-Za-z0-9])/g, '<id>')
      .replaceAll(/\d+/g, '<n>');
    kept.unshift(plain);
    if (/[A-Za-z]{2}/.test(plain.replaceAll(/<\w+>/g, ''))) break;
  }
  return `<path>/${kept.join('/')}`;
}

/** A text with `<own>` for the names of the job itself, long ones first so that none is left in pieces. */
export function withoutNames(text: string, own_names: readonly string[]): string {
  let plain = text;
  for (const name of own_names.toSorted((a, b) => b.length - a.length)) {
    if (name.length < 3 || !plain.includes(name)) continue;
    const whole = new RegExp(
      `(?<![A-Za-z0-9_])${name.replaceAll(/[^A-Za-z0-9_]/g, String.raw`\$&`)}(?![A-Za-z0-9_])`,
      'g',
    );
    plain = plain.replaceAll(whole, '<own>');
  }
  return plain;
}
