import type { Command } from 'commander';
import { common, withProject } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  common(
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
  await withProject(flags, 'read', async (project) => {
    const { failuresOfRun, getRun, listRuns, retryableNow } = await import('../../pipelines/index.ts');
    const { db } = project.store;
    const run = key === undefined ? (await listRuns(db, { limit: 1 }))[0] : await getRun(db, key);
    if (run === undefined) {
      if (flags.json === true) printJson({ run: null, groups: [] });
      else print('No runs yet. Start one with `trainyard run`.');
      return;
    }
    if (flags.json === true) {
      const { failuresView } = await import('../../views/index.ts');
      printJson(await failuresView(project, run));
      return;
    }
    const { groups, jobs } = await failuresOfRun(db, run);
    if (groups.length === 0) {
      print(`Run ${run.number} has no failures that are not mended.`);
      return;
    }
    const { groupLines } = await import('../render/failures.ts');
    print(
      `Run ${run.number}: ${jobs.size} failed, ${groups.length} ${groups.length === 1 ? 'cause' : 'causes'}`,
    );
    for (const line of groupLines(groups, { lines: 3, most: 10_000 })) print(line);
    const first = jobs.get(groups[0]?.circuits[0] ?? '');
    if (first !== undefined) print(`  Logs: trainyard jobs logs ${first.name}`);
    const again = new Set(await retryableNow(project, run));
    const group = groups.find((g) => g.circuits.some((id) => again.has(id)));
    if (group !== undefined) print(`  Again: trainyard retry ${run.number} --group ${group.number}`);
  });
}
