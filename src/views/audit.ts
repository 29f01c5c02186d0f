import { z } from 'zod';
import { Identity } from '../kernel/actor.ts';
import type { AuditEntry, AuditVerdict } from '../store/index.ts';
import { Time } from './fields.ts';

export const AuditEntryView = z
  .object({
    seq: z.int().meta({ description: 'From 1, without gaps.' }),
    at: Time,
    actor: z.string(),
    identity: Identity,
    type: z.string(),
    run_id: z.string().nullable(),
    stage: z.string().nullable(),
    circuit_id: z.string().nullable(),
    message: z.string(),
    data: z.record(z.string(), z.unknown()),
    previous: z.string().meta({ description: 'Hash of the entry before.' }),
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry', description: 'A change that somebody answers for.' });
export type AuditEntryView = z.infer<typeof AuditEntryView>;

export const auditEntryView = (entry: AuditEntry): AuditEntryView => ({
  ...entry,
  identity: Identity.parse(entry.identity),
});

export const AuditVerdictView = z
  .object({
    ok: z.boolean(),
    entries: z.int().meta({ description: 'How many are whole, from the first on.' }),
    head: z
      .string()
      .nullable()
      .meta({ description: 'Keep it elsewhere: it proves later that nothing was rewritten.' }),
    seq: z.int().nullable().meta({ description: 'Where it is broken.' }),
    problem: z.string().nullable(),
  })
  .meta({ id: 'AuditVerdict', description: 'Whether the record is whole.' });
export type AuditVerdictView = z.infer<typeof AuditVerdictView>;

export const auditVerdictView = (verdict: AuditVerdict): AuditVerdictView =>
  verdict.ok
    ? { ok: true, entries: verdict.entries, head: verdict.head, seq: null, problem: null }
    : { ok: false, entries: verdict.entries, head: null, seq: verdict.seq, problem: verdict.problem };
