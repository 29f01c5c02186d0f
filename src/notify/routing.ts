import picomatch from 'picomatch';
import type { NotificationSettings } from '../config/index.ts';
import type { Event } from '../store/index.ts';

/** What is told unless a route names other events: what people have to act on, and how work begins and ends. */
export const USUAL_EVENTS: readonly string[] = [
  'training.*',
  'job.failed',
  'jobs.running_long',
  'preflight.problem',
  'approval.requested',
  'approval.reminder',
  'approval.reopened',
  'approval.expired',
  'approval.held',
  'model.promoted',
  'model.not_registered',
  'model.not_promoted',
  'environment.shared',
  'deployment.*',
  'rollout.*',
  'run.succeeded',
  'run.failed',
  'run.canceled',
  'schedule.failed',
  'hook.failed',
];

/** Records of what people did, and what this room itself reports, are never messages. */
const NEVER = /^(?:audit|notification)\./;

/** The end of training is the end of the stage that watches it. */
const WATCHES = ['MonitorTraining', 'MonitorScripts'];

/** What routing has to know of an event's run. */
export interface RoutedRun {
  readonly rehearsal: boolean;
  /** Circuits that the run is about; asked for only where a route names circuits. */
  readonly circuits: readonly string[];
}

export interface Router {
  /** True where a route picks circuits, so that somebody must know which ones a run is about. */
  readonly picks_circuits: boolean;
  readonly wants: (channel: string, event: Event, run: RoutedRun | null) => boolean;
}

type Rule = (event: Event, run: RoutedRun | null) => boolean;

/** Without routes every channel gets the usual events of all circuits; with them, exactly what they say. */
export function createRouter(settings: NotificationSettings): Router {
  const rules = new Map<string, Rule[]>(Object.keys(settings.channels).map((name) => [name, []]));
  for (const route of settings.routes)
    for (const name of route.channels) rules.get(name)?.push(ruleOf(route));
  if (settings.routes.length === 0) for (const list of rules.values()) list.push(ruleOf(EVERYTHING_USUAL));
  return {
    picks_circuits: settings.routes.some((route) => route.circuits !== null),
    wants: (channel, event, run) =>
      !NEVER.test(event.type) && (rules.get(channel)?.some((rule) => rule(event, run)) ?? false),
  };
}

type Route = NotificationSettings['routes'][number];

const EVERYTHING_USUAL: Route = {
  channels: [],
  events: null,
  circuits: null,
  severity: 'info',
  rehearsals: false,
};

const RANK: Readonly<Record<string, number>> = { info: 0, warning: 1, error: 2 };

function ruleOf({ events, circuits, severity, rehearsals }: Route): Rule {
  const isUsual = picomatch([...USUAL_EVENTS]);
  const isWanted = events === null ? null : picomatch([...events]);
  const isOurs = circuits === null ? null : picomatch([...circuits]);
  return (event, run) => {
    if (!rehearsals && run?.rehearsal === true) return false;
    if ((RANK[event.severity] ?? 0) < (RANK[severity] ?? 0)) return false;
    if (isWanted === null ? !isUsual(event.type) && !endsTraining(event) : !isWanted(event.type))
      return false;
    if (isOurs === null) return true;
    if (event.circuit_id !== null) return isOurs(event.circuit_id);
    // What is about a run as a whole concerns whoever has a circuit in it.
    return run !== null && run.circuits.some((id) => isOurs(id));
  };
}

const endsTraining = ({ type, stage }: Event): boolean =>
  stage !== null && WATCHES.includes(stage) && (type === 'stage.succeeded' || type === 'stage.failed');

/** Told at once, with whatever was gathered before: somebody is waited for, or the run is over. */
export const isUrgent = ({ type }: { readonly type: string }): boolean =>
  ASKS.includes(type) || ENDS.includes(type) || type === 'jobs.running_long';

/** Where a message is kept up to date, these alone are messages of their own. */
export const isNotice = ({ type }: { readonly type: string }): boolean =>
  ASKS.includes(type) || type === 'run.failed' || type === 'jobs.running_long';

export const ASKS: readonly string[] = ['approval.requested', 'approval.reminder', 'approval.reopened'];
const ENDS: readonly string[] = ['run.succeeded', 'run.failed', 'run.canceled'];
