import type { Problem } from '../kernel/errors.ts';
import { type Finding, toProblem } from '../kernel/findings.ts';
import { positions } from '../kernel/yaml.ts';
import { type CircuitScan, withoutList } from './circuit-lines.ts';

/** At most this many problems are told with their places; the rest is a number. */
export const MOST_PROBLEMS = 50;

/**
 * Findings with their lines, in the order of the file. Looks only at the text around each, so that one mistake in a
 * huge file does not cost reading all of it again.
 */
export function locate(
  source: string,
  file: string,
  scan: CircuitScan | null,
  findings: readonly Finding[],
  total: number,
): Problem[] {
  const told = findings.slice(0, MOST_PROBLEMS);
  const problems = (scan === null ? inWhole(source, file, told) : inParts(source, file, scan, told)).toSorted(
    (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
  if (total > told.length) {
    const message = `and ${total - told.length} more`;
    problems.push({
      file,
      line: null,
      column: null,
      path: '',
      message,
      hint: 'Mend these first; the rest shows then.',
    });
  }
  return problems;
}

function inWhole(source: string, file: string, findings: readonly Finding[], line_offset = 0): Problem[] {
  const places = positions(
    source,
    findings.map((f) => f.path),
  );
  return findings.map((finding, i) => toProblem(finding, file, places[i] ?? null, line_offset));
}

function inParts(source: string, file: string, scan: CircuitScan, findings: readonly Finding[]): Problem[] {
  const around: Finding[] = [];
  const byItem = new Map<number, Finding[]>();
  for (const finding of findings) {
    const [key, index] = finding.path;
    if (key === 'circuits' && typeof index === 'number')
      byItem.set(index, [...(byItem.get(index) ?? []), finding]);
    else around.push(finding);
  }
  const problems = inWhole(withoutList(source, scan), file, around).map((problem) =>
    problem.line === null || problem.line <= scan.lines_before
      ? problem
      : { ...problem, line: problem.line + scan.lines_in_list },
  );
  for (const [index, found] of byItem) {
    const item = source.slice(scan.offsets[index] ?? scan.end, scan.offsets[index + 1] ?? scan.end);
    const places = positions(
      item,
      found.map((f) => [0, ...f.path.slice(2)]),
    );
    const offset = (scan.lines[index] ?? 1) - 1;
    problems.push(...found.map((finding, i) => toProblem(finding, file, places[i] ?? null, offset)));
  }
  return problems;
}
