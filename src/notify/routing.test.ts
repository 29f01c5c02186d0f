import { describe, expect, it } from 'vitest';
import type { RouteSettings } from '../config/index.ts';
import { createRouter } from './routing.ts';
import { eventOf, failureOf, settingsOf } from './test-notify.ts';

const channels = {
  ops: { type: 'teams', url: 'https://ops.example.com' },
  kilns: { type: 'teams', url: 'https://kilns.example.com' },
} as const;
const routerOf = (...routes: Partial<RouteSettings>[]) =>
  createRouter(
    settingsOf({
      channels,
      routes: routes.map((route) => ({
        channels: ['ops'],
        events: null,
        circuits: null,
        severity: 'info',
        rehearsals: false,
        ...route,
      })),
    }),
  );
const RUN = { rehearsal: false, circuits: ['kiln_1', 'mill_1'] };

describe('without routes', () => {
  const router = routerOf();
  it.each([
    'training.started',
    'training.retried',
    'job.failed',
    'jobs.running_long',
    'approval.requested',
    'approval.reminder',
    'approval.reopened',
    'approval.expired',
    'model.promoted',
    'model.not_promoted',
    'deployment.completed',
    'deployment.rolled_back',
    'run.succeeded',
    'run.failed',
    'run.canceled',
  ])('every channel is told of %s', (type) => {
    expect(router.wants('ops', eventOf(type), RUN)).toBe(true);
    expect(router.wants('kilns', eventOf(type), RUN)).toBe(true);
  });

  it.each([
    'run.created',
    'run.started',
    'stage.started',
    'job.attempt_failed',
    'model.registered',
    'approval.voted',
    'approval.decided',
    'schedule.fired',
    'audit.recorded',
    'notification.dead',
    'run.advance_failed',
  ])('nobody is told of %s', (type) => {
    expect(router.wants('ops', eventOf(type), RUN)).toBe(false);
  });

  it('the end of training is told, the end of other stages is not', () => {
    const ends = (stage: string, type = 'stage.succeeded') =>
      router.wants('ops', eventOf(type, { stage }), RUN);
    expect(['MonitorTraining', 'MonitorScripts', 'RegisterModels'].map((s) => ends(s))).toEqual([
      true,
      true,
      false,
    ]);
    expect(ends('MonitorTraining', 'stage.failed')).toBe(true);
    expect(ends('MonitorTraining', 'stage.skipped')).toBe(false);
  });

  it('rehearsals are not told of', () => {
    expect(router.wants('ops', eventOf('run.failed'), { ...RUN, rehearsal: true })).toBe(false);
  });

  it('a channel that is not configured is told nothing', () => {
    expect(router.wants('nobody', eventOf('run.failed'), RUN)).toBe(false);
  });
});

describe('a route', () => {
  it('leads exactly where it says, and nothing else does', () => {
    const router = routerOf({ channels: ['kilns'] });
    expect(router.wants('kilns', eventOf('run.failed'), RUN)).toBe(true);
    expect(router.wants('ops', eventOf('run.failed'), RUN)).toBe(false);
  });

  it('picks events by type and glob', () => {
    const router = routerOf({ events: ['run.*', 'model.accepted'] });
    const wants = (type: string) => router.wants('ops', eventOf(type), RUN);
    expect(
      ['run.created', 'run.failed', 'model.accepted', 'model.promoted', 'job.failed'].map(wants),
    ).toEqual([true, true, true, false, false]);
    const all = routerOf({ events: ['*'] });
    expect(
      ['stage.started', 'audit.x', 'notification.dead'].map((t) => all.wants('ops', eventOf(t), RUN)),
    ).toEqual([true, false, false]);
  });

  it('picks by severity', () => {
    const router = routerOf({ events: ['*'], severity: 'warning' });
    expect(
      (['info', 'warning', 'error'] as const).map((severity) =>
        router.wants('ops', eventOf('x.y', { severity }), RUN),
      ),
    ).toEqual([false, true, true]);
  });

  it('picks circuits: their own events, and those of runs that are about them', () => {
    const router = routerOf({ circuits: ['kiln_*'] });
    expect(router.picks_circuits).toBe(true);
    expect(router.wants('ops', failureOf('kiln_7', 'x'), RUN)).toBe(true);
    expect(router.wants('ops', failureOf('mill_1', 'x'), RUN)).toBe(false);
    expect(router.wants('ops', eventOf('run.failed'), RUN)).toBe(true);
    expect(router.wants('ops', eventOf('run.failed'), { ...RUN, circuits: ['mill_1'] })).toBe(false);
    expect(router.wants('ops', eventOf('run.failed', { run_id: null }), null)).toBe(false);
  });

  it('says whether rehearsals count', () => {
    const run = { ...RUN, rehearsal: true };
    expect(routerOf({}).wants('ops', eventOf('run.failed'), run)).toBe(false);
    expect(routerOf({ rehearsals: true }).wants('ops', eventOf('run.failed'), run)).toBe(true);
  });

  it('is one of several: any of them is enough', () => {
    const router = routerOf({ events: ['run.failed'] }, { events: ['approval.*'] });
    expect(
      ['run.failed', 'approval.decided', 'run.succeeded'].map((t) => router.wants('ops', eventOf(t), RUN)),
    ).toEqual([true, true, false]);
  });
});
