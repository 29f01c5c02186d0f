import { z } from 'zod';
import { CAUSES } from './plan.ts';

const Change = z.strictObject({
  field: z.string().meta({ description: 'The setting, dotted: `hyperparameters.learning_rate`.' }),
  before: z.unknown().meta({ description: 'Null: it was not there.' }),
  after: z.unknown().meta({ description: 'Null: it is not there any more.' }),
});

const Circuit = z.strictObject({
  id: z.string(),
  action: z.enum(['train', 'skip']),
  reason: z.string().meta({ description: 'A sentence for people.' }),
  cause: z.enum(CAUSES).meta({ description: 'The reason in one word, for machines.' }),
  line: z.int().meta({ description: 'Where the circuit stands in circuits.yaml.' }),
  training_hash: z.string().meta({ description: 'Twelve hex digits: what it wants to be trained with.' }),
  inputs_digest: z.string().meta({ description: 'Twelve hex digits over what the hash leaves out.' }),
  previous_hash: z.string().nullable().meta({ description: 'Of its good model; null: it has none.' }),
  changes: z.array(Change),
});

const Warning = z.strictObject({
  file: z.string(),
  line: z.int().nullable(),
  column: z.int().nullable(),
  path: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
});

/** What `trainyard plan --json` prints; published as schemas/plan.schema.json. */
export const PlanDocument = z.strictObject({
  plan_id: z.string(),
  detection: z.enum(['git', 'hash']),
  base_ref: z.string().nullable().meta({ description: 'What was compared with; null in detection `hash`.' }),
  circuits: z.array(Circuit).meta({ description: 'Every circuit of the fleet, in the order of the file.' }),
  summary: z.strictObject({ train: z.int(), skip: z.int() }),
  guard: z
    .strictObject({
      blocked: z.boolean(),
      retrain: z.int(),
      with_model: z.int(),
      max_changed: z.number(),
      allow_wide: z.string().nullable(),
    })
    .meta({ description: 'How much of the fleet would be retrained, and whether that is too much.' }),
  warnings: z.array(Warning),
});
