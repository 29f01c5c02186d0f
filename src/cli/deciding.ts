import type { Command } from 'commander';
import { ok } from '../client/index.ts';
import type { ApprovalRow } from '../views/index.ts';
import { ExitWith } from './exit.ts';
import { ask, collectNamed, commonAnywhere, words } from './options.ts';
import type { CommonOptions } from './options.ts';
import { print, printJson } from './render/output.ts';

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
  commonAnywhere(
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
    const { comment = null, subjects = null, retrain = false, json = false } = flags;
    const code = await ask(flags, 'write', {
      here: async (project) => {
        const { decide } = await import('../actions/index.ts');
        const { getApproval } = await import('../gates/index.ts');
        const { approvalRow } = await import('../views/index.ts');
        const { goOn } = await import('./going-on.ts');
        const actor = await project.actor();
        const after = await decide(project, { approval_id: id, actor, verdict, comment, subjects, retrain });
        return goOn(project, after.run_id, {
          told: `Recorded: ${countsOf(after)}.`,
          wait: flags.wait,
          json,
          document: async (run) =>
            approvalDocument(await approvalRow(project, await getApproval(project.store.db, id)), run),
        });
      },
      there: async ({ api }) => {
        const ballot = { verdict, comment, subjects: subjects && [...subjects], retrain };
        const { approval } = await ok(
          api.approvals[':approval'].votes.$post({ param: { approval: id }, json: ballot }),
        );
        tellRecorded(approval, json);
        return 0;
      },
    });
    if (code !== 0) throw new ExitWith(code);
  });
}

/** A server goes on with the run by itself. */
export function tellRecorded(approval: ApprovalRow, json: boolean): void {
  if (json) printJson(approvalDocument(approval, null));
  else print(`Recorded: ${countsOf(approval)}. The server goes on with the run.`);
}

/** What `--json` says: the request, and the run where it was followed. */
export const approvalDocument = (
  approval: ApprovalRow,
  run: Readonly<Record<string, unknown>> | null,
): Readonly<Record<string, unknown>> => ({ approval, ...(run === null ? {} : { run }) });

/** `1 approved, 0 held, 0 rejected, 7 open`; a vote that is not enough by itself says how many are. */
export function countsOf({ counts, required }: Pick<ApprovalRow, 'counts' | 'required'>): string {
  const open = counts.pending > 0 ? `, ${counts.pending} open` : '';
  const more = counts.pending > 0 && required > 1 ? ` (${required} different people must approve)` : '';
  return `${counts.approve} approved, ${counts.hold} held, ${counts.reject} rejected${open}${more}`;
}
