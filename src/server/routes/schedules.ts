import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import { pauseSchedule, resumeSchedule, runSchedule, scheduleNamed } from '../../actions/index.ts';
import { getRun } from '../../pipelines/index.ts';
import type { Run } from '../../pipelines/index.ts';
import { listFirings, nextTimes } from '../../schedules/index.ts';
import {
  FiringView,
  RunRow,
  ScheduleView,
  isServed,
  runRow,
  scheduleRows,
  scheduleView,
  timeLine,
} from '../../views/index.ts';
import { needs } from '../access/route-roles.ts';
import { json, pageOf, problems, routes } from '../api.ts';
import type { ApiContext } from '../api.ts';
import { Comment, bodyOf } from '../fields.ts';

const params = z.object({ name: z.string().min(1).max(200) });

const list = createRoute({
  method: 'get',
  path: '/schedules',
  tags: ['schedules'],
  summary: 'Schedules of trainyard.yaml, then those that are gone from it',
  responses: {
    200: json(
      pageOf(ScheduleView).extend({
        fires: z.boolean().meta({ description: 'Whether a process runs that fires them.' }),
      }),
      'All of them',
    ),
    ...problems,
  },
});

const show = createRoute({
  method: 'get',
  path: '/schedules/{name}',
  tags: ['schedules'],
  summary: 'A schedule, when it comes next, and what became of its times',
  request: {
    params,
    query: z.object({ count: z.coerce.number().int().min(1).max(100).default(10) }),
  },
  responses: {
    200: json(ScheduleView.extend({ firings: z.array(FiringView) }), 'The schedule'),
    ...problems,
  },
});

const pause = createRoute({
  method: 'post',
  path: '/schedules/{name}/pause',
  tags: ['schedules'],
  summary: 'Let a schedule rest; harmless twice',
  ...needs('admin'),
  request: { params, body: bodyOf(z.object({ reason: Comment.optional() })) },
  responses: { 200: json(ScheduleView.extend({ changed: z.boolean() }), 'The schedule'), ...problems },
});

const resume = createRoute({
  method: 'post',
  path: '/schedules/{name}/resume',
  tags: ['schedules'],
  summary: 'Let a schedule go on from now; harmless twice',
  ...needs('admin'),
  request: { params },
  responses: { 200: json(ScheduleView.extend({ changed: z.boolean() }), 'The schedule'), ...problems },
});

const run = createRoute({
  method: 'post',
  path: '/schedules/{name}/run',
  tags: ['schedules'],
  summary: 'Run a schedule now',
  ...needs('operator'),
  request: {
    params,
    body: bodyOf(
      z.object({
        force: z.boolean().default(false).meta({ description: 'Although a run of it is still open.' }),
      }),
    ),
  },
  responses: {
    202: json(
      z.object({
        firing: FiringView,
        run: RunRow.nullable().meta({ description: 'Null: there was nothing to do.' }),
      }),
      'What came of it',
    ),
    ...problems,
  },
});

export const schedules = ({ project }: ApiContext) => {
  const { db } = project.store;
  const view = async (name: string): Promise<ScheduleView> => {
    const row = (await scheduleRows(project)).find((each) => each.name === name);
    // Not in the file, and never was: that says which there are.
    if (row === undefined) scheduleNamed(project, name);
    return scheduleView(row ?? { name, schedule: null, state: null, next: [], last: null });
  };
  return routes()
    .openapi(list, async (c) => {
      const [rows, fires] = await Promise.all([scheduleRows(project), isServed(project)]);
      return c.json({ fires, items: rows.map(scheduleView), next: null }, 200);
    })
    .openapi(show, async (c) => {
      const { name } = c.req.valid('param');
      const { count } = c.req.valid('query');
      const shown = await view(name);
      const schedule = project.settings.schedules[name];
      const next =
        schedule === undefined || shown.next.length === 0
          ? []
          : nextTimes(schedule, project.clock.now(), count).map((at) => timeLine(at, schedule.timezone));
      return c.json({ ...shown, next, firings: await listFirings(db, name, count) }, 200);
    })
    .openapi(pause, async (c) => {
      const { name } = c.req.valid('param');
      const { reason } = c.req.valid('json');
      const changed = await pauseSchedule(project, name, c.get('actor'), reason ?? null);
      return c.json({ ...(await view(name)), changed }, 200);
    })
    .openapi(resume, async (c) => {
      const { name } = c.req.valid('param');
      const changed = await resumeSchedule(project, name, c.get('actor'));
      return c.json({ ...(await view(name)), changed }, 200);
    })
    .openapi(run, async (c) => {
      const { name } = c.req.valid('param');
      const answer = (firing: z.infer<typeof FiringView>, started: Run | null) => ({
        firing,
        run: started === null ? null : runRow(started),
      });
      // What is kept is what is told: a moment later the run may be on its way.
      let told: ReturnType<typeof answer> | null = null;
      const firing = await runSchedule(project, name, c.get('actor'), {
        force: c.req.valid('json').force,
        keep: async (tx, fired, started) => {
          told = answer(fired, started);
          await c.get('once')?.keep(tx, 202, told);
        },
      });
      const present = firing.run_id === null ? null : await getRun(db, firing.run_id);
      return c.json(told ?? answer(firing, present), 202);
    });
};
