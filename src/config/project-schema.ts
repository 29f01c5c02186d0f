/** `trainyard.yaml`, whole: every setting, its default, what it means. An empty file is valid. */
import { z } from 'zod';
import { checkApprovers, gates, groups } from './gate-schema.ts';
import { hooks } from './hooks-schema.ts';
import { notifications } from './notification-schema.ts';
import { schedules } from './schedules-schema.ts';
import { scripts } from './scripts-schema.ts';
import { checkRoles, server } from './server-schema.ts';
import {
  count,
  duration,
  durationOrNever,
  filled,
  number,
  qualityRule,
  share,
  words,
  workers,
} from './setting-fields.ts';

const PROVIDERS = ['local', 'simulated', 'azureml', 'kubernetes', 'ray'] as const;

const anything = (description: string) => z.record(z.string(), z.unknown()).default({}).meta({ description });

const local = z
  .strictObject({
    max_workers: workers('How many jobs run at the same time; `auto` goes by the processors of the machine.'),
    environment: z.enum(['ambient', 'managed']).default('ambient').meta({
      description:
        '`ambient` uses the Python on the PATH; `managed` builds the one that the environment file describes.',
    }),
  })
  .prefault({})
  .meta({ description: 'This machine.' });

const simulated = z
  .strictObject({
    duration: duration('30s', 'Virtual time that an attempt runs.', 0),
    duration_spread: number(0.2, 'How far durations spread around that, as a share of it.', 0, 1),
    queue: duration('2s', 'Virtual time that an attempt waits for a slot at least.', 0),
    prepare: duration('3s', 'Virtual time that preparing takes.', 0),
    fail_rate: number(0, 'The share of attempts that fail.', 0, 1),
    fail: z
      .array(
        filled(
          'A circuit id or glob, then `:2` for the first two attempts only, then `=text` for the error text.',
        ),
      )
      .default([])
      .meta({ description: 'Who fails for certain, for example `flottec_2130:1=CUDA out of memory`.' }),
    speed: number(1000, 'Virtual seconds per real second; 1 is real time.', 0.001, 1_000_000),
    max_parallel: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .nullable()
      .default(null)
      .meta({ description: 'How many attempts of a run hold a slot at once; no limit unless told.' }),
    seed: z.int().default(1).meta({ description: 'Another seed, another fate.' }),
  })
  .prefault({})
  .transform(({ duration: duration_s, queue: queue_s, prepare: prepare_s, ...rest }) => ({
    ...rest,
    duration_s,
    queue_s,
    prepare_s,
  }))
  .meta({ description: 'A rehearsal: whole pipelines with chosen failures and delays in seconds.' });

const monitoring = z
  .strictObject({
    poll_interval: duration(
      '30s',
      'First pause between two looks at the jobs of a run; it doubles from there.',
    ),
    max_poll_interval: duration('5m', 'Longest pause between two looks.'),
    max_wait: duration(
      '3h',
      'Longest time a job may run, counted from when it runs; then it is canceled and counts as failed.',
    ),
    stage_limit: duration('48h', 'Longest time that the monitoring stage takes in all.'),
    log_level: z
      .enum(['debug', 'info', 'warn', 'error'])
      .default('info')
      .meta({ description: 'How much `trainyard serve` and `trainyard worker` log.' }),
  })
  .prefault({})
  .transform((m) => ({
    poll_interval_s: m.poll_interval,
    max_poll_interval_s: Math.max(m.poll_interval, m.max_poll_interval),
    max_wait_s: m.max_wait,
    stage_limit_s: m.stage_limit,
    log_level: m.log_level,
  }))
  .meta({ description: 'Waiting for training jobs.' });

const retry = z
  .strictObject({
    max_retries: count(0, 'Further attempts of a job that failed, before it counts as failed.', 0, 100),
    timeout: duration('1h', 'Time limit of one attempt.'),
  })
  .prefault({})
  .transform((r) => ({ max_retries: r.max_retries, timeout_s: r.timeout }))
  .meta({ description: 'Attempts of a job, where the component file says nothing.' });

const propagation = z
  .strictObject({
    initial_delay: duration('2s', 'First pause; it doubles from there.'),
    max_delay: duration('30s', 'Longest pause.'),
    max_wait: duration('120s', 'How long in all.'),
  })
  .prefault({})
  .transform((p) => ({
    initial_delay_s: p.initial_delay,
    max_delay_s: Math.max(p.initial_delay, p.max_delay),
    max_wait_s: p.max_wait,
  }))
  .meta({ description: 'Waiting until a shared model is visible in the shared registry.' });

const retention = z
  .strictObject({
    models: durationOrNever(
      '30d',
      'How long files of models are kept once they are withdrawn or superseded. `never`: for good.',
    ),
    logs: durationOrNever(
      '14d',
      'How long logs and work folders of jobs are kept once their run is over. `never`: for good.',
    ),
    runs: durationOrNever(
      'never',
      'How long runs that nothing depends on are kept once they are over. `never`: for good.',
    ),
  })
  .prefault({})
  .transform(({ models: models_s, logs: logs_s, runs: runs_s }) => ({ models_s, logs_s, runs_s }))
  .meta({ description: 'What is cleaned up, and when.' });

export const ProjectFile = z
  .strictObject({
    circuits: words('config/circuits.yaml', 'The fleet file, from the project root.'),
    component: words(
      'components/training-pipeline-component.yaml',
      'The training component, from the project root.',
    ),
    environments: words(
      'components/environments/*.yaml',
      'The environment files, a glob from the project root.',
    ),
    provider: z
      .enum(PROVIDERS)
      .default('local')
      .transform((name): string => name)
      .meta({ description: 'Where training happens.' }),
    providers: z
      .strictObject({
        local,
        simulated,
        azureml: anything('Azure Machine Learning.'),
        kubernetes: anything('A Kubernetes cluster.'),
        ray: anything('A Ray cluster.'),
        mlflow: anything('An MLflow server.'),
      })
      .prefault({})
      .meta({ description: 'Settings of each provider.' }),
    registry: z
      .strictObject({
        dev: words('embedded', 'Where training registers models.'),
        shared: words('embedded', 'Where promotion shares them to.'),
      })
      .prefault({})
      .meta({ description: 'Model registries.' }),
    detection: z.enum(['auto', 'git', 'hash']).default('auto').meta({
      description:
        'How changes are explained: `git` compares with a base commit, `hash` with the registered models; `auto` takes git where a base is known.',
    }),
    max_changed: share(
      '30%',
      'A plan that would retrain more than this share of the circuits that have a model (and at least 10) needs a reason.',
    ),
    monitoring,
    retry,
    propagation,
    quality: z
      .array(qualityRule)
      .default([])
      .meta({ description: 'Limits that a model must keep to be promoted.' }),
    gates,
    groups,
    notifications,
    deployment: anything('Rollouts to test and production.'),
    schedules,
    hooks,
    retention,
    scripts,
    server,
  })
  .superRefine((settings, context) => {
    const refuse = (path: (string | number)[], message: string, hint: string): void =>
      context.addIssue({ code: 'custom', path, message, params: { hint } });
    checkApprovers(settings, refuse);
    checkRoles(settings, refuse);
  })
  .meta({
    title: 'Trainyard project',
    description: 'Settings of a Trainyard project (trainyard.yaml). Everything has a default.',
  });
