import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { NotificationSettings } from '../../config/index.ts';
import { openApproval } from '../../gates/index.ts';
import { OPEN_GATE } from '../../testing/test-world.ts';
import type { Outcome } from '../sender.ts';
import { HOSTILE, KINDS, REQUEST } from '../test-messages.ts';
import { settingsOf, until, whileTimePasses, yard } from '../test-notify.ts';
import type { Yard } from '../test-notify.ts';
import { HttpServer } from '../test-servers.ts';
import { escapeMrkdwn, slackMessage } from './slack-blocks.ts';
import { slackWebhookSender } from './slack.ts';

const Text = z.object({
  type: z.enum(['plain_text', 'mrkdwn']),
  text: z.string().min(1),
  emoji: z.boolean().optional(),
});
/** The blocks that we use, with Slack's limits. */
const Block = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('header'),
    text: Text.refine((t) => t.type === 'plain_text' && t.text.length <= 150),
  }),
  z.strictObject({ type: z.literal('section'), text: Text.refine((t) => t.text.length <= 3000) }),
  z.strictObject({ type: z.literal('section_fields') }),
]);
const Fields = z.strictObject({
  type: z.literal('section'),
  fields: z
    .array(Text.refine((t) => t.text.length <= 2000))
    .min(1)
    .max(10),
});
const Blocks = z
  .array(z.union([Block, Fields]))
  .min(1)
  .max(50);
const Posted = z.object({ text: z.string(), blocks: Blocks });
const textsIn = (blocks: z.infer<typeof Blocks>) =>
  blocks.flatMap((b) => ('fields' in b ? b.fields : 'text' in b ? [b.text] : []));

describe('Block Kit', () => {
  it.each(Object.entries(KINDS))('is what a message becomes: %s', (_, message) => {
    const { blocks } = Posted.parse(slackMessage(message));
    expect(JSON.stringify(blocks).length).toBeLessThan(13_000);
  });

  it.each(Object.entries(KINDS))('has neither mentions nor markup of strangers: %s', (_, message) => {
    const { text, blocks } = Posted.parse(slackMessage(message));
    expect(text).not.toMatch(/[<>*~`]/);
    for (const t of textsIn(blocks)) {
      if (t.type === 'plain_text') continue;
      // Our own links and commands alone.
      const rest = t.text
        .replaceAll(/<https:\/\/yard\.example\.com\/[\w/]+\|[^<>|]+>/g, '')
        .replaceAll(/`trainyard [\w -]+`/g, '')
        .replaceAll(/^\*|\*$/g, '');
      expect(rest).not.toMatch(/[<>*~`]/);
    }
  });

  it('escapes as Slack asks', () => {
    expect(escapeMrkdwn('<!channel> & <https://x|y>\n*b*')).toBe(
      '&lt;!channel&gt; &amp; &lt;https://x|y&gt; ∗b∗',
    );
    expect(escapeMrkdwn(HOSTILE)).not.toMatch(/[<>*~`\n]/);
  });

  it('says how to act', () => {
    const approval = KINDS['an approval'];
    if (approval === undefined) throw new Error('no such kind');
    const { blocks } = Posted.parse(slackMessage(approval));
    expect(textsIn(blocks).at(-1)?.text).toBe(
      [
        '<https://yard.example.com/approvals/apr_06h02xdm0008s4egf|Approve>:  `trainyard approve apr_06h02xdm0008s4egf`',
        'Reject:  `trainyard reject apr_06h02xdm0008s4egf`',
        '<https://yard.example.com/runs/12|Run 12>:  `trainyard runs show 12`',
      ].join('\n'),
    );
  });

  it('is cut down to what Slack takes, and says how much is missing', () => {
    const sections = Array.from({ length: 80 }, (_, i) => ({
      heading: `section ${i}`,
      lines: Array.from({ length: 80 }, () => 'x'.repeat(4000)),
    }));
    const { blocks } = Posted.parse(
      slackMessage({
        title: 't'.repeat(900),
        state: 'failed',
        tone: 'bad',
        facts: Array.from({ length: 30 }, () => ({ label: 'l', value: 'v'.repeat(5000) })),
        sections,
        actions: [],
      }),
    );
    expect(JSON.stringify(blocks)).toMatch(/and \d+ more/);
  });
});

let y: Yard;
let server: HttpServer;
beforeEach(async () => {
  y = yard();
  server = await HttpServer.start();
});
afterEach(async () => {
  await server.stop();
  await y.store.close();
});

describe('an incoming webhook', () => {
  it('is sent text and blocks', async () => {
    const message = KINDS['failed circuits'];
    if (message === undefined) throw new Error('no such kind');
    const outcome: Outcome = await slackWebhookSender(
      y.world(settingsOf({})),
      server.url('/services/T/B/secretpart'),
    ).send(
      { kind: 'message', id: 'ntf_1', message, thread: null, below: null },
      new AbortController().signal,
    );
    expect(outcome).toEqual({ kind: 'delivered', answer: 'HTTP 200: ok' });
    expect(Posted.parse(server.received[0]?.json()).text).toBe('Run 12: 3 circuits failed (failed)');
  });
});

/** What a bot does: posts, and edits what it posted. */
const Call = z.object({
  channel: z.string(),
  ts: z.string().optional(),
  thread_ts: z.string().optional(),
  text: z.string(),
  blocks: Blocks,
});
const bot = (): NotificationSettings =>
  settingsOf({ channels: { room: { type: 'slack', token: '${env:TOKEN}', channel: '#training' } } });
const withBot = () => ({ env: { TOKEN: 'xoxb-secret-token' }, links: { slack_api: server.url('/api') } });
const calls = () =>
  server.received.map((r) => ({ method: r.path.replace('/api/', ''), ...Call.parse(r.json()) }));
const said = (): string[] =>
  calls().map(
    (c) =>
      `${c.method}${c.ts === undefined ? '' : ` ${c.ts}`}${c.thread_ts === undefined ? '' : ` below ${c.thread_ts}`}: ${c.text}`,
  );

describe('a living message', () => {
  const run = { id: 'run_1', status: 'running' };
  beforeEach(async () => {
    let posted = 0;
    server.answer = (r) => ({
      body: JSON.stringify(
        r.path.endsWith('chat.postMessage')
          ? { ok: true, channel: 'C123', ts: `170.${++posted}` }
          : { ok: true },
      ),
    });
    await y.addRun(run);
    await y.send(bot(), withBot());
  });
  const moved = (status: string) =>
    y.store.db.updateTable('runs').set({ status }).where('id', '=', 'run_1').execute();

  it('is posted once and then edited', async () => {
    await y.tell('training.started');
    await y.send(bot(), withBot());
    await moved('succeeded');
    await y.tell('run.succeeded');
    await y.send(bot(), withBot());
    expect(said()).toEqual([
      'chat.postMessage: Run 1: running (running)',
      'chat.update 170.1: Run 1: succeeded (succeeded)',
    ]);
    expect(calls().map((c) => c.channel)).toEqual(['#training', 'C123']);
    expect(server.received[0]?.headers['authorization']).toBe('Bearer xoxb-secret-token');
  });

  it('is not edited where nothing of it changed', async () => {
    await y.tell('training.started');
    await y.send(bot(), withBot());
    await y.tell('model.promoted', 'model.promoted');
    await y.send(bot(), withBot());
    expect(said()).toEqual(['chat.postMessage: Run 1: running (running)']);
    expect((await y.rows()).map((r) => [r.kind, r.state])).toEqual([
      ['living', 'delivered'],
      ['living', 'delivered'],
    ]);
  });

  it('follows its run through events that are no message, but not runs that it was never told of', async () => {
    await y.addRun({ id: 'run_2', number: 2 });
    await y.tell('training.started');
    await y.send(bot(), withBot());
    await moved('waiting');
    await y.tell('approval.decided', { type: 'approval.decided', run_id: 'run_2' });
    await y.send(bot(), withBot());
    expect(said()).toEqual([
      'chat.postMessage: Run 1: running (running)',
      'chat.update 170.1: Run 1: waiting (waiting)',
    ]);
  });

  it('is looked at every minute, because a job that succeeds makes no event', async () => {
    const stop = new AbortController();
    const notifier = y.notifier(bot(), withBot());
    const running = notifier.run(stop.signal);
    await y.tell('training.started');
    await whileTimePasses(
      y.clock,
      until(() => server.received.length === 1),
    );
    await y.clock.advance(120_000);
    expect(server.received).toHaveLength(1);
    await moved('waiting');
    await whileTimePasses(
      y.clock,
      until(() => server.received.length === 2),
      1000,
    );
    expect(said().at(-1)).toBe('chat.update 170.1: Run 1: waiting (waiting)');
    await y.store.db
      .updateTable('runs')
      .set({ status: 'canceled', ended_at: '2026-03-02T00:00:00.000Z' })
      .execute();
    await y.clock.advance(120_000);
    stop.abort();
    await running;
    await notifier.flush(0);
    expect(server.received).toHaveLength(2);
  });

  it('leaves to messages of their own what people must not miss: a request, a reminder, a bad end', async () => {
    await y.tell('training.started');
    await moved('waiting');
    const { id } = await y.store.tx((tx) =>
      openApproval(tx, y.clock.now(), {
        ...REQUEST,
        config: OPEN_GATE,
        subjects: [{ subject: 'kiln-1:1', circuit_id: 'kiln_1', binding: {}, detail: {} }],
      }),
    );
    await y.send(bot(), withBot());
    await y.tell({
      type: 'approval.reminder',
      message: `Promote 8 models (gate registry-promotion): trainyard approve ${id}`,
      data: { approval_id: id },
    });
    await y.send(bot(), withBot());
    await moved('failed');
    await y.tell({ type: 'run.failed', message: 'Run 1 failed', severity: 'error' });
    await y.send(bot(), withBot());
    expect(said()).toEqual([
      'chat.postMessage: Run 1: waiting (waiting)',
      'chat.postMessage: Run 1 waits for a decision: Promote 8 models (waits)',
      'chat.postMessage: Run 1: still waits for a decision: Promote 8 models (waits)',
      'chat.update 170.1: Run 1: failed (failed)',
      'chat.postMessage: Run 1 failed (failed)',
    ]);
    expect(JSON.stringify(calls()[0]?.blocks)).toContain(`trainyard approve ${id}`);
  });

  it('has alerts about long jobs below it', async () => {
    await y.tell('training.started');
    await y.tell({
      type: 'jobs.running_long',
      severity: 'warning',
      message: '2 jobs of run 1 still go on',
      data: { total: 2, jobs: [{ name: 'a', status: 'running', elapsed_s: 14_400 }] },
    });
    await y.send(bot(), withBot());
    expect(said()).toEqual([
      'chat.postMessage: Run 1: running (running)',
      'chat.postMessage below 170.1: 2 jobs of run 1 still go on (warning)',
    ]);
  });

  it('gathers what comes within seconds into one edit', async () => {
    const stop = new AbortController();
    const notifier = y.notifier(bot(), withBot());
    const running = notifier.run(stop.signal);
    for (const status of ['pending', 'running', 'waiting']) {
      await moved(status);
      await y.tell('training.started');
      await y.clock.advance(1000);
    }
    await whileTimePasses(
      y.clock,
      until(() => server.received.length > 0),
    );
    await y.clock.advance(5000);
    expect(said()).toEqual(['chat.postMessage: Run 1: waiting (waiting)']);
    stop.abort();
    await running;
    await notifier.flush(0);
  });

  it.each(['message_not_found', 'cant_update_message', 'edit_window_closed'])(
    'that is gone (%s) is posted anew',
    async (error) => {
      await y.tell('training.started');
      await y.send(bot(), withBot());
      server.answer = (r) => ({
        body: JSON.stringify(
          r.path.endsWith('chat.update') ? { ok: false, error } : { ok: true, channel: 'C123', ts: '200.1' },
        ),
      });
      await moved('waiting');
      await y.tell('model.promoted');
      await y.send(bot(), withBot());
      await moved('succeeded');
      server.answer = () => ({ body: '{"ok":true}' });
      await y.tell('run.succeeded');
      await y.send(bot(), withBot());
      expect(calls().map((c) => [c.method, c.ts])).toEqual([
        ['chat.postMessage', undefined],
        ['chat.update', '170.1'],
        ['chat.postMessage', undefined],
        ['chat.update', '200.1'],
      ]);
    },
  );

  it.each([
    ['channel_not_found', 'dead', /invite the bot/],
    ['invalid_auth', 'dead', /make a new one/],
    ['something_new', 'dead', /Slack says something_new/],
    ['internal_error', 'pending', /Slack says internal_error/],
    ['ratelimited', 'pending', /Slack says ratelimited/],
  ])('that Slack does not take (%s) is %s', async (error, state, told) => {
    server.answer = () => ({ body: JSON.stringify({ ok: false, error }) });
    await y.tell('training.started');
    await whileTimePasses(y.clock, y.send(bot(), withBot()));
    const [row] = await y.rows();
    expect(row?.state).toBe(state);
    expect(row?.last_error).toMatch(told);
    expect(JSON.stringify(row)).not.toContain('xoxb');
  });

  it('waits as long as Slack asks', async () => {
    server.answer = () => ({
      status: 429,
      headers: { 'retry-after': '42' },
      body: '{"ok":false,"error":"ratelimited"}',
    });
    await y.tell('training.started');
    await y.send(bot(), withBot());
    expect(Date.parse((await y.rows())[0]?.due_at ?? '') - y.clock.now()).toBe(42_000);
  });

  it('is not made of a page that some gateway put in between', async () => {
    server.answer = () => ({ body: '<html>sign in</html>' });
    await y.tell('training.started');
    await whileTimePasses(y.clock, y.send(bot(), withBot()));
    expect((await y.rows())[0]).toMatchObject({
      state: 'pending',
      last_error: expect.stringMatching(/^not an answer of Slack/),
    });
  });
});
