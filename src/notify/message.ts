import { formatDuration } from '../kernel/duration.ts';
import { clip } from './digest.ts';
import type { Digest, DigestItem } from './digest.ts';
import type { ApprovalFacts, RunFacts } from './facts.ts';
import { ASKS } from './routing.ts';
import { nounFor, requestSection, sectionsOf, someOf, trainingIsOver } from './sections.ts';
import type { Section } from './sections.ts';

export type Tone = 'good' | 'bad' | 'attention' | 'neutral';

/** A message before it is known where it goes. All of it is plain text, and much of it was written by strangers. */
export interface Message {
  readonly title: string;
  /** The state in a word, for whoever cannot see the colour. */
  readonly state: string;
  readonly tone: Tone;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly sections: readonly Section[];
  readonly actions: readonly Action[];
}

/** What the reader can do: what to type, and where to click. */
export interface Action {
  readonly label: string;
  readonly command: string;
  readonly url: string | null;
}

/** What a message is about, besides the events. */
export interface About {
  readonly project: string;
  readonly base_url: string | null;
  readonly run: RunFacts | null;
  readonly requests: readonly ApprovalFacts[];
  readonly now: number;
}

/** One message about all that was gathered: what happened, to which circuits, and how to act. */
export function digestMessage(digest: Digest, about: About): Message {
  const asks = digest.items.filter((item) => ASKS.includes(item.type));
  const asked = about.requests.filter((r) => asks.some((item) => isAbout(item, r)));
  // What was answered meanwhile is not what matters most any more.
  const open = digest.items.filter((item) => !asks.includes(item) || asked.some((r) => isAbout(item, r)));
  const told = open.length === 0 ? digest : { ...digest, items: open };
  const items = told.items.toSorted((a, b) => rank(a) - rank(b));
  const [head] = items;
  const title = titleOf(told, about.run);
  const sections = [
    // What the title says already is not said again.
    ...sectionsOf(items, about.run)
      .map((s) => (s.heading !== null && title.endsWith(s.heading) ? { ...s, heading: null } : s))
      .filter((s) => s.heading !== null || s.lines.length > 0),
    ...asked.map(requestSection),
    ...asks
      .filter((item) => !asked.some((r) => isAbout(item, r)))
      .map((item): Section => ({ heading: item.message, lines: ['Decided or withdrawn meanwhile.'] })),
    ...(digest.left_out > 0 ? [{ heading: `${digest.left_out} other events`, lines: [] }] : []),
  ];
  return {
    title,
    ...standing(head),
    facts: factsOf(about),
    sections,
    actions: actionsOf(items, about, asked),
  };
}

/** By its id; an event that names none means the request of its stage. */
const isAbout = (item: DigestItem, request: ApprovalFacts): boolean =>
  item.approval_id === null ? item.stage === request.stage : item.approval_id === request.id;

/** In one line: the most important of it. */
export function titleOf(
  digest: Digest,
  run: Pick<RunFacts, 'number' | 'rehearsal' | 'pipeline'> | null,
): string {
  const [head] = digest.items.toSorted((a, b) => rank(a) - rank(b));
  const text = head === undefined ? 'Nothing happened' : headline(head, digest, run);
  return clip(run?.rehearsal === true ? `[rehearsal] ${text}` : text, 200);
}

const ORDER: readonly string[] = [
  'run.failed',
  ...ASKS,
  'run.canceled',
  'run.succeeded',
  'jobs.running_long',
  'preflight.problem',
  'job.failed',
  'model.not_promoted',
  'model.not_registered',
  'approval.expired',
  'model.promoted',
  'stage.failed',
  'stage.succeeded',
  'training.retried',
  'training.started',
];

/** Smaller is more important; what is not known comes by its severity. */
function rank({ type, severity }: DigestItem): number {
  const known = ORDER.indexOf(type);
  if (known >= 0) return known;
  return severity === 'error' ? 8.5 : severity === 'warning' ? 9.5 : ORDER.length;
}

function headline(
  head: DigestItem,
  digest: Digest,
  run: Pick<RunFacts, 'number' | 'pipeline'> | null,
): string {
  const ofRun = run === null ? '' : `Run ${run.number}: `;
  switch (head.type) {
    case 'approval.requested':
    case 'approval.reopened':
      return run === null ? head.message : `Run ${run.number} waits for a decision: ${askedIn(head)}`;
    case 'approval.reminder':
      return `${ofRun}still waits for a decision: ${askedIn(head)}`;
    case 'job.failed': {
      const n = digest.items.reduce((sum, item) => (item.type === 'job.failed' ? sum + item.count : sum), 0);
      return `${ofRun}${n} ${nounFor(run, n)} failed`;
    }
    case 'model.promoted':
      return `${ofRun}${head.count} ${head.count === 1 ? 'model' : 'models'} promoted`;
    case 'stage.failed':
    case 'stage.succeeded':
      return `${ofRun}${trainingIsOver(head)}`;
    default:
      return /^Run \d/.test(head.message) || /\bof run \d/.test(head.message)
        ? head.message
        : `${ofRun}${head.message}`;
  }
}

/** The title of a request, without the gate and the command that its event names too. */
const askedIn = ({ message }: DigestItem): string =>
  message.replace(/ \(gate [^()]*\): trainyard approve \S+$/, '');

function standing(head: DigestItem | undefined): { state: string; tone: Tone } {
  if (head === undefined) return { state: 'info', tone: 'neutral' };
  if (ASKS.includes(head.type)) return { state: 'waits', tone: 'attention' };
  if (head.type === 'run.succeeded') return { state: 'succeeded', tone: 'good' };
  if (head.type === 'run.canceled') return { state: 'canceled', tone: 'neutral' };
  if (head.severity === 'error') return { state: 'failed', tone: 'bad' };
  if (head.severity === 'warning') return { state: 'warning', tone: 'attention' };
  return head.type === 'model.promoted' || head.type === 'stage.succeeded'
    ? { state: 'succeeded', tone: 'good' }
    : { state: 'info', tone: 'neutral' };
}

/** The run in a few words. */
export function factsOf({ project, run, now }: About): Message['facts'] {
  if (run === null) return [{ label: 'Project', value: project }];
  const { circuits, jobs } = run;
  const done = ['succeeded', 'failed', 'canceled'] as const;
  const open = jobs.pending + jobs.queued + jobs.preparing + jobs.running;
  const counts = [
    ...done.flatMap((status) => (jobs[status] > 0 ? [`${jobs[status]} ${status}`] : [])),
    ...(open > 0 ? [`${open} open`] : []),
  ];
  const took =
    run.started_at === null
      ? null
      : (run.ended_at === null ? now : Date.parse(run.ended_at)) - Date.parse(run.started_at);
  const facts = [
    { label: 'Project', value: project },
    {
      label: 'Run',
      value: `${run.number}${run.rehearsal ? ' (rehearsal)' : ''}${run.pr ? ' (pull request)' : ''}, ${run.status}`,
    },
    {
      label: run.pipeline === 'scripts' ? 'Scripts' : 'Circuits',
      value: circuits.total === 0 ? '' : `${circuits.total}: ${someOf(circuits.first, circuits.total)}`,
    },
    { label: 'Jobs', value: counts.join(', ') },
    { label: 'Took', value: took === null ? '' : formatDuration(took / 1000) },
    { label: 'Started by', value: clip(run.requested_by, 100) },
    {
      label: 'Commit',
      value:
        run.git_commit === null
          ? ''
          : [
              run.git_commit.slice(0, 10),
              ...(run.git_branch === null ? [] : [`on ${clip(run.git_branch, 80)}`]),
            ].join(' '),
    },
  ];
  return facts.filter((fact) => fact.value !== '');
}

function actionsOf(items: readonly DigestItem[], about: About, asked: readonly ApprovalFacts[]): Action[] {
  const { run } = about;
  const actions = asked.flatMap((request) => requestActions(request, about.base_url));
  if (run === null) return actions;
  if (items.some((item) => item.type === 'job.failed' || item.type === 'run.failed') && run.jobs.failed > 0)
    actions.push({
      label: 'Failed jobs',
      command: `trainyard jobs list --run ${run.number} --status failed`,
      url: null,
    });
  if (items.some((item) => item.type === 'jobs.running_long'))
    actions.push({ label: 'Cancel the run', command: `trainyard runs cancel ${run.number}`, url: null });
  actions.push(openRun(run, about.base_url));
  return actions;
}

export const requestActions = ({ id }: Pick<ApprovalFacts, 'id'>, base_url: string | null): Action[] => [
  {
    label: 'Approve',
    command: `trainyard approve ${id}`,
    url: base_url === null ? null : `${base_url}/approvals/${id}`,
  },
  { label: 'Reject', command: `trainyard reject ${id}`, url: null },
];

export const openRun = (run: Pick<RunFacts, 'number'>, base_url: string | null): Action => ({
  label: `Run ${run.number}`,
  command: `trainyard runs show ${run.number}`,
  url: base_url === null ? null : `${base_url}/runs/${run.number}`,
});
