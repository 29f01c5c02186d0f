/** Messages of every kind, as they are made of events, for tests of what channels do with them. */
import type { Event } from '../store/index.ts';
import { gather } from './digest.ts';
import type { ApprovalFacts, RunFacts } from './facts.ts';
import { livingMessage } from './living-message.ts';
import { digestMessage } from './message.ts';
import type { About, Message } from './message.ts';
import { eventOf, failureOf } from './test-notify.ts';

export const RUN: RunFacts = {
  id: 'run_1',
  number: 12,
  pipeline: 'train',
  status: 'running',
  reason: null,
  rehearsal: false,
  pr: false,
  requested_by: 'ada@example.com',
  git_branch: 'main',
  git_commit: '0123456789abcdef',
  started_at: '2026-03-01T07:00:00.000Z',
  ended_at: null,
  jobs: { pending: 0, queued: 1, preparing: 0, running: 2, succeeded: 4, failed: 1, canceled: 0 },
  circuits: { total: 8, first: ['kiln_1', 'kiln_2', 'kiln_3', 'kiln_4', 'mill_1'] },
};

export const REQUEST: ApprovalFacts = {
  id: 'apr_06h02xdm0008s4egf',
  run_id: 'run_1',
  stage: 'PromoteModels',
  gate: 'registry-promotion',
  status: 'waiting',
  title: 'Promote 8 models',
  requested_by: 'ada@example.com',
  required: 1,
  approvers: [],
  requester_may_approve: true,
  on_expiry: 'hold',
  created_at: '2026-03-01T08:00:00.000Z',
  expires_at: '2026-03-31T08:00:00.000Z',
  closed_at: null,
  remind_every_s: null,
  reminded_at: null,
  subject_digest: '',
  context: {},
  counts: { pending: 8, approve: 0, hold: 0, reject: 0 },
  subjects: ['kiln-1:1', 'kiln-2:1', 'kiln-3:1', 'kiln-4:1', 'mill-1:1'],
};

/** What everybody may put into a name, a commit or an error to be mistaken for something else. */
export const HOSTILE =
  '<!channel> <script>alert(1)</script> *bold* _it_ ~no~ `code` [click](https://evil.example) & "quoted" \\ # x\r\nBcc: all@example.com\u001B[31m\u0007';

export const about = (more: Partial<About> = {}): About => ({
  project: 'kilns',
  base_url: 'https://yard.example.com',
  run: RUN,
  requests: [],
  now: Date.parse('2026-03-01T08:00:00.000Z'),
  ...more,
});

export const messageOf = (events: readonly Event[], more: Partial<About> = {}): Message =>
  digestMessage(gather(null, events), about(more));

const asked = eventOf('approval.requested', {
  severity: 'warning',
  stage: 'PromoteModels',
  message: `Promote 8 models (gate registry-promotion): trainyard approve ${REQUEST.id}`,
  data: { approval_id: REQUEST.id, gate: 'registry-promotion', subjects: 8 },
});
const ended = (status: 'succeeded' | 'failed' | 'canceled', reason = ''): Event =>
  eventOf(`run.${status}`, {
    severity: status === 'failed' ? 'error' : 'info',
    message: `Run 12 ${status}${reason}`,
  });

export const KINDS: Readonly<Record<string, Message>> = {
  'training started': messageOf([
    eventOf('training.started', {
      stage: 'SubmitTraining',
      message: 'Training 8 circuits',
      data: { jobs: 8 },
    }),
  ]),
  'training is over': messageOf([
    eventOf('stage.succeeded', {
      stage: 'MonitorTraining',
      message: 'MonitorTraining succeeded: 7 succeeded, 1 failed',
    }),
  ]),
  'failed circuits': messageOf([
    failureOf('kiln_1', "KeyError: 'flow'"),
    failureOf('kiln_2', "KeyError: 'flow'"),
    failureOf('mill_1', 'timed out after 3600 s'),
  ]),
  'five hundred failures': messageOf(
    Array.from({ length: 500 }, (_, i) => failureOf(`kiln_${i}`, `${HOSTILE} number ${i}`)),
  ),
  'an approval': messageOf([asked], { requests: [REQUEST] }),
  'an approval without a web UI': messageOf([asked], { requests: [REQUEST], base_url: null }),
  'an approval that was decided meanwhile': messageOf([asked]),
  'a reminder': messageOf(
    [
      eventOf('approval.reminder', {
        severity: 'warning',
        message: `Promote 8 models (gate registry-promotion): trainyard approve ${REQUEST.id}`,
        data: { approval_id: REQUEST.id },
      }),
    ],
    { requests: [REQUEST] },
  ),
  'jobs that run long': messageOf([
    eventOf('jobs.running_long', {
      severity: 'warning',
      message: '30 jobs of run 12 still go on, for up to 4 h 00 min',
      data: {
        total: 30,
        jobs: Array.from({ length: 30 }, (_, i) => ({
          name: `kiln_${i}_2026_03_31`,
          status: i % 2 === 0 ? 'running' : 'queued',
          elapsed_s: 14_400 - i,
        })),
      },
    }),
  ]),
  'promoted models': messageOf(
    Array.from({ length: 7 }, (_, i) =>
      eventOf('model.promoted', { message: `kiln-${i}:1 promoted`, data: { model: `kiln-${i}:1` } }),
    ),
  ),
  'a run that succeeded': messageOf([ended('succeeded')], {
    run: { ...RUN, status: 'succeeded', ended_at: '2026-03-01T08:00:00.000Z' },
  }),
  'a run that failed': messageOf(
    [failureOf('kiln_1', HOSTILE), ended('failed', ': 1 circuit failed: kiln_1')],
    { run: { ...RUN, status: 'failed' } },
  ),
  'a run that was canceled': messageOf([ended('canceled')]),
  'a rehearsal': messageOf([ended('succeeded')], { run: { ...RUN, rehearsal: true } }),
  'what nobody knows': messageOf([
    eventOf('oven.preheated', { message: 'The oven is warm' }),
    eventOf('oven.preheated', { message: 'The oven is hot' }),
    eventOf('door.opened', { circuit_id: 'kiln_1', message: 'somebody opened kiln_1' }),
    eventOf('door.opened', { circuit_id: 'kiln_2', message: 'somebody opened kiln_2' }),
  ]),
  'what concerns no run': messageOf(
    [
      eventOf('model.withdrawn', {
        run_id: null,
        circuit_id: 'kiln_1',
        message: 'ada withdrew kiln-1 v3: drifts',
      }),
    ],
    { run: null },
  ),
  strangers: messageOf(
    Array.from({ length: 30 }, (_, i) =>
      eventOf(`odd.${i}`, { severity: 'warning', message: `${HOSTILE} ${i}` }),
    ),
    {
      run: { ...RUN, requested_by: HOSTILE, git_branch: HOSTILE, circuits: { total: 3, first: [HOSTILE] } },
      requests: [{ ...REQUEST, title: HOSTILE, subjects: [HOSTILE] }],
    },
  ),
  'a living message': livingMessage(
    { ...RUN, status: 'waiting' },
    [{ reason: 'exit_code', count: 3, names: ['kiln_1', 'kiln_2'], example: 'exit code 1: KeyError' }],
    about({ requests: [REQUEST] }),
  ),
};
