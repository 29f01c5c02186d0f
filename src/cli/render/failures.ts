import type { FailuresView } from '../../views/index.ts';
import { clip, columns, paint, someOf } from './style.ts';

type FailureGroup = Omit<FailuresView['groups'][number], 'jobs'>;

/** Groups of failures: what, how often, whom, what to do, and what the log says. `lines`: of the log, per group. */
export function groupLines(
  groups: readonly FailureGroup[],
  options: { readonly lines: number; readonly most: number },
): string[] {
  const shown: string[] = [];
  for (const [i, group] of groups.entries()) {
    const more = linesOf(group, options.lines);
    if (i > 0 && shown.length + more.length > options.most) {
      const rest = groups.slice(i);
      const circuits = rest.reduce((sum, g) => sum + g.count, 0);
      shown.push(
        `    … and ${rest.length} more ${rest.length === 1 ? 'cause' : 'causes'} of ${circuits} ${circuits === 1 ? 'failure' : 'failures'}`,
      );
      break;
    }
    shown.push(...more);
  }
  return shown;
}

function linesOf(group: FailureGroup, lines: number): string[] {
  const { number, class: kind, count, title, circuits, advice, sample, systematic } = group;
  const what = `${count} ${count === 1 ? 'failure' : 'failures'}`;
  const head = `  ${String(number).padStart(2)}  ${paint('bold', kind.padEnd(9))} ${what.padEnd(11)}  `;
  return [
    `${head}${clip(title, Math.max(20, columns() - 32))}`,
    `      ${clip(someOf(circuits, 8), columns() - 8)}`,
    `      ${advice}${systematic ? ` ${paint('yellow', 'The same error across circuits: look for what they share.')}` : ''}`,
    ...sample
      .slice(sample.length - Math.min(lines, sample.length))
      .map((line) => `      ${paint('gray', clip(`| ${line}`, columns() - 8))}`),
  ];
}
