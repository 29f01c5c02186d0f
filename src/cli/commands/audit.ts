import type { Command } from 'commander';
import { ExitWith } from '../exit.ts';
import { ok } from '../../client/index.ts';
import { take } from '../on-server.ts';
import { ask, commonAnywhere, wholeNumber } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

interface ListFlags extends CommonOptions {
  readonly run?: string;
  readonly by?: string;
  readonly type?: string;
  readonly before?: number;
  readonly limit: number;
}

export function define(parent: Command): void {
  const audit = parent
    .command('audit')
    .description('Who changed what, in a record that cannot be changed unnoticed.');
  commonAnywhere(
    audit
      .command('list', { isDefault: true })
      .description('the newest entries first')
      .option('--run <run>', 'about this run')
      .option('--by <name>', 'by this person; `trainyard` is what happened by itself')
      .option('--type <glob>', "of this kind, for example 'approval.*'")
      .option('--before <n>', 'entries older than this one: the `next` of the last page', wholeNumber)
      .option('--limit <n>', 'how many', wholeNumber, 50),
    `
    trainyard audit
    trainyard audit list --run 12 --type 'approval.*'`,
  ).action(list);
  commonAnywhere(
    audit
      .command('verify')
      .description('find out whether any entry was edited, removed, added or moved')
      .option('--head <n:hash>', 'a head that was noted earlier must still be part of it'),
    `
    trainyard audit verify
    trainyard audit verify --head 412:9f2c…`,
  ).action(verify);
}

async function list(flags: ListFlags): Promise<void> {
  const { run, by, type, before, limit } = flags;
  const { entries, next } = await ask(flags, 'read', {
    here: async ({ store: { db } }) => {
      const { listAudit } = await import('../../store/index.ts');
      const { getRun } = await import('../../pipelines/index.ts');
      const { auditEntryView } = await import('../../views/index.ts');
      const run_id = run === undefined ? undefined : (await getRun(db, run)).id;
      const rows = await listAudit(db, { run_id, actor: by, type, before, limit: limit + 1 });
      const shown = rows.slice(0, limit).map(auditEntryView);
      return { entries: shown, next: rows.length > limit ? (shown.at(-1)?.seq ?? null) : null };
    },
    there: async ({ api }) => {
      const page = await take(
        limit,
        (query) => ok(api.audit.$get({ query: { ...query, run, by, type } })),
        before?.toString(),
      );
      return { entries: page.items, next: page.next === null ? null : Number(page.next) };
    },
  });
  if (flags.json === true) {
    printJson({ entries, next });
    return;
  }
  if (entries.length === 0) {
    const narrowed = [run, by, type, before].some((filter) => filter !== undefined);
    print(narrowed ? 'No entry matches.' : 'Nothing is on record yet.');
    return;
  }
  const { moreLine } = await import('../render/more.ts');
  const { table } = await import('../render/table.ts');
  print(
    table(entries, [
      { title: '#', value: (e) => String(e.seq), align: 'right' },
      { title: 'at', value: (e) => e.at.slice(0, 19).replace('T', ' ') },
      { title: 'by', value: (e) => e.actor },
      { title: 'as', value: (e) => e.identity },
      { title: 'what', value: (e) => e.type },
      { title: '', value: (e) => e.message },
    ]),
  );
  if (next !== null) print(moreLine('audit list', { run, by, type, limit, before: next }));
}

async function verify(flags: CommonOptions & { head?: string }): Promise<void> {
  const { EXIT, UsageError } = await import('../../kernel/errors.ts');
  const { head } = flags;
  if (head !== undefined && !/^\d+:[0-9a-f]{64}$/.test(head))
    throw new UsageError(`${head} is no head of an audit record.`, {
      hint: 'Give it as `trainyard audit verify` printed it: a number, a colon and 64 hex digits.',
    });
  const verdict = await ask(flags, 'read', {
    here: async ({ store }) => {
      const { verifyAudit } = await import('../../store/index.ts');
      const { auditVerdictView } = await import('../../views/index.ts');
      return auditVerdictView(await verifyAudit(store.db, head ?? null));
    },
    there: ({ api }) => ok(api.audit.verify.$get({ query: { head } })),
  });
  if (flags.json === true) printJson(verdict);
  else if (verdict.ok)
    print(
      `The record is whole: ${verdict.entries} ${verdict.entries === 1 ? 'entry' : 'entries'}.\nHead ${verdict.head}\nKeep the head somewhere else; with --head it proves later that nothing was rewritten.`,
    );
  else
    print(
      `The record was tampered with: ${verdict.problem}.\n${verdict.entries} entries before that are whole.`,
    );
  if (!verdict.ok) throw new ExitWith(EXIT.conflict);
}
