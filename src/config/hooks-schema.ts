import { z } from 'zod';
import { secret } from './channel-schema.ts';
import { filled } from './setting-fields.ts';
import { namesOf, triggeredRun } from './triggered-run-schema.ts';

/** Who calls, which decides how a call shows that it knows the secret. */
export const HOOK_SENDERS = ['standard', 'github', 'gitlab', 'azure-devops', 'bearer'] as const;
export type HookSender = (typeof HOOK_SENDERS)[number];

const texts = (item: string, description: string) =>
  z.array(filled(item)).min(1).nullable().default(null).meta({ description });

const hook = z
  .strictObject({
    sender: z.enum(HOOK_SENDERS).default('standard').meta({
      description:
        'Who calls. `standard`: signed as Standard Webhooks, as another Trainyard does and GitLab with a signing token; `github`: its signature; `gitlab`: its secret token; `azure-devops`: a service hook with basic authentication; `bearer`: the secret in the header `Authorization`.',
    }),
    secret: secret('What the other side knows too, as `${env:NAME}`.'),
    events: texts(
      'A type or a glob.',
      'Only events of these types, as the sender calls them: `push`, `git.push`. Left out: all.',
    ),
    branches: texts('A name or a glob.', 'Only pushes to these branches. Left out: all.'),
    circuits_from_body: z.boolean().default(false).meta({
      description: 'The body says which circuits: `{"circuits": ["plant_a/kiln_7"]}`, ids and no globs.',
    }),
    pull: z.boolean().default(false).meta({
      description: 'Bring the checkout up to date before planning, as `git pull --ff-only` does.',
    }),
    run: triggeredRun,
    enabled: z.boolean().default(true).meta({ description: 'Whether it takes anything at all.' }),
  })
  .superRefine(({ circuits_from_body, run }, context) => {
    if (!circuits_from_body) return;
    if (run.pipeline === 'scripts')
      context.addIssue({
        code: 'custom',
        path: ['circuits_from_body'],
        message: 'scripts have no circuits',
        params: { hint: 'Leave it out, or write pipeline: train.' },
      });
    else if (run.circuits.length > 0)
      context.addIssue({
        code: 'custom',
        path: ['circuits_from_body'],
        message: '`circuits` and `circuits_from_body` do not go together',
        params: { hint: 'Leave run.circuits out: the body says which.' },
      });
  });

/** A hook as trainyard.yaml has it, with defaults. */
export type HookConfig = z.output<typeof hook>;

export const hooks = z.record(z.string(), hook).default({}).superRefine(namesOf('hook')).meta({
  description:
    'Runs because another system says so, by name: it calls `POST /hooks/NAME` of `trainyard serve`.',
});
