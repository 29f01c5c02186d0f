import type { Command } from 'commander';
import type { Project } from '../app.ts';
import type { Approval } from '../gates/index.ts';
import type { ModelRegistry } from '../registry/index.ts';
import { ExitWith } from './exit.ts';
import { collect, common, withProject } from './options.ts';
import type { CommonOptions } from './options.ts';
import { note, print, printJson } from './render/output.ts';

interface VerdictFlags extends CommonOptions {
  readonly comment?: string;
  readonly subjects?: readonly string[];
  readonly wait: boolean;
  readonly retrain?: boolean;
}

/** `approve` and `reject` are one command with two verdicts. */
export function defineVerdict(
  parent: Command,
  verdict: 'approve' | 'reject',
  description: string,
  examples: string,
): void {
  const command = parent.command(verdict);
  if (verdict === 'reject')
    command.option(
      '--retrain',
      'the rejected models are taken out of use, so that their circuits are owed and trained again',
    );
  common(
    command
      .argument('<id>', 'of the request, as `trainyard approvals` shows it')
      .description(description)
      .option('--comment <text>', 'why, on record')
      .option('--subjects <names>', 'only these circuits, models or environments of the request', collect)
      .option('--no-wait', 'only record the verdict; do not go on with the run here'),
    examples,
  ).action(async (id: string, flags: VerdictFlags) => {
    const code = await withProject(flags, 'write', async (project) => {
      const { getApproval, vote } = await import('../gates/index.ts');
      const { currentHolder, getRun, holdProject, registriesOf, wakeRun } =
        await import('../pipelines/index.ts');
      const actor = await project.actor();
      const before = await getApproval(project.store.db, id);
      const after = await project.store.tx((tx) =>
        vote(tx, project.clock.now(), {
          approval_id: id,
          actor,
          verdict,
          comment: flags.comment ?? null,
          subjects: flags.subjects ?? null,
          verified: project.config.gates[before.gate]?.verified ?? false,
        }),
      );
      if (flags.retrain === true)
        await withdrawRejected(
          project,
          registriesOf(project.world, await getRun(project.store.db, after.run_id)).dev,
          after,
          actor.name,
          flags.comment ?? 'rejected, to be trained again',
        );
      await wakeRun(project.store.db, project.clock.now(), after.run_id);
      const { counts } = after;
      const told = `${counts.approve} approved, ${counts.hold} held, ${counts.reject} rejected${counts.pending > 0 ? `, ${counts.pending} open` : ''}`;
      const held = await currentHolder(project.store);
      if (!flags.wait || held !== null) {
        if (flags.json === true) printJson(after);
        else
          print(
            held === null
              ? `Recorded: ${told}. \`trainyard run --resume\` goes on with the run.`
              : `Recorded: ${told}. \`trainyard ${held.kind}\` (process ${held.pid}) goes on with the run.`,
          );
        return 0;
      }
      if (flags.json !== true) note(`Recorded: ${told}.`);
      const { followRuns } = await import('./following.ts');
      await using hold = await holdProject(project.store, project.clock.now(), 'approve');
      const ended = await followRuns(project, hold, [await getRun(project.store.db, after.run_id)], {
        json: flags.json === true,
      });
      if (flags.json === true) {
        const { runDocument } = await import('./render/run.ts');
        printJson({
          approval: await getApproval(project.store.db, id),
          run: await runDocument(project, await getRun(project.store.db, after.run_id)),
        });
      }
      return ended;
    });
    if (code !== 0) throw new ExitWith(code);
  });
}

/** A rejected model alone does not make its circuit owed; without a good model it is. */
async function withdrawRejected(
  project: Project,
  registry: ModelRegistry,
  approval: Approval,
  by: string,
  reason: string,
): Promise<void> {
  const { subjectsWith } = await import('../gates/index.ts');
  const { parseRef } = await import('../registry/index.ts');
  for (const subject of await subjectsWith(project.store.db, approval.id, 'reject')) {
    const ref = parseRef(subject);
    if (ref !== null && (await registry.get(ref.model_name, ref.version)) !== null)
      await registry.withdraw(ref.model_name, ref.version, by, reason);
  }
}
