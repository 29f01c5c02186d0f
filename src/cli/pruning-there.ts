import { ok } from '../client/index.ts';
import type { Client } from '../client/index.ts';
import { TrainyardError } from '../kernel/errors.ts';
import type { PruneReport } from '../pipelines/index.ts';
import type { RetentionView } from '../views/index.ts';
import type { PruneFlags } from './commands/prune.ts';
import { refuseThere } from './plan-there.ts';
import type { Pruner } from './pruning.ts';
import { note } from './render/output.ts';
import { untilThere } from './there.ts';

/** So many things are named one by one. */
const MOST_ITEMS = 1000;

/** Retention on a server: asked for there, and done by whoever advances its runs. */
export async function prunerThere(yard: Client, flags: PruneFlags): Promise<Pruner> {
  if (flags.dryRun !== true)
    refuseThere(flags, ['verbose'], 'A server counts what goes; --dry-run -v names it before.');
  const { retention } = await show(yard);
  return {
    retention,
    go: async (dry_run, tell) => {
      if (!dry_run) return removeThere(yard);
      const items = flags.verbose === true ? MOST_ITEMS : 0;
      const would = await ok(yard.api.retention.preview.$post({ json: { items } }));
      for (const item of would.items) tell(item);
      if (items > 0 && would.more > 0) note(`… and ${would.more} more, which a server does not name.`);
      return would.report;
    },
  };
}

const show = ({ api }: Client): Promise<RetentionView> => ok(api.retention.$get({}));

/** Asks for it and waits for its end. Whoever stops looking stops nothing. */
async function removeThere(yard: Client): Promise<PruneReport | null> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const { id } = await ok(yard.api.retention.prune.$post());
    let said = false;
    let now = await show(yard);
    const over = await untilThere(yard, { signal: stop.signal }, async () => {
      now = await show(yard);
      if (now.asked?.id !== id) return true;
      if (now.asked.begun_at === null && !now.served && !said)
        note('It begins once a server or worker advances the runs.');
      said = true;
      return false;
    });
    if (now.last?.id === id) return reportOf(now.last);
    if (over) throw lost();
    note('Detached. The server goes on; Settings, Retention in its web UI says how far it is.');
    return null;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** @throws TrainyardError where it stopped halfway */
function reportOf({ report, error }: NonNullable<RetentionView['last']>): PruneReport {
  if (report !== null) return report;
  throw new TrainyardError('work_failed', `Retention stopped halfway: ${error ?? 'nobody knows why'}.`, {
    hint: 'What went is gone, nothing is half removed; the same command goes on.',
  });
}

/** Another pass ended after this one. */
const lost = (): TrainyardError =>
  new TrainyardError('conflict', 'What came of it was overwritten by a later pass.', {
    hint: 'See what went with: trainyard audit --type retention.pruned',
  });
