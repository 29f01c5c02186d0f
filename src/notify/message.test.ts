import { describe, expect, it } from 'vitest';
import { Digest, gather } from './digest.ts';
import { titleOf } from './message.ts';
import type { Message } from './message.ts';
import { KINDS, REQUEST, RUN, messageOf } from './test-messages.ts';
import { eventOf, failureOf } from './test-notify.ts';

/** Title and sections as lines. */
const said = (message: Message | undefined): string[] => [
  message?.title ?? '',
  ...(message?.sections ?? []).flatMap((s) => [
    ...(s.heading === null ? [] : [`# ${s.heading}`]),
    ...s.lines.map((line) => `- ${line}`),
  ]),
];
const commands = (message: Message | undefined): string[] => (message?.actions ?? []).map((a) => a.command);

describe('a message', () => {
  it('says what happened, to which circuits', () => {
    expect(said(KINDS['failed circuits'])).toEqual([
      'Run 12: 3 circuits failed',
      "- 2 × KeyError: 'flow': kiln_1, kiln_2",
      '- 1 × timed out after 3600 s: mill_1',
    ]);
    expect(said(KINDS['training started'])).toEqual(['Run 12: Training 8 circuits']);
    expect(said(KINDS['training is over'])).toEqual(['Run 12: Training is over: 7 succeeded, 1 failed']);
    expect(said(KINDS['promoted models'])).toEqual([
      'Run 12: 7 models promoted',
      '- kiln-0:1, kiln-1:1, kiln-2:1, kiln-3:1, kiln-4:1 and 2 more',
    ]);
    expect(said(KINDS['a run that succeeded'])).toEqual(['Run 12 succeeded']);
    expect(said(KINDS['a rehearsal'])).toEqual(['[rehearsal] Run 12 succeeded']);
    expect(said(KINDS['what concerns no run'])).toEqual(['ada withdrew kiln-1 v3: drifts']);
  });

  it('knows the run in a few facts', () => {
    expect(KINDS['training started']?.facts).toEqual([
      { label: 'Project', value: 'kilns' },
      { label: 'Run', value: '12, running' },
      { label: 'Circuits', value: '8: kiln_1, kiln_2, kiln_3, kiln_4, mill_1 and 3 more' },
      { label: 'Jobs', value: '4 succeeded, 1 failed, 3 open' },
      { label: 'Took', value: '1 h 00 min' },
      { label: 'Started by', value: 'ada@example.com' },
      { label: 'Commit', value: '0123456789 on main' },
    ]);
    expect(messageOf([eventOf('x.y')], { run: { ...RUN, pr: true, rehearsal: true } }).facts[1]?.value).toBe(
      '12 (rehearsal) (pull request), running',
    );
  });

  it('says how to act: what to type, and where to click', () => {
    expect(KINDS['an approval']?.actions).toEqual([
      {
        label: 'Approve',
        command: 'trainyard approve apr_06h02xdm0008s4egf',
        url: 'https://yard.example.com/approvals/apr_06h02xdm0008s4egf',
      },
      { label: 'Reject', command: 'trainyard reject apr_06h02xdm0008s4egf', url: null },
      { label: 'Run 12', command: 'trainyard runs show 12', url: 'https://yard.example.com/runs/12' },
    ]);
    expect(KINDS['an approval without a web UI']?.actions.every((a) => a.url === null)).toBe(true);
    expect(commands(KINDS['a run that failed'])).toEqual([
      'trainyard jobs list --run 12 --status failed',
      'trainyard runs show 12',
    ]);
    expect(commands(KINDS['jobs that run long'])).toEqual([
      'trainyard runs cancel 12',
      'trainyard runs show 12',
    ]);
  });

  it('shows a request with what it is about and until when', () => {
    expect(said(KINDS['an approval'])).toEqual([
      'Run 12 waits for a decision: Promote 8 models',
      '# Promote 8 models',
      '- kiln-1:1, kiln-2:1, kiln-3:1, kiln-4:1, mill-1:1 and 3 more',
      '- gate registry-promotion, until 2026-03-31 08:00 UTC, then held',
    ]);
    expect(KINDS['a reminder']?.title).toBe('Run 12: still waits for a decision: Promote 8 models');
    const partly = { ...REQUEST, counts: { pending: 6, approve: 1, hold: 0, reject: 1 } };
    expect(
      said(
        messageOf([eventOf('approval.reminder', { data: { approval_id: REQUEST.id } })], {
          requests: [partly],
        }),
      ),
    ).toContain('- 2 of 8 decided already');
  });

  it('offers no verdict where there is nothing to decide any more', () => {
    expect(said(KINDS['an approval that was decided meanwhile']).at(-1)).toBe(
      '- Decided or withdrawn meanwhile.',
    );
    expect(commands(KINDS['an approval that was decided meanwhile'])).toEqual(['trainyard runs show 12']);
    const asked = eventOf('approval.requested', {
      severity: 'warning',
      message: 'Promote',
      data: { approval_id: 'apr_1' },
    });
    const started = eventOf('training.started', { message: 'Training 8 circuits' });
    expect(messageOf([asked, started])).toMatchObject({
      title: 'Run 12: Training 8 circuits',
      tone: 'neutral',
    });
  });

  it('lists the jobs that run long, the longest first, as far as anybody reads', () => {
    const lines = said(KINDS['jobs that run long']);
    expect(lines.slice(0, 2)).toEqual([
      '30 jobs of run 12 still go on, for up to 4 h 00 min',
      '- kiln_0_2026_03_31  running, 4 h 00 min',
    ]);
    expect(lines.at(-1)).toBe('- and 10 more');
    expect(lines).toHaveLength(22);
  });

  it('renders what it does not know by its own words', () => {
    expect(said(KINDS['what nobody knows'])).toEqual([
      'Run 12: The oven is hot',
      '# The oven is hot (2 times)',
      '# door opened: 2',
      '- kiln_1, kiln_2',
      '- somebody opened kiln_1',
    ]);
  });

  it('has the title of what matters most', () => {
    const failed = eventOf('run.failed', { severity: 'error', message: 'Run 12 failed: 1 circuit failed' });
    const title = (...events: Parameters<typeof messageOf>[0]): string => messageOf(events).title;
    expect(title(eventOf('training.started'), failureOf('a', 'x'), failed)).toBe(
      'Run 12 failed: 1 circuit failed',
    );
    expect(title(eventOf('training.started'), failureOf('a', 'x'))).toBe('Run 12: 1 circuit failed');
    expect(title(eventOf('training.started'), eventOf('odd', { severity: 'error', message: 'odd' }))).toBe(
      'Run 12: odd',
    );
    expect(messageOf([failureOf('a', 'x')], { run: { ...RUN, pipeline: 'scripts' } }).title).toBe(
      'Run 12: 1 script failed',
    );
    expect(titleOf(gather(null, []), null)).toBe('Nothing happened');
  });

  it('tells its state in a word beside the colour', () => {
    const states = Object.fromEntries(
      Object.entries(KINDS).map(([kind, m]) => [kind, `${m.state} ${m.tone}`]),
    );
    expect(states).toMatchObject({
      'training started': 'info neutral',
      'training is over': 'succeeded good',
      'failed circuits': 'failed bad',
      'an approval': 'waits attention',
      'jobs that run long': 'warning attention',
      'a run that succeeded': 'succeeded good',
      'a run that failed': 'failed bad',
      'a run that was canceled': 'canceled neutral',
      'a living message': 'waiting attention',
    });
  });

  it('about a run that is kept up to date shows how it stands', () => {
    expect(said(KINDS['a living message'])).toEqual([
      'Run 12: 8 circuits, waiting',
      '# 3 failed',
      '- 3 × exit code (exit code 1: KeyError): kiln_1, kiln_2 and 1 more',
      '# Promote 8 models',
      '- kiln-1:1, kiln-2:1, kiln-3:1, kiln-4:1, mill-1:1 and 3 more',
      '- gate registry-promotion, until 2026-03-31 08:00 UTC, then held',
    ]);
    expect(commands(KINDS['a living message'])).toEqual([
      'trainyard approve apr_06h02xdm0008s4egf',
      'trainyard reject apr_06h02xdm0008s4egf',
      'trainyard runs show 12',
    ]);
    // The clock alone is no reason for an edit.
    expect(KINDS['a living message']?.facts.map((f) => f.label)).not.toContain('Took');
  });
});

describe('what is gathered', () => {
  it('stays small, whatever the number of events', () => {
    const digest = gather(
      null,
      Array.from({ length: 10_000 }, (_, i) =>
        failureOf(
          `kiln_${i}`,
          `error ${'x'.repeat(1000)} at 0x${i.toString(16)} in /tmp/${i}/a.py line ${i}`,
        ),
      ),
    );
    expect(digest.items).toHaveLength(1);
    expect(digest.items[0]).toMatchObject({
      count: 10_000,
      names: ['kiln_0', 'kiln_1', 'kiln_2', 'kiln_3', 'kiln_4'],
    });
    expect(JSON.stringify(digest).length).toBeLessThan(3000);
  });

  it('keeps causes apart, as long as there are few', () => {
    const causes = ['KeyError', 'OOM', 'timeout', 'disk full', 'no data', 'bad column', 'eighth', 'ninth'];
    const digest = gather(
      null,
      [...causes, ...causes].map((cause, i) => failureOf(`c_${i}`, cause)),
    );
    expect(digest.items.map((i) => [i.count, i.cause])).toEqual([
      [2, 'KeyError'],
      [2, 'OOM'],
      [2, 'timeout'],
      [2, 'disk full'],
      [2, 'no data'],
      [2, 'bad column'],
      [4, 'other causes'],
    ]);
  });

  it('counts what finds no room', () => {
    const digest = gather(
      null,
      Array.from({ length: 30 }, (_, i) => eventOf(`odd.${i}`)),
    );
    expect([digest.items.length, digest.left_out]).toEqual([24, 6]);
  });

  it('grows event by event as it would all at once', () => {
    const events = [
      eventOf('training.started', { stage: 'SubmitTraining' }),
      ...['a', 'b', 'a'].map((cause, i) => failureOf(`c_${i}`, cause)),
      eventOf('model.promoted', { data: { model: 'm:1' } }),
      eventOf('model.promoted', { data: { model: 'm:2' } }),
      eventOf('run.failed', { severity: 'error' }),
    ];
    let grown: Digest | null = null;
    for (const event of events) grown = Digest.parse(JSON.parse(JSON.stringify(gather(grown, [event]))));
    expect(grown).toEqual(gather(null, events));
  });

  it('does not carry data of any size', () => {
    const digest = gather(null, [
      eventOf('odd', { data: { blob: 'x'.repeat(100_000) }, message: 'y'.repeat(10_000) }),
    ]);
    expect(JSON.stringify(digest).length).toBeLessThan(1000);
  });
});
