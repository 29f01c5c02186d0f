import type { Command } from 'commander';
import { ok } from '../../client/index.ts';
import { ask, commonAnywhere } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  commonAnywhere(
    parent
      .command('failures')
      .argument('[run]', 'number or id (default: the newest)')
      .description('What failed in a run and was not mended, grouped by cause, with what to do about each.'),
    `
    trainyard failures
    trainyard failures 12 --json
    trainyard retry 12 --group 1`,
  ).action(failures);
}

async function failures(key: string | undefined, flags: CommonOptions): Promise<void> {
  const found = await ask(flags, 'read', {
    here: async (project) => {
      const { getRun, listRuns } = await import('../../pipelines/index.ts');
      const { failuresView } = await import('../../views/index.ts');
      const { db } = project.store;
      const run = key === undefined ? (await listRuns(db, { limit: 1 }))[0] : await getRun(db, key);
      return run === undefined ? null : failuresView(project, run);
    },
    there: async (yard) => {
      const { newestRun } = await import('../there.ts');
      const run = key ?? (await newestRun(yard, {}));
      return run === undefined ? null : ok(yard.api.runs[':run'].failures.$get({ param: { run } }));
    },
  });
  if (flags.json === true) {
    printJson(found ?? { run: null, groups: [] });
    return;
  }
  if (found === null) {
    print('No runs yet. Start one with `trainyard run`.');
    return;
  }
  const { run, failed, groups, retryable } = found;
  const [first] = groups;
  if (first === undefined) {
    print(`Run ${run} has no failures that are not mended.`);
    return;
  }
  const { groupLines } = await import('../render/failures.ts');
  print(`Run ${run}: ${failed} failed, ${groups.length} ${groups.length === 1 ? 'cause' : 'causes'}`);
  for (const line of groupLines(groups, { lines: 3, most: 10_000 })) print(line);
  if (first.jobs[0] !== undefined) print(`  Logs: trainyard jobs logs ${first.jobs[0]}`);
  const again = new Set(retryable);
  const open = groups.filter((g) => g.circuits.some((id) => again.has(id)));
  const passing = open.find((g) => !STAYS.has(g.class));
  if (passing !== undefined) print(`  Again: trainyard retry ${run} --group ${passing.number}`);
  if (open.some((g) => STAYS.has(g.class))) print('  Once the cause is mended: trainyard run');
}

/** Fails in the same way as long as nobody mends it: a retry takes code, settings and data as they were. */
const STAYS: ReadonlySet<string> = new Set(['code', 'data', 'config']);
