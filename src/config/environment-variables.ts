/**
 * The variables of existing Azure DevOps set-ups, accepted as environment variables. This table drives the code and
 * the reference in docs/configuration.md; their camelCase names appear nowhere else.
 */
import type { Problem } from '../kernel/errors.ts';

type Path = readonly string[];

/** One setting that a variable makes; values are as trainyard.yaml would have them. */
export interface Override {
  readonly path: Path;
  readonly value: unknown;
}

export interface EnvironmentVariable {
  readonly name: string;
  /** The setting it stands for, dotted. */
  readonly setting: string;
  readonly description: string;
  readonly example: string;
  /** What the value means as settings, or what must stand there instead. `spelling` is the name as it was found. */
  readonly read: (value: string, spelling: string) => readonly Override[] | { readonly expected: string };
}

export const ENVIRONMENT_VARIABLES: readonly EnvironmentVariable[] = [
  {
    name: 'manualCircuits',
    setting: '`--circuits`',
    description: 'Circuits to train whatever changed; `AUTO` or empty means detection.',
    example: 'flottec_2110,flottec_2130',
    read: (value) => [{ path: ['manual_circuits'], value }],
  },
  amountOf(
    'monitoringMaxWaitHours',
    ['monitoring', 'max_wait'],
    'h',
    'Longest time a job may run, in hours.',
    '3',
  ),
  amountOf(
    'monitoringPollIntervalSeconds',
    ['monitoring', 'poll_interval'],
    's',
    'First pause between two looks at the jobs, in seconds.',
    '30',
  ),
  {
    name: 'monitoringLogLevel',
    setting: 'monitoring.log_level',
    description: 'How much is logged, in upper or lower case.',
    example: 'DEBUG',
    read: (value) => {
      const level = LOG_LEVELS[value.toLowerCase()];
      return level === undefined
        ? { expected: 'DEBUG, INFO, WARNING or ERROR' }
        : [{ path: ['monitoring', 'log_level'], value: level }];
    },
  },
  amountOf(
    'longRunningJobNotificationIntervalHours',
    ['notifications', 'long_running_alert_every'],
    'h',
    'Pause between two alerts about jobs that still run, in hours.',
    '4',
  ),
  {
    name: 'mlEngineersEmail',
    setting: 'notifications.channels.ml_engineers',
    description: 'Who gets e-mail: one address, or several with commas.',
    example: 'ml-team@example.com',
    read: (value) => {
      const to = value.split(/[,;\s]+/).filter((address) => address !== '');
      if (!to.every((address) => /^[^@\s]+@[^@\s]+$/.test(address))) return { expected: 'an e-mail address' };
      return [{ path: ['notifications', 'channels', 'ml_engineers'], value: { type: 'email', to } }];
    },
  },
  {
    name: 'teamsWebhookUrl',
    setting: 'notifications.channels.teams',
    description:
      'The workflow webhook of a Teams channel. It stays in the variable and is read when a message is sent.',
    example: 'https://…',
    read: (value, spelling) => {
      if (!/^https:\/\/\S+$/.test(value)) return { expected: 'a URL that begins with https://' };
      return [
        {
          path: ['notifications', 'channels', 'teams'],
          value: { type: 'teams', url: `\${env:${spelling}}` },
        },
      ];
    },
  },
  {
    name: 'registryName',
    setting: 'registry.shared',
    description: 'The shared registry that models are promoted to.',
    example: 'ml-registry',
    read: (value) => [{ path: ['registry', 'shared'], value }],
  },
  amountOf(
    'registryPropagationMaxWaitSeconds',
    ['propagation', 'max_wait'],
    's',
    'How long to wait for a shared model to become visible, in seconds.',
    '120',
  ),
];

const LOG_LEVELS: Readonly<Record<string, string | undefined>> = {
  debug: 'debug',
  info: 'info',
  information: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'error',
};

/** A variable that holds a positive number of hours or seconds. */
function amountOf(
  name: string,
  path: Path,
  unit: 'h' | 's',
  description: string,
  example: string,
): EnvironmentVariable {
  const expected = `a number of ${unit === 'h' ? 'hours' : 'seconds'} above 0`;
  return {
    name,
    setting: path.join('.'),
    description,
    example,
    read: (value) =>
      /^\d+(?:\.\d+)?$/.test(value) && Number(value) > 0
        ? [{ path, value: `${value}${unit}` }]
        : { expected },
  };
}

/** The circuits that a CI system asks for by its variable, or null. */
export function manualCircuits(env: Readonly<Record<string, string | undefined>>): string | null {
  const asked = readEnvironment(env).overrides.find(({ path }) => path[0] === 'manual_circuits');
  return asked === undefined ? null : String(asked.value);
}

/**
 * What the environment says. Azure DevOps hands `monitoringMaxWaitHours` on as `MONITORINGMAXWAITHOURS`; both are
 * known, and `MONITORING_MAX_WAIT_HOURS`. Empty values count as absent, and so do macros it left unreplaced: `$(name)`.
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): {
  overrides: (Override & { readonly variable: string })[];
  problems: Problem[];
} {
  const overrides: (Override & { readonly variable: string })[] = [];
  const problems: Problem[] = [];
  for (const known of ENVIRONMENT_VARIABLES) {
    const variable = spellings(known.name).find((spelling) => isSet(env[spelling]));
    if (variable === undefined) continue;
    const read = known.read((env[variable] ?? '').trim(), variable);
    if (!('expected' in read)) {
      overrides.push(...read.map((override) => ({ ...override, variable })));
      continue;
    }
    // The value itself stays out of the message: a webhook URL is a secret.
    const message = `the environment variable ${variable} must be ${read.expected}`;
    const hint = `Set it to something like ${known.example}, or unset it to use ${known.setting} of trainyard.yaml.`;
    problems.push({ file: 'environment', line: null, column: null, path: variable, message, hint });
  }
  return { overrides, problems };
}

const spellings = (name: string): string[] => [
  name,
  name.toUpperCase(),
  name.replaceAll(/[A-Z]/g, (c) => `_${c}`).toUpperCase(),
];

const isSet = (value: string | undefined): boolean =>
  value !== undefined && value.trim() !== '' && !/^\s*\$\([\w.]+\)\s*$/.test(value);
