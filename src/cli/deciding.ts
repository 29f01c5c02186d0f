import type { Command } from 'commander';
import type { Approval } from '../gates/index.ts';
import type { ApprovalRow } from '../views/index.ts';
import { ExitWith } from './exit.ts';
import { collectNamed, common, withProject, words } from './options.ts';
import type { CommonOptions } from './options.ts';

interface VerdictFlags extends CommonOptions {
  readonly comment?: string;
  readonly subjects?: readonly string[];
  readonly wait: boolean;
  readonly retrain?: boolean;
}

/** `approve`, `hold` and `reject` are one command with three verdicts. */
export function defineVerdict(
  parent: Command,
  verdict: 'approve' | 'hold' | 'reject',
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
      .option('--comment <text>', 'why, on record', words)
      .option(
        '--subjects <names>',
        'only these circuits, models or environments of the request',
        collectNamed,
      )
      .option('--no-wait', 'only record the verdict; do not go on with the run here'),
    examples,
  ).action(async (id: string, flags: VerdictFlags) => {
    const code = await withProject(flags, 'write', async (project) => {
      const { decide } = await import('../actions/index.ts');
      const { getApproval } = await import('../gates/index.ts');
      const { approvalRow } = await import('../views/index.ts');
      const { goOn } = await import('./going-on.ts');
      const after = await decide(project, {
        approval_id: id,
        actor: await project.actor(),
        verdict,
        comment: flags.comment ?? null,
        subjects: flags.subjects ?? null,
        retrain: flags.retrain === true,
      });
      return goOn(project, after.run_id, {
        told: `Recorded: ${countsOf(after)}.`,
        wait: flags.wait,
        json: flags.json === true,
        document: async (run) =>
          approvalDocument(await approvalRow(project, await getApproval(project.store.db, id)), run),
      });
    });
    if (code !== 0) throw new ExitWith(code);
  });
}

/** What `--json` says: the request, and the run where it was followed. */
export const approvalDocument = (
  approval: ApprovalRow,
  run: Readonly<Record<string, unknown>> | null,
): Readonly<Record<string, unknown>> => ({ approval, ...(run === null ? {} : { run }) });

/** `1 approved, 0 held, 0 rejected, 7 open`; a vote that is not enough by itself says how many are. */
export function countsOf({ counts, required }: Approval): string {
  const open = counts.pending > 0 ? `, ${counts.pending} open` : '';
  const more = counts.pending > 0 && required > 1 ? ` (${required} different people must approve)` : '';
  return `${counts.approve} approved, ${counts.hold} held, ${counts.reject} rejected${open}${more}`;
}
