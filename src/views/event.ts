import { z } from 'zod';
import { Identity } from '../kernel/actor.ts';
import type { ListedEvent } from '../store/index.ts';
import { Time } from './fields.ts';

export const SeverityField = z.enum(['info', 'warning', 'error']);

/** Something that happened. */
export const EventView = z
  .object({
    seq: z.int().meta({ description: 'Counts the events of the project.' }),
    at: Time,
    type: z.string().meta({ description: 'Subject first: `run.started`, `approval.requested`.' }),
    severity: SeverityField,
    run_id: z.string().nullable(),
    run: z.int().nullable().meta({ description: 'Number of the run.' }),
    stage: z.string().nullable(),
    circuit_id: z.string().nullable(),
    message: z.string().meta({ description: 'For people, in one line.' }),
    data: z.record(z.string(), z.unknown()),
    actor: z.string().nullable().meta({ description: 'Null where nobody in particular did it.' }),
    identity: Identity.nullable(),
  })
  .meta({ id: 'Event', description: 'Something that happened.' });
export type EventView = z.infer<typeof EventView>;

export const eventView = (event: ListedEvent): EventView => ({
  seq: event.seq,
  at: event.at,
  type: event.type,
  severity: SeverityField.parse(event.severity),
  run_id: event.run_id,
  run: event.run,
  stage: event.stage,
  circuit_id: event.circuit_id,
  message: event.message,
  data: event.data,
  actor: event.actor,
  identity: event.identity === null ? null : Identity.parse(event.identity),
});
