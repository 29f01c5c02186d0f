import type { Command } from 'commander';
import { common, duration, wholeNumber, withProject, words } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  const approvals = parent.command('approvals').description('What waits for a decision.');
  common(
    approvals
      .command('list', { isDefault: true })
      .description('open requests, newest first')
      .option('--all', 'decided and expired ones too')
      .option('--limit <n>', 'how many', wholeNumber, 20)
      .option('--before <id>', 'requests older than this one'),
    'trainyard approvals',
  ).action(list);
  common(
    approvals
      .command('show')
      .argument('<id>', 'of the request')
      .description('every subject with its verdict, and who said what'),
    'trainyard approvals show apr_…',
  ).action(show);
  common(
    approvals
      .command('reopen')
      .argument('<id>', 'of a request that expired, or in which something was held')
      .description('ask again what nobody decided in time and what was held')
      .option('--expires <time>', 'how long it stays open then (default: as the gate says)', duration)
      .option('--comment <text>', 'why, on record', words),
    `
    trainyard approvals reopen apr_01kb2m8q3r7t5vxy
    trainyard approvals reopen apr_01kb2m8q3r7t5vxy --expires 2d --comment "was on holiday"`,
  ).action(reopenRequest);
}

async function reopenRequest(
  id: string,
  flags: CommonOptions & { expires?: number; comment?: string },
): Promise<void> {
  await withProject(flags, 'write', async (project) => {
    const { reopen } = await import('../../actions/index.ts');
    const approval = await reopen(project, {
      approval_id: id,
      actor: await project.actor(),
      expires_s: flags.expires ?? null,
      comment: flags.comment ?? null,
    });
    if (flags.json === true) {
      const { approvalRow } = await import('../../views/index.ts');
      printJson(await approvalRow(project, approval));
      return;
    }
    const { approvalScreen } = await import('../render/approval.ts');
    print(await approvalScreen(project, approval, 12));
    print(`    trainyard approve ${approval.id}   or   trainyard reject ${approval.id}`);
  });
}

async function list(flags: CommonOptions & { all?: boolean; limit: number; before?: string }): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { listApprovals } = await import('../../gates/index.ts');
    const rows = await listApprovals(project.store.db, {
      limit: flags.limit,
      ...(flags.all === true ? {} : { status: 'waiting' as const }),
      ...(flags.before === undefined ? {} : { before: flags.before }),
    });
    if (flags.json === true) {
      const { approvalRows } = await import('../../views/index.ts');
      const next = rows.length === flags.limit ? (rows.at(-1)?.id ?? null) : null;
      printJson({ approvals: await approvalRows(project, rows), next });
      return;
    }
    if (rows.length === 0) {
      print('Nothing waits for a decision.');
      return;
    }
    const { approvalScreen } = await import('../render/approval.ts');
    for (const approval of rows) {
      print(await approvalScreen(project, approval, 5));
      if (approval.status === 'waiting')
        print(`    trainyard approve ${approval.id}   or   trainyard reject ${approval.id}`);
    }
  });
}

async function show(id: string, flags: CommonOptions): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { getApproval, listSubjects } = await import('../../gates/index.ts');
    const approval = await getApproval(project.store.db, id);
    const { approvalView } = await import('../../views/index.ts');
    const view = await approvalView(project, approval, await project.actor());
    if (flags.json === true) {
      const { subjectRow } = await import('../../views/index.ts');
      const subjects = await listSubjects(project.store.db, { approval_id: approval.id, limit: 100_000 });
      printJson({ ...view, subjects: subjects.map(subjectRow) });
      return;
    }
    const { approvalScreen } = await import('../render/approval.ts');
    const { oneLine } = await import('../render/style.ts');
    print(await approvalScreen(project, approval, 10_000));
    for (const v of view.votes)
      print(
        oneLine(
          `  ${v.voted_at.slice(0, 19).replace('T', ' ')}  ${v.voter} (${v.identity}): ${v.verdict}${v.subjects === null ? '' : ` ${v.subjects.join(', ')}`}${v.comment === null ? '' : ` "${v.comment}"`}`,
        ),
      );
  });
}
