import { z } from 'zod';
import { didYouMean } from '../kernel/suggest.ts';
import { count, duration, filled } from './setting-fields.ts';

interface GateDefaults {
  readonly required: number;
  readonly expires: string;
  readonly on_expiry: 'skip' | 'hold';
  readonly requester_may_approve: boolean;
  readonly verified: boolean;
}

const ORDINARY: GateDefaults = {
  required: 1,
  expires: '30d',
  on_expiry: 'hold',
  requester_may_approve: true,
  verified: false,
};

const gate = (about: string, special: Partial<GateDefaults> = {}) => {
  const defaults = { ...ORDINARY, ...special };
  return z
    .strictObject({
      approvers: z
        .array(filled('A name, as git or the sign-in gives it.'))
        .default([])
        .meta({ description: 'Who may approve; empty: anyone.' }),
      required: count(defaults.required, 'How many different people must approve.', 1, 100),
      expires: duration(defaults.expires, 'How long a request stays open.'),
      on_expiry: z.enum(['skip', 'hold']).default(defaults.on_expiry).meta({
        description:
          'What an expired request means: `skip` goes on without, `hold` keeps everything for a later decision.',
      }),
      requester_may_approve: z
        .boolean()
        .default(defaults.requester_may_approve)
        .meta({ description: 'Whether who started the run may approve it.' }),
      verified: z.boolean().default(defaults.verified).meta({
        description: 'Whether approvers must be signed in; a name on the command line does not count then.',
      }),
    })
    .superRefine(({ approvers, required }, context) => {
      if (approvers.length === 0 || new Set(approvers).size >= required) return;
      context.addIssue({
        code: 'custom',
        path: ['required'],
        message: `${required} must approve, and only ${new Set(approvers).size} may`,
        params: { hint: 'Name more approvers, or require fewer.' },
      });
    })
    .transform(({ expires: expires_s, ...rest }) => ({ ...rest, expires_s }))
    .meta({ description: about });
};

const KNOWN = ['training-retry', 'registry-promotion', 'test-deployment', 'prod-deployment'] as const;

/** Approval gates by name: four with defaults of their own, and any others. */
export const gates = z
  .object({
    'training-retry': gate('Training failed circuits again.', { expires: '4h', on_expiry: 'skip' }).prefault(
      {},
    ),
    'registry-promotion': gate('Sharing models and environments to the shared registry.').prefault({}),
    'test-deployment': gate('Deploying to test.').prefault({}),
    'prod-deployment': gate('Deploying to production.', {
      required: 2,
      requester_may_approve: false,
      verified: true,
    }).prefault({}),
  })
  .catchall(gate('A gate of your own.'))
  .superRefine((named, context) => {
    // A slip of the pen would leave the gate that was meant open to anybody.
    for (const name of Object.keys(named)) {
      const near = KNOWN.some((known) => known === name) ? undefined : didYouMean(name, KNOWN);
      if (near === undefined) continue;
      context.addIssue({
        code: 'custom',
        path: [name],
        message: `no gate is called ${name}`,
        params: { hint: near },
      });
    }
  })
  .prefault({})
  .meta({ description: 'Approval gates by name.' });
