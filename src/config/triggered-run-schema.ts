import { z } from 'zod';
import { show } from '../kernel/findings.ts';
import type { Finding } from '../kernel/findings.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { scriptSettings } from './scripts-schema.ts';
import { filled } from './setting-fields.ts';

/** Settings of each pipeline that a schedule or hook may run; the other one's are refused. */
const trainKeys = {
  circuits: z.array(filled('An id or a glob.')).optional().meta({
    description: 'Train exactly these: ids, plant/circuit or globs. Left out: what needs training.',
  }),
  if_changed: z
    .boolean()
    .optional()
    .meta({ description: 'Of the circuits named here, only those that changed.' }),
  include_failed: z
    .boolean()
    .optional()
    .meta({ description: 'Train at once what failed at these very settings before.' }),
  detection: z
    .enum(['auto', 'git', 'hash'])
    .optional()
    .meta({ description: 'How changes are explained; `git` needs a `base`.' }),
  base: filled('The commit, branch or tag that `git` compares with.').optional(),
  approve: z
    .array(filled('A gate, or `all`.'))
    .optional()
    .meta({ description: 'Gates approved in advance, in the name of the schedule or hook.' }),
  allow_wide: filled('Why more of the fleet may be retrained than `max_changed` allows.').optional(),
};

/** `run:` of a schedule or hook: what would be typed otherwise, with defaults. */
export const triggeredRun = z
  .strictObject({
    pipeline: z
      .enum(['train', 'scripts'])
      .default('train')
      .meta({ description: '`train`: as `trainyard run`; `scripts`: as `trainyard scripts`.' }),
    ...trainKeys,
    ...scriptSettings,
  })
  .prefault({})
  .superRefine((given, context) => {
    const strange = given.pipeline === 'train' ? scriptSettings : trainKeys;
    const other = given.pipeline === 'train' ? 'scripts' : 'train';
    for (const [key, value] of Object.entries(given)) {
      if (value === undefined || !Object.hasOwn(strange, key)) continue;
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `\`${key}\` is a setting of pipeline ${other}, and this one is ${given.pipeline}`,
        params: { hint: `Write pipeline: ${other}, or leave \`${key}\` out.` },
      });
    }
    if (given.detection === 'git' && given.base === undefined)
      context.addIssue({
        code: 'custom',
        path: ['detection'],
        message: 'detection git needs something to compare with',
        params: { hint: 'Add base: origin/main, or write detection: hash.' },
      });
  })
  .transform(
    ({ pipeline, circuits, if_changed, include_failed, detection, base, approve, allow_wide, ...settings }) =>
      pipeline === 'train'
        ? {
            pipeline: 'train' as const,
            circuits: circuits ?? [],
            if_changed: if_changed === true,
            include_failed: include_failed === true,
            detection: detection ?? ('auto' as const),
            base: base ?? null,
            approve: approve ?? [],
            allow_wide: allow_wide ?? null,
          }
        : { pipeline: 'scripts' as const, settings },
  )
  .meta({ description: 'What to run; left out: train what needs training.' });

/** What a schedule or hook runs, with defaults. */
export type TriggeredRun = z.output<typeof triggeredRun>;

/** Refuses names of schedules or hooks that cannot stand in paths and in names of who acts. */
export const namesOf =
  (what: 'schedule' | 'hook') =>
  (named: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    for (const name of Object.keys(named)) {
      if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name)) continue;
      context.addIssue({
        code: 'custom',
        path: [name],
        message: `${show(name)} cannot name a ${what}`,
        params: { hint: 'Use letters, digits, dashes, dots and underscores, at most 64.' },
      });
    }
  };

/** Gates that schedules (or hooks) approve have to be there. `section` is where they stand in trainyard.yaml. */
export function strangeGates(
  section: 'schedules' | 'hooks',
  named: Readonly<Record<string, { readonly run: TriggeredRun }>>,
  gates: readonly string[],
): Finding[] {
  const known = [...gates, 'all'];
  return Object.entries(named).flatMap(([name, { run }]) =>
    run.pipeline === 'scripts'
      ? []
      : run.approve.flatMap((gate, i) =>
          known.includes(gate)
            ? []
            : [
                {
                  path: [section, name, 'run', 'approve', i],
                  message: `there is no gate ${gate}`,
                  hint: didYouMean(gate, known) ?? `Gates are ${known.join(', ')}.`,
                },
              ],
        ),
  );
}
