import { z } from 'zod';
import { didYouMean } from '../kernel/suggest.ts';
import { count, duration, durationOrNever, filled } from './setting-fields.ts';

interface GateDefaults {
  readonly required: number;
  readonly expires: string;
  readonly on_expiry: 'skip' | 'hold';
  readonly requester_may_approve: boolean;
  readonly verified: boolean;
  readonly remind_every: string;
}

const ORDINARY: GateDefaults = {
  required: 1,
  expires: '30d',
  on_expiry: 'hold',
  requester_may_approve: true,
  verified: false,
  remind_every: '24h',
};

const gate = (about: string, special: Partial<GateDefaults> = {}) => {
  const defaults = { ...ORDINARY, ...special };
  return z
    .strictObject({
      approvers: z
        .array(filled('A name, as git or the sign-in gives it, or `@` and a group.'))
        .default([])
        .meta({ description: 'Who may approve: names, or groups as `@name`; empty: anyone.' }),
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
      remind_every: durationOrNever(
        defaults.remind_every,
        'Pause between two reminders of an open request, or `never`.',
      ),
      verified: z.boolean().default(defaults.verified).meta({
        description: 'Whether approvers must be signed in; a name on the command line does not count then.',
      }),
    })
    .transform(({ expires: expires_s, remind_every: remind_every_s, ...rest }) => ({
      ...rest,
      expires_s,
      remind_every_s,
    }))
    .meta({ description: about });
};

const KNOWN = ['training-retry', 'registry-promotion', 'test-deployment', 'prod-deployment'] as const;

/** Approval gates by name: four with defaults of their own, and any others. */
export const gates = z
  .object({
    'training-retry': gate('Training failed circuits again.', {
      expires: '4h',
      on_expiry: 'skip',
      remind_every: '1h',
    }).prefault({}),
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

/** People by the name of their group. */
export const groups = z
  .record(z.string(), z.array(filled('A name, as git or the sign-in gives it.')).min(1))
  .default({})
  .meta({ description: 'People by the name of their group, for the approvers of gates.' });

interface Gate {
  readonly approvers: readonly string[];
  readonly required: number;
}

/** Groups that do not exist, and gates that no number of their approvers could open. */
export function checkApprovers(
  settings: {
    readonly gates: Readonly<Record<string, Gate>>;
    readonly groups: Readonly<Record<string, readonly string[]>>;
  },
  refuse: (path: (string | number)[], message: string, hint: string) => void,
): void {
  for (const [name, members] of Object.entries(settings.groups))
    for (const [i, member] of members.entries())
      if (member.startsWith('@'))
        refuse(['groups', name, i], 'a group cannot be in a group', `Name the people of ${member} here.`);
  for (const [name, { approvers, required }] of Object.entries(settings.gates)) {
    const people = new Set<string>();
    let known = true;
    for (const [i, approver] of approvers.entries()) {
      const group = approver.startsWith('@') ? approver.slice(1) : null;
      const members = group === null ? [approver] : settings.groups[group];
      if (members === undefined) {
        known = false;
        refuse(
          ['gates', name, 'approvers', i],
          `there is no group ${group}`,
          didYouMean(group ?? '', Object.keys(settings.groups)) ?? `Name its people under groups.${group}.`,
        );
        continue;
      }
      for (const person of members) people.add(person.toLowerCase());
    }
    if (known && people.size > 0 && people.size < required)
      refuse(
        ['gates', name, 'required'],
        `${required} must approve, and only ${people.size} may`,
        'Name more approvers, or require fewer.',
      );
  }
}
