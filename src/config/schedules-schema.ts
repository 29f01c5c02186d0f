import { z } from 'zod';
import { cronProblem } from '../kernel/cron.ts';
import { kindOf, show } from '../kernel/findings.ts';
import { field } from '../kernel/schema-field.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { isTimeZone, timeZones } from '../kernel/time-zone.ts';
import { namesOf, triggeredRun } from './triggered-run-schema.ts';

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
  run: triggeredRun,
  catch_up: z.enum(['none', 'once']).default('none').meta({
    description:
      'A time that passed while nothing ran: `none` leaves it out, `once` makes up for the latest of them.',
  }),
  enabled: z.boolean().default(true).meta({ description: 'Whether it fires at all.' }),
});

/** A schedule as trainyard.yaml has it, with defaults. */
export type ScheduleConfig = z.output<typeof schedule>;

export const schedules = z.record(z.string(), schedule).default({}).superRefine(namesOf('schedule')).meta({
  description: 'Runs by the clock, by name. They fire while `trainyard serve` or `trainyard worker` runs.',
});
