import { groupByCause } from '../../fleet/index.ts';
import type { Cause, PlannedCircuit } from '../../fleet/index.ts';
import type { Planned } from '../../actions/index.ts';
import { planParts } from '../../views/index.ts';
import type { PlanView } from '../../views/index.ts';
import { harmlessJson } from './output.ts';
import { problemText } from './report-error.ts';
import { clip, columns, paint, someOf } from './style.ts';

const VERB: Readonly<Record<Cause, readonly [string, string]>> = {
  new: ['+', 'new'],
  config: ['~', 'retrain'],
  data: ['~', 'retrain'],
  component: ['~', 'retrain'],
  inputs: ['~', 'retrain'],
  owed_unfinished: ['!', 'owed'],
  owed_failed: ['!', 'owed'],
  selected: ['~', 'train'],
  unchanged: ['=', 'keep'],
  accepted: ['=', 'keep'],
};

/** A terminal as small as they come. */
const SCREEN_LINES = 24;

/** What the screen of a plan tells, wherever it was made. */
export interface PlanFacts extends Pick<
  PlanView,
  'plan_id' | 'detection' | 'summary' | 'guard' | 'warnings'
> {
  readonly groups: readonly Omit<PlanView['groups'][number], 'group'>[];
  /** Groups beyond those. */
  readonly more_groups: number;
}

export function planFacts({ plan }: Planned): PlanFacts {
  const groups = groupByCause(plan.circuits).map(({ circuits, ...group }) => ({
    ...group,
    count: circuits.length,
    circuits: [...circuits],
  }));
  return { plan_id: plan.plan_id, ...planParts(plan), groups, more_groups: 0 };
}

/** The plan for people: the first screen fits 24 lines whatever the fleet's size; `verbose` lists every circuit. */
export const planScreen = (
  planned: Planned,
  { verbose, sealed }: { readonly verbose: boolean; readonly sealed: string | null },
): string => planText(planFacts(planned), { circuits: verbose ? planned.plan.circuits : null, sealed });

/** `circuits`: every one of them is told. */
export function planText(
  plan: PlanFacts,
  options: { readonly circuits: readonly PlannedCircuit[] | null; readonly sealed: string | null },
): string {
  const verbose = options.circuits !== null;
  const below = [...warningLines(plan, verbose), '', ...guardLines(plan)];
  if (options.sealed !== null)
    below.push(`sealed   ${options.sealed}: trainyard run --plan ${options.sealed}`);
  below.push(lastLine(plan));
  const lines = [headline(plan), ''];
  const room = verbose ? Number.POSITIVE_INFINITY : SCREEN_LINES - lines.length - below.length;
  const total = plan.groups.length + plan.more_groups;
  const shown = total <= room ? plan.groups : plan.groups.slice(0, room - 1);
  lines.push(...shown.map(groupLine));
  if (total > shown.length)
    lines.push(`      … and ${total - shown.length} more groups (trainyard plan -v shows all)`);
  if (options.circuits !== null)
    lines.push(
      '',
      ...options.circuits
        .filter((c) => c.cause !== 'unchanged' && c.cause !== 'accepted')
        .flatMap(circuitLines),
    );
  return `${[...lines, ...below].join('\n')}\n`;
}

function warningLines({ warnings }: PlanFacts, verbose: boolean): string[] {
  if (warnings.length === 0) return [];
  const head = ['', paint('yellow', warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`)];
  if (verbose) return [...head, ...warnings.map(problemText)];
  const more =
    warnings.length > 3 ? [`  … and ${warnings.length - 3} more (trainyard plan -v shows all)`] : [];
  return [...head, ...warnings.slice(0, 3).map((w) => clip(problemText(w), columns())), ...more];
}

function guardLines({ guard }: PlanFacts): string[] {
  if (!guard.blocked)
    return guard.allow_wide === null ? [] : [clip(`guard    let through: ${guard.allow_wide}`, columns())];
  return [
    `${paint('red', '! guard')}  ${guard.retrain} of ${guard.with_model} circuits with a good model would retrain (limit ${Math.round(guard.max_changed * 100)} %)`,
    '  If that is meant: trainyard run --allow-wide "why"',
    '  If the models are as good as new: trainyard accept --help',
  ];
}

function headline({ plan_id, detection, summary }: PlanFacts): string {
  const from =
    detection.mode === 'git'
      ? `since ${detection.base_ref} (${detection.base_commit?.slice(0, 10) ?? ''})`
      : 'against the last good models';
  return `${paint('bold', `Plan ${plan_id}`)}  ${summary.circuits} circuits  ${from}`;
}

function groupLine(group: PlanFacts['groups'][number]): string {
  const [symbol, verb] = VERB[group.cause];
  const head = `  ${symbol} ${verb.padEnd(8)}${String(group.count).padStart(6)}  `;
  const colour = group.action === 'train' ? 'green' : group.cause === 'owed_failed' ? 'yellow' : 'gray';
  const names = group.cause === 'unchanged' ? '' : `  ${someOf(group.circuits, 3, group.count)}`;
  return `${paint(colour, head)}${clip(`${group.reason}${names}`, columns() - head.length)}`;
}

function circuitLines(c: PlannedCircuit): string[] {
  const [symbol, verb] = VERB[c.cause];
  const lines = [`  ${symbol} ${verb.padEnd(8)} ${c.id} (line ${c.line}): ${c.reason}`];
  for (const change of c.changes)
    lines.push(
      `        ${change.field}: ${JSON.stringify(change.before) ?? 'none'} → ${JSON.stringify(change.after) ?? 'none'}`,
    );
  return lines;
}

/** Stable and made for grep. */
function lastLine({ summary: { train, skip, owed }, guard }: PlanFacts): string {
  const told = [`${train} to train`, `${skip - owed} to keep`];
  if (owed > 0) told.push(`${owed} owed to the retry gate`);
  return `Plan: ${told.join(', ')}.${guard.blocked ? ' Blocked by the guard.' : ''}`;
}

/** The plan as one JSON object. */
export const planDocument = (planned: Planned): Promise<void> =>
  writePlan(planFacts(planned), planned.plan.circuits);

/** Written piece by piece: a hundred thousand circuits need no second copy in memory. */
export async function writePlan(
  { plan_id, detection, summary: { train, skip }, guard, warnings }: PlanFacts,
  circuits: Iterable<unknown> | AsyncIterable<unknown>,
): Promise<void> {
  const write = async (text: string): Promise<void> => {
    if (!process.stdout.write(harmlessJson(text)))
      await new Promise((resolve) => process.stdout.once('drain', resolve));
  };
  const head = { plan_id, detection: detection.mode, base_ref: detection.base_ref };
  await write(`${JSON.stringify(head).slice(0, -1)},"circuits":[`);
  let piece = '';
  let some = false;
  for await (const circuit of circuits) {
    piece += `${some ? ',' : ''}\n${JSON.stringify(circuit)}`;
    some = true;
    if (piece.length < 1 << 16) continue;
    await write(piece);
    piece = '';
  }
  await write(
    `${piece}\n],"summary":${JSON.stringify({ train, skip })},"guard":${JSON.stringify(guard)},"warnings":${JSON.stringify(warnings)}}\n`,
  );
}
