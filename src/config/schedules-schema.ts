import { z } from 'zod';
import { cronProblem } from '../kernel/cron.ts';
import type { Finding } from '../kernel/findings.ts';
import { kindOf, show } from '../kernel/findings.ts';
import { field } from '../kernel/schema-field.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { isTimeZone, timeZones } from '../kernel/time-zone.ts';
import { scriptSettings } from './scripts-schema.ts';
import { filled } from './setting-fields.ts';

/** Settings of each pipeline that a schedule may run; the other one's are refused. */
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
    .meta({ description: 'Gates approved in advance, in the name of the schedule.' }),
  allow_wide: filled('Why more of the fleet may be retrained than `max_changed` allows.').optional(),
};

const run = z
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

const timezone = field<string>(
  (value, refuse) => {
    if (typeof value === 'string' && isTimeZone(value)) return value;
    return refuse(
      `must be a time zone, is ${show(value)}`,
      (typeof value === 'string' ? didYouMean(value, timeZones()) : undefined) ??
        'Write a name such as Europe/Berlin, America/New_York or UTC.',
    );
  },
  {
    description: 'Whose clock the times are of.',
    type: 'string',
    default: 'UTC',
    examples: ['Europe/Berlin'],
  },
).prefault('UTC');

const cron = field<string>(
  (value, refuse) => {
    if (typeof value !== 'string' || value.trim() === '')
      return refuse(
        `must be a cron expression, is ${value === '' ? 'empty' : kindOf(value)}`,
        'Write cron: "0 2 * * *" for every day at 02:00.',
      );
    const problem = cronProblem(value);
    return problem === null ? value.trim() : refuse(problem.message, problem.hint);
  },
  {
    description:
      'When: minute, hour, day of month, month, day of week; or `@hourly`, `@daily`, `@weekly`, `@monthly`.',
    type: 'string',
    examples: ['0 2 * * *'],
  },
);

const schedule = z.strictObject({
  cron,
  timezone,
  run,
  catch_up: z.enum(['none', 'once']).default('none').meta({
    description:
      'A time that passed while nothing ran: `none` leaves it out, `once` makes up for the latest of them.',
  }),
  enabled: z.boolean().default(true).meta({ description: 'Whether it fires at all.' }),
});

/** A schedule as trainyard.yaml has it, with defaults. */
export type ScheduleConfig = z.output<typeof schedule>;

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export const schedules = z
  .record(z.string(), schedule)
  .default({})
  .superRefine((named, context) => {
    for (const name of Object.keys(named)) {
      if (NAME.test(name)) continue;
      context.addIssue({
        code: 'custom',
        path: [name],
        message: `${show(name)} cannot name a schedule`,
        params: { hint: 'Use letters, digits, dashes, dots and underscores, at most 64.' },
      });
    }
  })
  .meta({ description: 'Runs by the clock, by name. They fire while `trainyard worker` runs.' });

/** Gates that a schedule approves have to be there. */
export function strangeGates(
  named: Readonly<Record<string, ScheduleConfig>>,
  gates: readonly string[],
): Finding[] {
  const known = [...gates, 'all'];
  return Object.entries(named).flatMap(([name, config]) =>
    config.run.pipeline === 'scripts'
      ? []
      : config.run.approve.flatMap((gate, i) =>
          known.includes(gate)
            ? []
            : [
                {
                  path: ['schedules', name, 'run', 'approve', i],
                  message: `there is no gate ${gate}`,
                  hint: didYouMean(gate, known) ?? `Gates are ${known.join(', ')}.`,
                },
              ],
        ),
  );
}
