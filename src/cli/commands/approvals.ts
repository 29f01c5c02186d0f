import type { Command } from 'commander';
import { ok } from '../../client/index.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { ApprovalRow } from '../../views/index.ts';
import { take } from '../on-server.ts';
import { ask, commonAnywhere, duration, wholeNumber, words } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import type { ApprovalFacts } from '../render/approval.ts';
import { print, printJson } from '../render/output.ts';

export function define(parent: Command): void {
  const approvals = parent.command('approvals').description('What waits for a decision.');
  commonAnywhere(
    approvals
      .command('list', { isDefault: true })
      .description('open requests, newest first')
      .option('--all', 'decided and expired ones too')
      .option('--limit <n>', 'how many', wholeNumber, 20)
      .option('--before <id>', 'requests older than this one'),
    'trainyard approvals',
  ).action(list);
  commonAnywhere(
    approvals
      .command('show')
      .argument('<id>', 'of the request')
      .description('every subject with its verdict, and who said what'),
    'trainyard approvals show apr_…',
  ).action(show);
  commonAnywhere(
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
  const { expires, comment } = flags;
  const facts = await ask(flags, 'write', {
    here: async (project) => {
      const { reopen } = await import('../../actions/index.ts');
      const { approvalFacts } = await import('../render/approval.ts');
      const approval = await reopen(project, {
        approval_id: id,
        actor: await project.actor(),
        expires_s: expires ?? null,
        comment: comment ?? null,
      });
      return approvalFacts(project, approval, 12);
    },
    there: async (yard) => {
      const { approvalFactsThere } = await import('../there.ts');
      const json = { expires_s: expires, comment };
      await ok(yard.api.approvals[':approval'].reopen.$post({ param: { approval: id }, json }));
      return approvalFactsThere(yard, id, 12);
    },
  });
  if (flags.json === true) {
    printJson(rowOf(facts));
    return;
  }
  const { approvalText } = await import('../render/approval.ts');
  print(approvalText(facts, 12));
  print(verdictsOn(facts));
}

const rowOf = ({ approval: { context: _context, ...row } }: ApprovalFacts): ApprovalRow => row;
/** What may be typed now. Where no process advances the run, a request stays open in the rows after its time is over. */
const verdictsOn = ({ approval: { id, expires_at } }: ApprovalFacts): string =>
  Date.parse(expires_at) > systemClock.now()
    ? `    trainyard approve ${id}   or   trainyard reject ${id}`
    : `    Its time is over. To ask again: trainyard approvals reopen ${id}`;

async function list(flags: CommonOptions & { all?: boolean; limit: number; before?: string }): Promise<void> {
  const { all = false, limit, before, json = false } = flags;
  const status = all ? undefined : 'waiting';
  /** With `--json` the requests alone; people are shown what each asks about. */
  const { found, next } = await ask(flags, 'read', {
    here: async (project) => {
      const { listApprovals } = await import('../../gates/index.ts');
      const { approvalFacts } = await import('../render/approval.ts');
      const { approvalRows } = await import('../../views/index.ts');
      const rows = await listApprovals(project.store.db, {
        limit: limit + 1,
        ...(status === undefined ? {} : { status }),
        ...(before === undefined ? {} : { before }),
      });
      const shown = rows.slice(0, limit);
      const next = rows.length > limit ? (shown.at(-1)?.id ?? null) : null;
      if (json) return { found: (await approvalRows(project, shown)).map(bare), next };
      const found: ApprovalFacts[] = [];
      for (const approval of shown) found.push(await approvalFacts(project, approval, 5));
      return { found, next };
    },
    there: async (yard) => {
      const { approvalFactsThere } = await import('../there.ts');
      const { items, next } = await take(
        limit,
        (query) => ok(yard.api.approvals.$get({ query: { ...query, status } })),
        before,
      );
      if (json) return { found: items.map(bare), next };
      const found: ApprovalFacts[] = [];
      for (const { id } of items) found.push(await approvalFactsThere(yard, id, 5));
      return { found, next };
    },
  });
  if (json) {
    printJson({ approvals: found.map(rowOf), next });
    return;
  }
  if (found.length === 0) {
    const none = all ? 'Nobody was asked for a decision yet.' : 'Nothing waits for a decision.';
    print(before === undefined ? none : 'No older request matches.');
    return;
  }
  const { approvalText } = await import('../render/approval.ts');
  const { moreLine } = await import('../render/more.ts');
  for (const facts of found) {
    print(approvalText(facts, 5));
    if (facts.approval.status === 'waiting') print(verdictsOn(facts));
  }
  if (next !== null) print(moreLine('approvals list', { all, limit, before: next }));
}

const bare = (approval: ApprovalRow): ApprovalFacts => ({ approval, subjects: [], retry: null });

async function show(id: string, flags: CommonOptions): Promise<void> {
  const { json = false } = flags;
  const most = 100_000;
  const { view, facts } = await ask(flags, 'read', {
    here: async (project) => {
      const { getApproval } = await import('../../gates/index.ts');
      const { approvalView } = await import('../../views/index.ts');
      const { approvalFacts } = await import('../render/approval.ts');
      const approval = await getApproval(project.store.db, id);
      return {
        view: await approvalView(project, approval, await project.actor()),
        facts: await approvalFacts(project, approval, most),
      };
    },
    there: async (yard) => {
      const { approvalFactsThere } = await import('../there.ts');
      return {
        view: await ok(yard.api.approvals[':approval'].$get({ param: { approval: id } })),
        facts: await approvalFactsThere(yard, id, most),
      };
    },
  });
  if (json) {
    printJson({ ...view, subjects: facts.subjects });
    return;
  }
  const { approvalText } = await import('../render/approval.ts');
  const { oneLine } = await import('../render/style.ts');
  print(approvalText(facts, most));
  for (const v of view.votes)
    print(
      oneLine(
        `  ${v.voted_at.slice(0, 19).replace('T', ' ')}  ${v.voter} (${v.identity}): ${v.verdict}${v.subjects === null ? '' : ` ${v.subjects.join(', ')}`}${v.comment === null ? '' : ` "${v.comment}"`}`,
      ),
    );
}
