import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Approval, NewSubject } from '../../gates/index.ts';
import { openApproval } from '../../gates/index.ts';
import { CAUSES } from '../../fleet/index.ts';
import type { Plan, PlannedCircuit } from '../../fleet/index.ts';
import { TrainyardError } from '../../kernel/errors.ts';
import { getRun } from '../../pipelines/index.ts';
import { appendEvents, batches } from '../../store/index.ts';
import { jobRow } from '../../testing/test-rows.ts';
import { OPEN_GATE, testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import type { Planned } from '../../actions/index.ts';
import type { Job } from '../../jobs/index.ts';
import { acceptedText } from './accepted.ts';
import { approvalScreen } from './approval.ts';
import { jobTable } from './job.ts';
import { harmless } from './output.ts';
import { planDocument, planScreen } from './plan.ts';
import { showProgress } from './progress.ts';
import { reportError } from './report-error.ts';
import { runSummary } from './run.ts';
import { clip, someOf } from './style.ts';
import { table } from './table.ts';

const MANY = 10_000;
const lineCount = (text: string): number => text.trimEnd().split('\n').length;

let open: TestWorld[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const each of open) await each[Symbol.asyncDispose]();
  open = [];
});
const world = async (): Promise<TestWorld> => {
  const made = await testWorld({ circuits: 'circuits: []\n' });
  open.push(made);
  return made;
};

/** Everything that is written to a stream while `work` runs. */
async function written(stream: NodeJS.WriteStream, work: () => Promise<unknown> | unknown): Promise<string> {
  const pieces: string[] = [];
  const spy = vi.spyOn(stream, 'write').mockImplementation((text) => (pieces.push(String(text)), true));
  await work();
  spy.mockRestore();
  return pieces.join('');
}

const circuit = (i: number, more: Partial<PlannedCircuit> = {}): PlannedCircuit => ({
  id: `plant_${i}`,
  action: 'train',
  cause: 'config',
  reason: `hyperparameters.a ${i} → 2`,
  line: i,
  training_hash: 'h',
  inputs_digest: 'i',
  previous_hash: null,
  changes: [{ field: 'hyperparameters.a', before: i, after: 2 }],
  ...more,
});

async function planned(
  w: TestWorld,
  circuits: readonly PlannedCircuit[],
  more: Partial<Plan> = {},
): Promise<Planned> {
  const base = await w.plan();
  const train = circuits.filter((c) => c.action === 'train').length;
  return {
    ...base,
    plan: { ...base.plan, circuits, summary: { train, skip: circuits.length - train }, ...more },
  };
}

describe('planScreen', () => {
  const every = (i: number): PlannedCircuit => {
    const cause = CAUSES[i % CAUSES.length] ?? 'new';
    const skipped = cause === 'unchanged' || cause === 'accepted' || cause === 'owed_failed';
    return circuit(i, {
      cause,
      action: skipped ? 'skip' : 'train',
      reason: `reason ${i} that is long enough to be cut off at the right edge of any terminal there is, with names behind it`,
    });
  };
  const warnings = Array.from({ length: 500 }, (_, i) => ({
    file: 'config/circuits.yaml',
    line: i,
    column: 1,
    path: `circuits[${i}].hyperparameters.lr`,
    message: 'reads as text, 1e-5 has no dot',
    hint: 'Write 1.0e-5 if a number is meant, or put it in quotes to say that it is text.',
  }));
  const guard = { blocked: true, retrain: 9000, with_model: MANY, max_changed: 0.3, allow_wide: null };

  it('fits 24 lines for ten thousand circuits, with everything there is to say', async () => {
    const w = await world();
    const all = await planned(
      w,
      Array.from({ length: MANY }, (_, i) => every(i)),
      { warnings, guard },
    );
    const screen = planScreen(all, { verbose: false, sealed: 'plan.json' });
    expect(lineCount(screen)).toBeLessThanOrEqual(24);
    expect(
      Math.max(
        ...stripVTControlCharacters(screen)
          .split('\n')
          .map((l) => l.length),
      ),
    ).toBeLessThanOrEqual(100);
    for (const told of [
      '500 warnings',
      '… and 497 more',
      'more groups',
      '! guard',
      '--allow-wide',
      'sealed   plan.json',
    ])
      expect(screen).toContain(told);
    // Ten causes, a thousand circuits each; two of them only stay, one is owed.
    expect(screen.trimEnd().split('\n').at(-1)).toBe(
      'Plan: 7000 to train, 2000 to keep, 1000 owed to the retry gate. Blocked by the guard.',
    );
  });

  it('uses the room it has: twenty groups and nothing else to say are all shown', async () => {
    const w = await world();
    const screen = planScreen(
      await planned(
        w,
        Array.from({ length: 20 }, (_, i) => circuit(i)),
      ),
      { verbose: false, sealed: null },
    );
    expect(lineCount(screen)).toBe(24);
    expect(screen).not.toContain('more groups');
  });

  it('names every circuit with every field when asked to', async () => {
    const w = await world();
    const screen = planScreen(
      await planned(
        w,
        Array.from({ length: 50 }, (_, i) => circuit(i)),
      ),
      { verbose: true, sealed: null },
    );
    expect(screen).toContain('plant_49 (line 49): hyperparameters.a 49 → 2');
    expect(screen.split('\n').filter((l) => l.startsWith('        hyperparameters.a:'))).toHaveLength(50);
  });
});

describe('planDocument', () => {
  it('prints one object, whatever the number of circuits', async () => {
    const w = await world();
    const all = await planned(
      w,
      Array.from({ length: 3000 }, (_, i) => circuit(i)),
    );
    const document: unknown = JSON.parse(await written(process.stdout, () => planDocument(all)));
    expect(document).toMatchObject({
      plan_id: all.plan.plan_id,
      detection: 'hash',
      base_ref: null,
      summary: { train: 3000, skip: 0 },
      guard: all.plan.guard,
    });
    expect(document).toHaveProperty('circuits.2999', all.plan.circuits[2999]);
  });
});

describe('the screens of a run with ten thousand failures', () => {
  const failing = async (): Promise<TestWorld> => {
    const w = await world();
    const run = await w.start();
    const rows = Array.from({ length: MANY }, (_, i) =>
      jobRow(`plant_${i}_2026_01_31`, {
        run_id: run.id,
        status: i % 2 === 0 ? 'failed' : 'running',
        message: `KeyError: 'flow' ${'x'.repeat(300)}`,
        running_at: '2026-01-01T00:00:00.000Z',
      }),
    );
    await w.project.store.tx(async (tx) => {
      for (const some of batches(rows, 250))
        await tx
          .insertInto('jobs')
          .values([...some])
          .execute();
    });
    await w.project.store.db
      .updateTable('stages')
      .set({ status: 'running', reason: 'waiting for something that takes many words to say '.repeat(2) })
      .where('name', '=', 'MonitorTraining')
      .execute();
    return w;
  };

  it('fit 24 lines: the summary', async () => {
    const w = await failing();
    const summary = await runSummary(w.project, await getRun(w.project.store.db, '1'));
    expect(lineCount(summary)).toBeLessThanOrEqual(24);
    expect(summary).toContain('trainyard jobs logs');
  });

  it('fit the terminal: the live screen, line by line, so that it can be drawn over', async () => {
    const w = await failing();
    const { isTTY, columns, rows } = process.stderr;
    Object.assign(process.stderr, { isTTY: true, columns: 60, rows: 24 });
    try {
      const drawn = await written(process.stderr, async () =>
        showProgress(w.project, [await getRun(w.project.store.db, '1')]).stop(),
      );
      const [frame = ''] = drawn.split('\u001B[J').filter((f) => f.includes('Run 1'));
      const lines = stripVTControlCharacters(frame.replace(/\u001B\[\d+A$/, ''))
        .trimEnd()
        .split('\n');
      expect(lines.length).toBeLessThan(24);
      expect(lines.filter((l) => l.length > 60)).toEqual([]);
      expect(frame).toContain('… and 4994 more running');
      expect(frame).toContain('… and 4996 more failed');
    } finally {
      Object.assign(process.stderr, { isTTY, columns, rows });
    }
  });

  it('are told in plain lines up to a point, and then counted', async () => {
    const w = await world();
    const run = await w.start();
    const text = await written(process.stderr, async () => {
      const progress = showProgress(w.project, [run]);
      await new Promise((resolve) => setImmediate(resolve));
      await w.project.store.tx((tx) =>
        appendEvents(
          tx,
          w.clock.now(),
          Array.from({ length: MANY }, (_, i) => ({
            type: 'job.failed',
            run_id: run.id,
            message: `job ${i} failed`,
          })),
        ),
      );
      await progress.stop();
    });
    expect(lineCount(text)).toBeLessThanOrEqual(24);
    expect(text).toContain('job 0 failed');
    expect(text).toContain('only counted from here');
  });
});

describe('the summary of a run that waits', () => {
  it('shows in a narrow terminal all of what is to be typed', async () => {
    const w = await world();
    const run = await w.start();
    const asked = { gate: 'training-retry', config: OPEN_GATE, title: 'Train 1 failed circuit again' };
    const subjects = [{ subject: 'a', circuit_id: 'a', binding: {}, detail: {}, held_because: null }];
    const { id } = await w.project.store.tx((tx) =>
      openApproval(tx, w.clock.now(), {
        ...asked,
        run_id: run.id,
        stage: 'RetryFailedTraining',
        requested_by: 'ann',
        subjects,
      }),
    );
    const { isTTY, columns } = process.stdout;
    Object.assign(process.stdout, { isTTY: true, columns: 40 });
    try {
      expect(await runSummary(w.project, run)).toContain(`trainyard approve ${id}\n`);
    } finally {
      Object.assign(process.stdout, { isTTY, columns });
    }
  });
});

describe('acceptedText', () => {
  it('names some of ten thousand models, and counts them all', () => {
    const models = Array.from({ length: MANY }, (_, i) => ({
      circuit: `plant_${i}`,
      model_name: `plant-${i}`,
      version: 1,
      training_hash: 'h',
    }));
    const text = acceptedText(models);
    expect(lineCount(text)).toBeLessThanOrEqual(24);
    expect(text).toContain('… and 9980 more');
    expect(text).toContain('Accepted 10000.');
    expect(acceptedText(models.slice(0, 1))).toBe('plant_0: plant-0 v1 stands for h\nAccepted 1.');
  });
});

describe('approvalScreen', () => {
  const opened = (w: TestWorld, subjects: readonly NewSubject[]): Promise<Approval> =>
    w.start().then((run) =>
      w.project.store.tx((tx) =>
        openApproval(tx, w.clock.now(), {
          run_id: run.id,
          stage: 'RetryFailedTraining',
          gate: 'training-retry',
          config: OPEN_GATE,
          title: 'Train 10000 failed circuits again',
          requested_by: 'ann',
          subjects,
        }),
      ),
    );

  it.each([
    [
      'failures with the ends of their logs',
      { message: 'KeyError', log_tail: ['Traceback', '  File "x.py"', 'KeyError: flow'] },
      null,
    ],
    [
      'models that a quality gate holds back',
      { metrics: { mae: 12, rmse: 15 }, current: null },
      'mae 12 > 10',
    ],
  ])('leaves room for the question below ten thousand subjects: %s', async (_what, detail, held_because) => {
    const w = await world();
    const approval = await opened(
      w,
      Array.from({ length: MANY }, (_, i) => ({
        subject: `plant_${i}`,
        circuit_id: `plant_${i}`,
        binding: {},
        detail,
        held_because,
      })),
    );
    const screen = await approvalScreen(w.project, approval, 12);
    expect(lineCount(screen)).toBeLessThanOrEqual(20);
    expect(screen).toMatch(/… and 99\d\d more: trainyard approvals show apr_/);
  });

  it('shows at least one subject, however long', async () => {
    const w = await world();
    const approval = await opened(w, [
      {
        subject: 'only',
        circuit_id: 'only',
        binding: {},
        detail: { message: 'x', log_tail: ['1', '2', '3'] },
      },
    ]);
    expect(await approvalScreen(w.project, approval, 1)).toContain('| 3');
  });
});

describe('text of somebody else', () => {
  it('is one line in a table, and passes for no line of ours', () => {
    const rows = [{ note: 'ok\r\n#2  root  all is well\u2028x' }];
    const text = table(rows, [{ title: 'note', value: (r) => r.note }]);
    expect(text.split('\n')).toHaveLength(2);
    expect(text).toContain('ok #2  root  all is well x');
  });

  it('moves, hides and rings nothing; our own colours stay', () => {
    expect(harmless('\u001B[31mred\u001B[39m')).toBe('\u001B[31mred\u001B[39m');
    expect(harmless('\u001B[8mhidden\u001B[2K\u0007\u009B1A')).toBe('\\x1b[8mhidden\\x1b[2K\\x07\\x9b1A');
  });

  it('cannot steer the live screen of a run', async () => {
    const w = await world();
    const run = await w.run();
    const error = 'boom\u001B[2J\nRun 9 succeeded';
    await w.project.store.db
      .insertInto('jobs')
      .values(jobRow('bad', { run_id: run.id, status: 'failed', message: error }))
      .execute();
    vi.spyOn(process.stderr, 'isTTY', 'get').mockReturnValue(true);
    const shown = await written(process.stderr, async () => {
      const progress = showProgress(w.project, [run]);
      await progress.stop();
    });
    expect(shown).toContain('boom\\x1b[2J Run 9 succeeded');
  });

  it('says how long a job has run that runs still', () => {
    const running = { ...jobRow('slow', { status: 'running' }), running_at: '2026-01-01T00:00:00.000Z' };
    const text = jobTable([running as Job], Date.parse('2026-01-01T01:30:00.000Z'));
    expect(text).toContain('1 h 30 min');
  });
});

describe('small parts', () => {
  it('cut text with an ellipsis, newlines and all', () => {
    expect(clip('one\ntwo\tthree', 7)).toBe('one tw…');
    expect(clip('short', 7)).toBe('short');
  });

  it('cut the folders of a long path first, and no address', () => {
    expect(clip('exit code 2: error: /tmp/a/b/c/data/weather.csv has no column', 48)).toBe(
      'exit code 2: error: …/weather.csv has no column',
    );
    expect(clip('see https://example.com/a/b/c/d', 20)).toBe('see https://example…');
  });

  it('name the first few', () => {
    expect(someOf(['a', 'b', 'c', 'd'], 2)).toBe('a b … +2');
    expect(someOf(['a', 'b'], 2)).toBe('a b');
  });

  it('line up tables by what is seen, not by what colours take', () => {
    const text = table(
      [
        { name: '\u001B[32mgreen\u001B[39m', n: 5 },
        { name: 'a', n: 12 },
      ],
      [
        { title: 'name', value: (r) => r.name },
        { title: 'n', value: (r) => String(r.n), align: 'right' },
      ],
    );
    expect(stripVTControlCharacters(text).split('\n')).toEqual(['NAME    N', 'green   5', 'a      12']);
  });
});

describe('reportError', () => {
  const error = new TrainyardError('conflict', 'The plan is stale.', {
    hint: 'Make a new one.',
    problems: [
      {
        file: 'a.yaml',
        line: 3,
        column: 7,
        path: 'circuits[0].filter',
        message: 'must be text',
        hint: 'Put it in quotes.',
      },
    ],
  });

  it('says what happened, where and what to type next, and never a stack for a mistake of the user', async () => {
    const text = stripVTControlCharacters(await written(process.stderr, () => reportError(error, false)));
    expect(text).toBe(
      'error: The plan is stale.\n  a.yaml:3:7  circuits[0].filter: must be text. Put it in quotes.\nhint: Make a new one.\n',
    );
  });

  it('prints the same as one object for machines', async () => {
    const text = await written(process.stdout, () => reportError(error, true));
    expect(JSON.parse(text)).toMatchObject({
      error: { code: 'conflict', exit_code: 6, hint: 'Make a new one.', problems: [{ line: 3 }] },
    });
  });

  it('shows the stack of a fault of ours, and asks for a report', async () => {
    const text = await written(process.stderr, () => reportError(new TypeError('x is undefined'), false));
    expect(text).toContain('screens.test.ts');
    expect(text).toContain('please report it');
  });
});
