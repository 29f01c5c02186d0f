import { z } from 'zod';
import { Identity } from '../kernel/actor.ts';
import type { Actor } from '../kernel/actor.ts';
import { toIso } from '../kernel/clock.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvents } from '../store/index.ts';
import type { Db, Tx } from '../store/index.ts';

export const PRUNE_KINDS = ['model', 'logs', 'run', 'snapshot', 'leftover'] as const;
export type PruneKind = (typeof PRUNE_KINDS)[number];
const Kind = z.enum(PRUNE_KINDS);

/** One thing that goes, or that is kept although it is old. */
export const PruneItem = z
  .object({
    kind: Kind,
    name: z.string(),
    action: z.enum(['remove', 'keep']),
    why: z.string(),
    bytes: z.number().nullable(),
  })
  .meta({ id: 'PruneItem', description: 'One thing that goes, or that is kept although it is old.' });
export type PruneItem = z.infer<typeof PruneItem>;

const Removed = z.object({ count: z.int(), bytes: z.number() });

export const PruneReport = z
  .object({
    dry_run: z.boolean(),
    removed: z
      .object({ model: Removed, logs: Removed, run: Removed, snapshot: Removed, leftover: Removed })
      .meta({
        description:
          'What went, or would go. The size of models is that of contents that no other version shares.',
      }),
    kept: z
      .array(z.object({ kind: Kind, why: z.string(), count: z.int() }))
      .meta({ description: 'What is old and was kept, by the reason.' }),
  })
  .meta({ id: 'PruneReport', description: 'What retention removes.' });
export type PruneReport = z.infer<typeof PruneReport>;

/** Somebody wants retention to go through now; whoever advances the runs does it. */
export const PruneRequest = z
  .object({
    id: z.string(),
    by: z.object({ name: z.string(), identity: Identity }),
    asked_at: z.string(),
    begun_at: z.string().nullable().meta({ description: 'Null: nobody does it yet.' }),
    removed: z.int().meta({ description: 'How many things have gone by now.' }),
  })
  .meta({ id: 'PruneRequest', description: 'Retention is to go through now.' });
export type PruneRequest = z.infer<typeof PruneRequest>;

/** How retention went the last time. */
export const LastPrune = z
  .object({
    id: z.string().nullable().meta({ description: 'Of what was asked for; null: nobody asked over HTTP.' }),
    by: z.string(),
    ended_at: z.string(),
    report: PruneReport.nullable().meta({ description: 'Null: it stopped halfway.' }),
    error: z.string().nullable().meta({ description: 'Why it stopped halfway.' }),
  })
  .meta({ id: 'LastPrune', description: 'How retention went the last time.' });
export type LastPrune = z.infer<typeof LastPrune>;

const KEYS = { asked: 'prune_asked', last: 'prune_last', pruned_at: 'pruned_at' } as const;

/** What is to be done of retention. Loops ask this in every round: reports, which may be long, stand elsewhere. */
export async function prunesDue(
  db: Db,
): Promise<{ readonly asked: PruneRequest | null; readonly pruned_at: string | null }> {
  const rows = await db
    .selectFrom('meta')
    .selectAll()
    .where('key', 'in', [KEYS.asked, KEYS.pruned_at])
    .execute();
  const asked = rows.find((row) => row.key === KEYS.asked)?.value ?? null;
  return {
    asked: asked === null ? null : PruneRequest.parse(JSON.parse(asked)),
    pruned_at: rows.find((row) => row.key === KEYS.pruned_at)?.value ?? null,
  };
}

/** How it went the last time, or null. */
export async function lastPrune(db: Db): Promise<LastPrune | null> {
  const row = await db.selectFrom('meta').select('value').where('key', '=', KEYS.last).executeTakeFirst();
  return row === undefined ? null : LastPrune.parse(JSON.parse(row.value));
}

/** Asks for retention to go through now. Where somebody has asked already, that is what is returned. */
export async function askForPrune(tx: Tx, now: number, by: Actor): Promise<PruneRequest> {
  const { asked } = await prunesDue(tx);
  if (asked !== null) return asked;
  const request: PruneRequest = {
    id: newId('prn', now),
    by: { name: by.name, identity: by.identity },
    asked_at: toIso(now),
    begun_at: null,
    removed: 0,
  };
  await put(tx, 'asked', JSON.stringify(request));
  await appendEvents(tx, now, [
    {
      type: 'retention.asked',
      actor: by,
      message: `${by.name} asked for retention to go through now`,
      data: { id: request.id },
    },
  ]);
  return request;
}

/** Notes how far it is. Nothing where it was settled meanwhile. */
export async function notePrune(
  tx: Tx,
  id: string,
  how: { readonly begun_at: string; readonly removed: number },
): Promise<void> {
  const { asked } = await prunesDue(tx);
  if (asked?.id === id) await put(tx, 'asked', JSON.stringify({ ...asked, ...how }));
}

/** Notes how it went; what was asked for is settled with it. */
export async function settlePrune(tx: Tx, last: LastPrune): Promise<void> {
  const { asked } = await prunesDue(tx);
  await put(tx, 'last', JSON.stringify(last));
  if (last.report !== null) await put(tx, 'pruned_at', last.ended_at);
  if (asked !== null && asked.id === last.id)
    await tx.deleteFrom('meta').where('key', '=', KEYS.asked).execute();
}

async function put(tx: Tx, key: keyof typeof KEYS, value: string): Promise<void> {
  await tx
    .insertInto('meta')
    .values({ key: KEYS[key], value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute();
}
