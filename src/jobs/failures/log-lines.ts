/** A line of a log: as printed, and without what launchers and collectors put before it. */
export interface LogLine {
  readonly shown: string;
  readonly text: string;
}

/** More of a log than this is not looked at. */
const MOST_CHARACTERS = 1 << 16;
const MOST_LINES = 2000;
/** What of a line is looked at. Errors stand at its beginning; what is longer is data. */
const MOST_TEXT = 2000;

export const TRACEBACK = 'Traceback (most recent call last)';

/** The end of a log as lines. A progress bar draws over its line: each drawing is a line of its own here. */
export function logLines(tail: string): LogLine[] {
  const lines: LogLine[] = [];
  for (const shown of printable(tail.slice(-MOST_CHARACTERS))
    .split(/\r?\n|\r/)
    .slice(-MOST_LINES)) {
    const at = shown.indexOf(TRACEBACK);
    if (at > 0 && shown.includes('\\n', at)) {
      for (const text of escapedLines(shown, at)) lines.push({ shown: text, text });
    } else if (at > 0 && !shown.includes('─')) {
      lines.push({ shown, text: shown.slice(shown.startsWith('Exception Group ', at - 16) ? at - 16 : at) });
    } else {
      lines.push({ shown, text: withoutPrefix(shown.slice(0, MOST_TEXT)) });
    }
  }
  return lines;
}

/** Text without colours and other controls: neither a screen nor a pattern should meet them. Line ends and tabs stay. */
export function printable(text: string): string {
  if (!/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.test(text)) return text;
  return text
    .replaceAll(/\x1b\][^\x07\x1b\n]{0,500}(?:\x07|\x1b\\)?/g, '')
    .replaceAll(/(?:\x1b\[|\x9b)[0-?]{0,40}[ -/]{0,4}[@-~]?/g, '')
    .replaceAll(/\x1b[ -/]{0,4}[0-~]?/g, '')
    .replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '');
}

/**
 * Ranks of a distributed job, tasks of MPI and Ray, the time stamps of containers, the bars of exception groups. What
 * follows keeps its indentation: that is how a traceback is read.
 */
const PREFIX =
  /^(?:\[rank\d{1,6}\]: ?|\[\d{1,6},\d{1,6}\]<std(?:err|out)>: ?|\(\w[^()\n]{0,80} pid=\d{1,10}(?:, ip=[\d.]{7,15})?\) ?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d) (?:std(?:err|out) [FP] )?| {2,40}[|+] ?)/;

function withoutPrefix(line: string): string {
  let text = line;
  // A container's time stamp may stand before a rank; nobody needs more than two.
  for (let i = 0; i < 2; i++) {
    const found = PREFIX.exec(text);
    if (found === null) return text;
    text = text.slice(found[0].length);
  }
  return text;
}

/** A traceback inside a line of JSON: `\n` stands for a line end there, and a bare quote ends it. */
function escapedLines(line: string, from: number): string[] {
  let end = from;
  while (end < line.length && line[end] !== '"') end += line[end] === '\\' ? 2 : 1;
  return line
    .slice(from, end)
    .split('\\n')
    .map((text) => text.slice(0, MOST_TEXT).replaceAll('\\"', '"').replaceAll('\\\\', '\\'));
}
