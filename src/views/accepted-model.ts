import { z } from 'zod';

/** A good model that was accepted, as `trainyard accept --json` shows it. */
export const AcceptedModel = z
  .object({
    circuit: z.string(),
    model_name: z.string(),
    version: z.int(),
    training_hash: z.string().meta({ description: 'What it stands for from now on.' }),
  })
  .meta({
    id: 'AcceptedModel',
    description: 'A good model, and what it stands for besides its own settings.',
  });
export type AcceptedModel = z.infer<typeof AcceptedModel>;
