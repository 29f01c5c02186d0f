/**
 * What queries are about: the first part of every query key. The number is the pause in ms between two fetches of what
 * is on the screen. `progress` is for what moves while a run is open, and is not worth an event: the jobs' matrix.
 */
export const TOPICS = {
  me: 1000,
  runs: 1000,
  jobs: 1000,
  progress: 2000,
  circuits: 2000,
  approvals: 500,
  models: 1000,
  events: 500,
  audit: 1000,
  schedules: 1000,
  hooks: 1000,
  notifications: 1000,
  scripts: 1000,
  retention: 1000,
  system: 2000,
  tokens: 1000,
  plans: 1000,
} as const;
export type Topic = keyof typeof TOPICS;

/** What an event of this type is about: the subject is what stands before the dot. Who did it goes on record. */
export function topicsOf(type: string): Topic[] {
  const subject = type.slice(0, type.indexOf('.'));
  return ['events', 'audit', ...(BY_SUBJECT[subject] ?? [])];
}

const BY_SUBJECT: Readonly<Record<string, readonly Topic[]>> = {
  run: ['runs', 'circuits'],
  stage: ['runs'],
  job: ['jobs', 'runs', 'circuits'],
  jobs: ['jobs'],
  training: ['jobs', 'runs', 'circuits'],
  approval: ['approvals', 'runs', 'models', 'circuits'],
  model: ['models', 'circuits', 'runs'],
  environment: ['system'],
  component: ['system'],
  schedule: ['schedules'],
  hook: ['hooks'],
  access: ['tokens'],
  notification: ['notifications'],
  retention: ['retention', 'runs', 'models'],
};
