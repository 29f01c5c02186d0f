import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAILURE_REASONS, Failure, analyzeFailure } from '../index.ts';
import type { FailureFacts } from '../index.ts';

const failure = (log_tail: string, facts: Partial<FailureFacts> = {}): Failure =>
  analyzeFailure({ reason: 'user_code', message: null, exit_code: 1, ...facts, log_tail });
const titleOf = (log_tail: string, facts?: Partial<FailureFacts>): string => failure(log_tail, facts).title;

const trace = (error: string, code = 'main()', file = 'train.py', line = 12): string =>
  `Traceback (most recent call last):\n  File "${file}", line ${line}, in <module>\n    ${code}\n${error}\n`;
const CAUSED = '\nThe above exception was the direct cause of the following exception:\n\n';
const HANDLING = '\nDuring handling of the above exception, another exception occurred:\n\n';

describe('of several errors', () => {
  it('the one that another was raised from is the cause', () => {
    const log =
      trace("KeyError: 'flow'") + CAUSED + trace('fleet.TrainingError: training failed for circuit a_1');
    expect(titleOf(log)).toBe("KeyError: 'flow'");
  });

  it('better words for it are the cause', () => {
    const log =
      trace('IndexError: list index out of range') +
      CAUSED +
      trace('fleet.NoRows: no readings after 2026-01-01');
    expect(titleOf(log)).toBe('NoRows: no readings after 2026-01-01');
  });

  it('the one that came while another was handled is the cause', () => {
    const log =
      trace("ModuleNotFoundError: No module named 'cupy'") + HANDLING + trace('TypeError: bad operand');
    expect(titleOf(log)).toBe('TypeError: bad operand');
  });

  it('a slip of the handler is not', () => {
    const log =
      trace('ValueError: depth must be positive') +
      HANDLING +
      trace("AttributeError: 'NoneType' object has no attribute 'close'");
    expect(titleOf(log)).toBe('ValueError: depth must be positive');
  });

  it('the last is the cause, not one that was only warned of', () => {
    const log = `${trace('ImportError: libcuda.so.1 is not there')}epoch 1\nepoch 2\n${trace("KeyError: 'flow'")}`;
    expect(titleOf(log)).toBe("KeyError: 'flow'");
  });

  it('what a destructor or another thread told is not', () => {
    const ignored = `Exception ignored in: <function x at 0x7f>\n${trace('OSError: [Errno 9] Bad file descriptor')}`;
    const thread = `Exception in thread heartbeat:\n${trace('RuntimeError: no heartbeat')}`;
    expect(titleOf(trace("KeyError: 'flow'") + ignored)).toBe("KeyError: 'flow'");
    expect(titleOf(thread + trace("KeyError: 'flow'") + ignored)).toBe("KeyError: 'flow'");
    expect(titleOf(trace("KeyError: 'flow'") + thread)).toBe("KeyError: 'flow'");
    expect(titleOf(thread)).toBe('RuntimeError: no heartbeat');
  });

  it('the end that a program tells after it went on is the cause', () => {
    const log = `${trace('ImportError: no GPU metrics')}epoch 1\nepoch 2\nERROR: loss is NaN at epoch 2\n`;
    expect(failure(log)).toMatchObject({ class: 'data', title: 'the loss is NaN' });
    expect(titleOf(`${trace("KeyError: 'flow'")}cleaning up\nERROR: training failed, see above\n`)).toBe(
      "KeyError: 'flow'",
    );
  });

  it('a launcher tells of another one', () => {
    const launcher = trace("subprocess.CalledProcessError: Command 'x' returned non-zero exit status 1.");
    expect(titleOf(trace("KeyError: 'flow'") + launcher)).toBe("KeyError: 'flow'");
    expect(titleOf(`error: no such option --dpeth\n${launcher}`)).toContain('--dpeth');
    expect(failure(launcher).class).toBe('unknown');
  });

  it('a chain of Java is read from its root', () => {
    const log =
      'Exception in thread "main" java.lang.RuntimeException: job failed\n\tat a.B.main(B.java:3)\n' +
      'Caused by: java.net.ConnectException: Connection refused: db/10.0.0.7:5432\n\t... 3 more\n';
    expect(failure(log)).toMatchObject({ class: 'transient' });
    expect(titleOf(log)).toMatch(/^ConnectException: Connection refused/);
  });

  it('those of a group of exceptions are the cause, not the group', () => {
    const log = `  + Exception Group Traceback (most recent call last):
  |   File "train.py", line 6, in <module>
  |     asyncio.run(main())
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "train.py", line 2, in a
    |     x['flow']
    | KeyError: 'flow'
    +------------------------------------
`;
    expect(titleOf(log)).toBe("KeyError: 'flow'");
  });
});

describe('what belongs to a cause', () => {
  const signature = (log: string, facts?: Partial<FailureFacts>): string => failure(log, facts).signature;

  it('is not the place in the file, nor the folder, nor the number of the attempt', () => {
    expect(signature(trace("KeyError: 'flow'", 'x', '/a/1/train.py', 9))).toBe(
      signature(trace("KeyError: 'flow'", 'y', '/b/2/main.py', 107)),
    );
    expect(signature(trace('RuntimeError: fold 3 of run 17 went astray'))).toBe(
      signature(trace('RuntimeError: fold 4 of run 18 went astray')),
    );
  });

  it('is the name of the column, the module, the type of the exception, the status', () => {
    const causes = [
      trace("KeyError: 'flow'"),
      trace("KeyError: 'flow_2'"),
      trace("ModuleNotFoundError: No module named 'a'"),
      trace("ModuleNotFoundError: No module named 'b'"),
      trace('RuntimeError: went astray'),
      trace('OSError: went astray'),
      trace('RuntimeError: HTTP 403 from https://a.example'),
      trace('RuntimeError: HTTP 503 from https://a.example'),
      trace('RuntimeError: HTTP 503 from https://b.example'),
      trace("AttributeError: 'A' object has no attribute 'x'"),
      trace("AttributeError: 'A' object has no attribute 'y'"),
    ];
    expect(new Set(causes.map((log) => signature(log))).size).toBe(causes.length);
  });

  it('is the line of code where the words are the same for every slip', () => {
    const slip = 'IndexError: list index out of range';
    expect(signature(trace(slip, 'a[i]'))).not.toBe(signature(trace(slip, 'b[i]')));
    expect(signature(trace(slip, 'a[i]', 'x.py', 3))).toBe(signature(trace(slip, 'a[i]', '/y/x.py', 33)));
    expect(signature(trace('AssertionError', 'assert a'))).not.toBe(
      signature(trace('AssertionError', 'assert b')),
    );
    const deep = (code: string, line: number): string =>
      `Traceback (most recent call last):\n  File "train.py", line ${line}, in f\n    ${code}\n` +
      `  File "/x/site-packages/pandas/core/frame.py", line ${line}, in g\n    h()\n${slip}\n`;
    expect(signature(deep('a()', 1))).toBe(signature(deep('a()', 2)));
    expect(signature(deep('a()', 1))).not.toBe(signature(deep('b()', 1)));
  });

  it('is what a missing key is asked of', () => {
    expect(failure(trace("KeyError: 'depth'", "frame['depth']")).class).toBe('data');
    expect(failure(trace("KeyError: 'depth'", "config['depth']")).class).toBe('config');
    expect(failure(trace("KeyError: 'DEPTH'", "os.environ['DEPTH']")).class).toBe('config');
    expect(failure(trace('KeyError: 7', 'folds[7]')).class).toBe('code');
  });

  it('is not the name of the job itself', () => {
    const of = (id: string): string =>
      signature(trace(`fleet.LimitError: ${id} has no limits`), { own_names: [id, `${id}_2026_03_31`] });
    expect(of('flottec_2110')).toBe(of('aurora_kiln'));
  });

  it('is the same whether the log shows it or only the message', () => {
    expect(signature('', { message: "exit code 1: KeyError: 'flow'" })).toBe(
      signature(trace("KeyError: 'flow'")),
    );
    expect(signature('', { message: 'RuntimeError: astray' })).toBe(signature(trace('RuntimeError: astray')));
  });
});

describe('reason and exit code', () => {
  it.each([
    ['timed_out', null, 'capacity', 'stopped at its time limit'],
    ['lost', null, 'transient', 'lost: neither'],
    ['no_model', 0, 'code', 'wrote no model'],
    ['out_of_memory', 137, 'capacity', 'killed (SIGKILL)'],
    ['preempted', null, 'transient', 'preempted'],
    ['no_capacity', null, 'capacity', 'no machine was free'],
    ['provider_error', null, 'transient', 'the provider failed'],
    ['setup', null, 'config', 'could not be made ready'],
    ['not_registered', 0, 'code', 'not registered'],
    [null, 137, 'capacity', 'killed (SIGKILL)'],
    [null, -9, 'capacity', 'killed (SIGKILL)'],
    [null, 139, 'code', 'Segmentation fault'],
    [null, 134, 'code', 'Aborted'],
    [null, 135, 'code', 'Bus error'],
    [null, 132, 'config', 'Illegal instruction'],
    [null, 143, 'transient', 'SIGTERM'],
    [null, 130, 'transient', 'SIGINT'],
    [null, 136, 'unknown', 'exit code 136'],
    [null, 1, 'unknown', 'exit code 1, and the log does not say why'],
    [null, null, 'unknown', 'nothing says why'],
  ])('%s and %s alone are %s', (reason, exit_code, of, words) => {
    const found = failure('', { reason, exit_code });
    expect(found.class).toBe(of);
    expect(found.title).toContain(words);
  });

  it('are known for every reason that providers give', () => {
    for (const reason of FAILURE_REASONS) {
      if (reason === 'user_code') continue;
      expect(failure('', { reason, exit_code: null }).class, reason).not.toBe('unknown');
    }
  });

  it('tell exit codes apart', () => {
    expect(failure('', { exit_code: 3 }).signature).not.toBe(failure('', { exit_code: 4 }).signature);
  });

  it('of a kill say more than an error that the log shows, unless that is about memory', () => {
    const killed = { reason: 'out_of_memory', exit_code: 137 };
    expect(titleOf(trace('ImportError: no GPU metrics'), killed)).toContain('killed');
    expect(titleOf(trace('torch.OutOfMemoryError: CUDA out of memory. Tried 2 GiB'), killed)).toBe(
      'CUDA out of memory',
    );
  });

  it('of a crash give way to the error before it', () => {
    expect(titleOf(trace("KeyError: 'flow'"), { exit_code: 139 })).toBe("KeyError: 'flow'");
  });

  it('of a preemption are known from the log of the scheduler', () => {
    const log = 'slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-03-31T08:11:40 DUE TO PREEMPTION ***\n';
    expect(failure(log, { exit_code: 143 })).toMatchObject({
      class: 'transient',
      title: expect.stringContaining('preempted'),
    });
  });

  it('of a provider come before its log, and its words keep its class', () => {
    expect(
      failure(trace("KeyError: 'flow'"), { reason: 'preempted', message: 'The node was preempted.' }).class,
    ).toBe('transient');
    expect(failure('', { reason: 'provider_error', message: 'quux 7 happened' })).toMatchObject({
      class: 'transient',
      title: 'quux 7 happened',
    });
    expect(failure('', { reason: 'brand_new', message: 'quux 7 happened' }).class).toBe('unknown');
  });

  it('of a job without a model give way to an error that it swallowed, not to a warning', () => {
    const ended = { reason: 'no_model', exit_code: 0, message: 'the job ended well but wrote no model' };
    expect(titleOf(`${trace("KeyError: 'flow'")}done\n`, ended)).toBe("KeyError: 'flow'");
    expect(titleOf('WARNING: HTTP 503 from https://a.example, retrying\ndone\n', ended)).toContain(
      'no model',
    );
    expect(titleOf('ERROR: something odd\ndone\n', ended)).toContain('no model');
  });
});

describe('a log', () => {
  it('may begin amid a traceback', () => {
    expect(titleOf('    return x\n  File "a.pyx", line 3, in b\nKeyError: \'flow\'\n')).toBe(
      "KeyError: 'flow'",
    );
  });

  it.each([
    ['ranks', (line: string) => `[rank3]: ${line}`],
    ['MPI tasks', (line: string) => `[1,0]<stderr>:${line}`],
    ['Ray workers', (line: string) => `(fit pid=77, ip=10.0.0.7) ${line}`],
    ['containers', (line: string) => `2026-03-31T04:11:19.007118223Z stderr F ${line}`],
    ['both', (line: string) => `2026-03-31T04:11:19.007Z [rank3]: ${line}`],
    ['colours', (line: string) => `\x1b[1;31m${line}\x1b[0m`],
    ['Windows', (line: string) => `${line}\r`],
    ['a progress bar', (line: string) => `\r 50%|###   | 5/10\r${line}`],
  ])('is read through the marks of %s', (_, mark) => {
    const log = trace('fleet.LimitError: no limits').split('\n').map(mark).join('\n');
    expect(failure(log).signature).toBe(failure(trace('fleet.LimitError: no limits')).signature);
  });

  it('may have a progress bar right before a traceback', () => {
    expect(titleOf(`Epoch 0:  6%|# | 320/5001 [06:28<94:39]${trace("KeyError: 'flow'")}`)).toBe(
      "KeyError: 'flow'",
    );
  });

  it('may be of JSON lines', () => {
    const lines = [
      { level: 'info', msg: 'training' },
      { level: 'error', msg: 'failed', exc_info: trace('KeyError: "it\'s"').trimEnd() },
    ];
    expect(titleOf(lines.map((line) => JSON.stringify(line)).join('\n'))).toBe('KeyError: "it\'s"');
    expect(titleOf('{"level":"error","msg":"\\"b\\": disk is full"}\n')).toBe('No space left on device');
    expect(titleOf('time=1 level=error msg="cannot open readings"\n')).toBe('cannot open readings');
  });

  it('shows at most eight lines, as printed and without controls', () => {
    const { sample } = failure(
      `${'noise\n'.repeat(50)}${trace(`\x1b[31mValueError\x1b[0m: ${'x'.repeat(900)}`)}after\n`,
    );
    expect(sample.length).toBeLessThanOrEqual(8);
    expect(sample).toContain('Traceback (most recent call last):');
    expect(sample.at(-1)).toBe('after');
    expect(Math.max(...sample.map((line) => line.length))).toBeLessThanOrEqual(400);
  });
});

describe('hostile text', () => {
  const pieces = fc.constantFrom(
    'Traceback (most recent call last):\n',
    '  File "a", line 1, in f\n',
    "KeyError: 'a'\n",
    CAUSED,
    HANDLING,
    'Caused by: a.b.C: x\n',
    '\tat a.b\n',
    'Failed to pull image "',
    'Error: ',
    '\x1b[',
    '\x1b]',
    '\r',
    '\n',
    '\0',
    '\ufffd',
    '\ud800',
    '\u202e',
    '{"msg":"',
    '\\n',
    '"',
    "'",
    '/a',
    ' 7,7',
    '503 ',
    'https://',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.array(fc.oneof(pieces, fc.string({ maxLength: 8 })), { maxLength: 60 }).map((parts) => parts.join('')),
  );

  it('gives a failure that can be stored, and the same one again', () => {
    const facts = fc.record({
      reason: fc.option(fc.constantFrom(...FAILURE_REASONS, 'not_registered', 'x')),
      message: fc.option(text),
      exit_code: fc.option(fc.integer({ min: -70, max: 300 })),
      log_tail: text,
      own_names: fc.array(fc.string(), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(facts, (some) => {
        const found = analyzeFailure(some);
        expect(Failure.parse(JSON.parse(JSON.stringify(found)))).toEqual(found);
        expect(found.title).toMatch(/^[^\x00-\x1f\x7f-\x9f\u202a-\u202e]+$/);
        expect(found.sample.join('')).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
        expect([found.title, ...found.sample].every((line) => line.isWellFormed())).toBe(true);
        expect(analyzeFailure(some)).toEqual(found);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    'a',
    ' ',
    '\n',
    '\r',
    '\x1b[',
    '\x1b]',
    '\0',
    "'",
    '1,',
    'a1',
    '/a',
    'a/',
    'a.',
    '0x',
    'http://',
    '  | ',
    '[rank0]: ',
    'x:\n',
    'error x:\n- ',
    'Error: ',
    'image pull ',
    'Failed to pull image "x" ',
    'exceeded quota \n',
    'ExecutorLostFailure \n',
    'NCCL \n',
    'was unexpectedly terminated ',
    "['a'] ",
    'line 1:   1 Killed ',
    'Caused by: a.b.C: x\n',
    'Traceback (most recent call last):\n',
    'Traceback (most recent call last)\\n\\"',
    `${trace("KeyError: 'a'")}${CAUSED}`,
    `${trace('ValueError: a')}${HANDLING}`,
    trace("ConnectionError: HTTPSConnectionPool(host='a'): Max retries exceeded (Caused by X(\"timed"),
  ])('of 64 KiB takes no time worth speaking of: %j', (piece) => {
    const long = piece.repeat(Math.ceil(65_536 / piece.length)).slice(0, 65_536);
    const before = process.cpuUsage();
    failure(long, { message: long });
    const { user, system } = process.cpuUsage(before);
    // Some milliseconds; what is not linear takes minutes.
    expect((user + system) / 1000).toBeLessThan(1000);
  });
});
