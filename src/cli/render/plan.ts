import { groupByCause } from '../../fleet/index.ts';
import type { Cause, ChangeGroup, PlannedCircuit } from '../../fleet/index.ts';
import type { Planned } from '../../actions/index.ts';
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

/** The plan for people: the first screen fits 24 lines whatever the fleet's size; `verbose` lists every circuit. */
export function planScreen(
  planned: Planned,
  options: { readonly verbose: boolean; readonly sealed: string | null },
): string {
  const { plan } = planned;
  const groups = groupByCause(plan.circuits);
  const below = [...warningLines(planned, options.verbose), '', ...guardLines(planned)];
  if (options.sealed !== null)
    below.push(`sealed   ${options.sealed}: trainyard run --plan ${options.sealed}`);
  below.push(lastLine(planned));
  const lines = [headline(planned), ''];
  const room = options.verbose ? Number.POSITIVE_INFINITY : SCREEN_LINES - lines.length - below.length;
  const shown = groups.length <= room ? groups : groups.slice(0, room - 1);
  lines.push(...shown.map(groupLine));
  if (groups.length > shown.length)
    lines.push(`      … and ${groups.length - shown.length} more groups (-v shows all)`);
  if (options.verbose)
    lines.push(
      '',
      ...plan.circuits.filter((c) => c.cause !== 'unchanged' && c.cause !== 'accepted').flatMap(circuitLines),
    );
  return `${[...lines, ...below].join('\n')}\n`;
}

function warningLines({ plan: { warnings } }: Planned, verbose: boolean): string[] {
  if (warnings.length === 0) return [];
  const head = ['', paint('yellow', warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`)];
  if (verbose) return [...head, ...warnings.map(problemText)];
  const more = warnings.length > 3 ? [`  … and ${warnings.length - 3} more (-v shows all)`] : [];
  return [...head, ...warnings.slice(0, 3).map((w) => clip(problemText(w), columns())), ...more];
}

function guardLines({ plan: { guard } }: Planned): string[] {
  if (!guard.blocked)
    return guard.allow_wide === null ? [] : [clip(`guard    let through: ${guard.allow_wide}`, columns())];
  return [
    `${paint('red', '! guard')}  ${guard.retrain} of ${guard.with_model} circuits with a good model would retrain (limit ${Math.round(guard.max_changed * 100)} %)`,
    '  If that is meant: trainyard run --allow-wide "why"',
    '  If the models are as good as new: trainyard accept --help',
  ];
}

function headline({ plan, fleet }: Planned): string {
  const from =
    plan.detection.mode === 'git'
      ? `since ${plan.detection.base_ref} (${plan.detection.base_commit.slice(0, 10)})`
      : 'against the last good models';
  return `${paint('bold', `Plan ${plan.plan_id}`)}  ${fleet.circuits.length} circuits  ${from}`;
}

function groupLine(group: ChangeGroup): string {
  const [symbol, verb] = VERB[group.cause];
  const n = group.circuits.length;
  const head = `  ${symbol} ${verb.padEnd(8)}${String(n).padStart(6)}  `;
  const colour = group.action === 'train' ? 'green' : group.cause === 'owed_failed' ? 'yellow' : 'gray';
  const names = group.cause === 'unchanged' ? '' : `  ${someOf(group.circuits, 3)}`;
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
function lastLine({ plan }: Planned): string {
  const owed = plan.circuits.filter((c) => c.cause === 'owed_failed' && c.action === 'skip').length;
  const told = [`${plan.summary.train} to train`, `${plan.summary.skip - owed} to keep`];
  if (owed > 0) told.push(`${owed} owed to the retry gate`);
  return `Plan: ${told.join(', ')}.${plan.guard.blocked ? ' Blocked by the guard.' : ''}`;
}

/** The plan as one JSON object, written piece by piece: a hundred thousand circuits need no second copy in memory. */
export async function planDocument({ plan }: Planned): Promise<void> {
  const write = async (text: string): Promise<void> => {
    if (!process.stdout.write(harmlessJson(text)))
      await new Promise((resolve) => process.stdout.once('drain', resolve));
  };
  const head = {
    plan_id: plan.plan_id,
    detection: plan.detection.mode,
    base_ref: plan.detection.mode === 'git' ? plan.detection.base_ref : null,
  };
  await write(`${JSON.stringify(head).slice(0, -1)},"circuits":[`);
  let piece = '';
  for (const [i, circuit] of plan.circuits.entries()) {
    piece += `${i === 0 ? '' : ','}\n${JSON.stringify(circuit)}`;
    if (piece.length < 1 << 16) continue;
    await write(piece);
    piece = '';
  }
  await write(
    `${piece}\n],"summary":${JSON.stringify(plan.summary)},"guard":${JSON.stringify(plan.guard)},"warnings":${JSON.stringify(plan.warnings)}}\n`,
  );
}
