import { createInterface } from 'node:readline/promises';
import { prune } from '../actions/index.ts';
import type { Project } from '../app.ts';
import { EXIT } from '../kernel/errors.ts';
import { formatDuration } from '../kernel/duration.ts';
import { formatSize } from '../kernel/size.ts';
import { PRUNE_KINDS } from '../pipelines/index.ts';
import type { PruneItem, PruneReport } from '../pipelines/index.ts';
import type { RetentionView } from '../views/index.ts';
import type { PruneFlags } from './commands/prune.ts';
import { ExitWith } from './exit.ts';
import { ask } from './options.ts';
import { note, print, printJson } from './render/output.ts';
import { table } from './render/table.ts';

/** How it is done, in a project here or on a server. */
export interface Pruner {
  /** For how long things stay. */
  readonly retention: RetentionView['retention'];
  /** Null: left to the server, because whoever typed it stopped looking. */
  go(dry_run: boolean, tell: (item: PruneItem) => void): Promise<PruneReport | null>;
}

/** Shows what retention would remove, or removes it; in a terminal it asks before. */
export async function pruneProject(flags: PruneFlags): Promise<void> {
  await ask(flags, flags.dryRun === true ? 'read' : 'write', {
    here: (project) => pruneWith(prunerHere(project), flags),
    there: async (yard) => {
      const { prunerThere } = await import('./pruning-there.ts');
      await pruneWith(await prunerThere(yard, flags), flags);
    },
  });
}

async function pruneWith({ retention, go }: Pruner, flags: PruneFlags): Promise<void> {
  const { dryRun: dry_run = false, verbose = false, json = false } = flags;
  const asks = !dry_run && !json && flags.yes !== true && process.stdin.isTTY && process.stderr.isTTY;
  if (asks) {
    const would = await go(true, () => undefined);
    if (would === null) return;
    print(reportText(retention, would));
    if (total(would) === 0 || !(await confirmed())) return;
  }
  const items: PruneItem[] = [];
  const report = await go(dry_run, (item) => {
    if (!verbose) return;
    if (json) items.push(item);
    else print(itemLine(item));
  });
  if (report === null) throw new ExitWith(EXIT.interrupted);
  if (json) printJson({ ...report, ...(verbose ? { items } : {}) });
  else print(reportText(retention, report));
}

const prunerHere = (project: Project): Pruner => ({
  retention: project.settings.retention,
  go: (dry_run, tell) => drain(project, dry_run, tell),
});

async function drain(
  project: Project,
  dry_run: boolean,
  tell: (item: PruneItem) => void,
): Promise<PruneReport> {
  const by = await project.actor();
  const work = prune(project, { dry_run, by, tell });
  for (;;) {
    const from = project.clock.now();
    const step = await work.next();
    if (step.done === true) return step.value;
    // Others may write for as long as each piece took.
    if (!dry_run) await project.clock.sleep(project.clock.now() - from);
  }
}

const itemLine = ({ kind, name, action, why, bytes }: PruneItem): string =>
  `${action === 'remove' ? '-' : ' '} ${NOUNS[kind][0]} ${name}${bytes === null ? '' : ` (${formatSize(bytes)})`}: ${action === 'keep' ? 'kept, ' : ''}${why}`;

const NOUNS: Readonly<Record<PruneItem['kind'], readonly [one: string, many: string]>> = {
  model: ['model', 'files of model versions'],
  logs: ['logs of', 'logs and work folders of runs'],
  run: ['', 'runs'],
  snapshot: ['copy', 'copies of code and data'],
  leftover: ['leftover', 'leftovers'],
};

const total = ({ removed }: PruneReport): number =>
  Object.values(removed).reduce((sum, { count, bytes }) => sum + count + bytes, 0);

function reportText({ models_s, logs_s, runs_s }: Pruner['retention'], report: PruneReport): string {
  const older = (seconds: number | null): string =>
    seconds === null ? 'never' : seconds % 86_400 === 0 ? `${seconds / 86_400} d` : formatDuration(seconds);
  const after = {
    model: older(models_s),
    logs: older(logs_s),
    run: older(runs_s),
    snapshot: '',
    leftover: '',
  };
  const lines = [
    table(PRUNE_KINDS, [
      { title: report.dry_run ? 'would go' : 'removed', value: (kind) => NOUNS[kind][1] },
      { title: 'after', value: (kind) => after[kind], align: 'right' },
      { title: 'count', value: (kind) => String(report.removed[kind].count), align: 'right' },
      { title: 'size', value: (kind) => formatSize(report.removed[kind].bytes), align: 'right' },
    ]),
  ];
  const kept = report.kept.slice(0, 6);
  if (kept.length > 0) lines.push('', 'Kept although old:');
  for (const { kind, why, count } of kept)
    lines.push(
      `  ${count} ${kind === 'model' ? (count === 1 ? 'model version' : 'model versions') : count === 1 ? 'run' : 'runs'}: ${why}`,
    );
  if (report.kept.length > kept.length)
    lines.push(`  … and for ${report.kept.length - kept.length} more reasons: trainyard prune --dry-run -v`);
  return lines.join('\n');
}

async function confirmed(): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = (await lines.question('Remove it? [y]es, or Enter to leave it: ')).trim().toLowerCase();
    if (answer.startsWith('y')) return true;
  } catch {
    // Whoever interrupts a question has answered it.
  } finally {
    lines.close();
  }
  note('Nothing was removed.');
  return false;
}
