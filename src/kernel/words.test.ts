import { mkdtemp, rm, symlink, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoff } from './backoff.ts';
import { ciFacts } from './ci.ts';
import { compactTime, fromIso, toIso } from './clock.ts';
import { canonicalJson, folderDigest, listFiles } from './digest.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { ConfigError, EXIT, ProviderError, TrainyardError, UsageError, messageOf } from './errors.ts';
import { newId } from './ids.ts';
import { isAlive, processStart } from './processes.ts';
import { REDACTED, redactor, resolveSecrets, secretNames } from './redact.ts';
import { didYouMean, nearest } from './suggest.ts';

describe('parseDuration', () => {
  it.each([
    ['30s', 30],
    ['4h', 14_400],
    ['30d', 2_592_000],
    ['1h30m', 5400],
    ['250ms', 0.25],
    ['1.5h', 5400],
    ['2w', 1_209_600],
    ['0s', 0],
  ])('reads %s as %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '30', 's', '30 s', '-1s', '1h 30m', '1y', '1e3s', '5S'])('refuses "%s"', (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});

describe('formatDuration', () => {
  it.each([
    [-1, '0 s'],
    [0.26, '0.3 s'],
    [9.97, '10 s'],
    [59.6, '1 min 00 s'],
    [200, '3 min 20 s'],
    [3599.6, '1 h 00 min'],
    [7500, '2 h 05 min'],
    [86_399, '23 h 59 min'],
    [100_000, '1 d 3 h'],
  ])('writes %d as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('backoff', () => {
  it('doubles up to its limit and never overflows', () => {
    expect([0, 1, 2, 3, 4].map((n) => backoff(n, 30, 300))).toEqual([30, 60, 120, 240, 300]);
    expect(backoff(5000, 1, 60)).toBe(60);
  });
});

describe('times', () => {
  it('sort as text and read back as they were', () => {
    fc.assert(
      fc.property(fc.nat(4e12), fc.nat(4e12), (a, b) => {
        expect(toIso(a) < toIso(b)).toBe(a < b);
        expect(fromIso(toIso(a))).toBe(a);
      }),
    );
  });

  it('stand in names in UTC', () => {
    expect(compactTime(Date.UTC(2026, 10, 22, 2, 53, 52, 123))).toBe('20261122_025352');
  });
});

describe('newId', () => {
  it('sorts by age', () => {
    const ids = Array.from({ length: 500 }, (_, i) => newId('job', 1_767_225_600_000 + i * 256));
    expect(ids.toSorted()).toEqual(ids);
    expect(ids.every((id) => /^job_[0-9a-z]{17}$/.test(id))).toBe(true);
  });

  it('sorts in the order of making also within one moment', () => {
    const ids = Array.from({ length: 3000 }, () => newId('job', 1_767_225_600_000));
    expect(ids.toSorted()).toEqual(ids);
  });

  it('never comes twice, even within one millisecond', () => {
    expect(new Set(Array.from({ length: 20_000 }, () => newId('evt', 0))).size).toBe(20_000);
  });
});

describe('nearest', () => {
  const known = ['seattle_wind', 'seattle_temp_max', 'newyork_wind', 'newyork_temp_max'];
  it('finds the slip of a finger, best first', () => {
    expect(nearest('seatle_wind', known)[0]).toBe('seattle_wind');
    expect(nearest('newyrok_wind', known)[0]).toBe('newyork_wind');
    expect(nearest('SEATTLE_WIND', known)[0]).toBe('seattle_wind');
  });

  it('takes a beginning for what was meant', () => {
    expect(nearest('newy', known)).toEqual(['newyork_temp_max', 'newyork_wind']);
  });

  it('says nothing when nothing is near', () => {
    expect(nearest('zzz', known)).toEqual([]);
    expect(didYouMean('zzz', known)).toBeUndefined();
  });

  it('asks in one sentence', () => {
    expect(didYouMean('pla', ['plan', 'play', 'plat'])).toBe('Did you mean plan, plat or play?');
    expect(didYouMean('pln', ['plan'])).toBe('Did you mean plan?');
  });

  it('gives at most as many as asked, all of them known, the same word first', () => {
    const word = fc.stringMatching(/^[a-d]{1,6}$/);
    fc.assert(
      fc.property(word, fc.uniqueArray(word, { minLength: 1 }), (typed, words) => {
        const found = nearest(typed, words, 2);
        expect(found.length).toBeLessThanOrEqual(2);
        expect(found.every((w) => words.includes(w))).toBe(true);
        if (words.includes(typed)) expect(found[0]).toBe(typed);
      }),
    );
  });
});

describe('redactor', () => {
  it('leaves no secret in the text, whatever it is made of', () => {
    const text = fc.stringMatching(/^[abc$.*+( ]{0,12}$/);
    const secret = fc.stringMatching(/^[abc$.*+(]{4,8}$/);
    fc.assert(
      fc.property(text, secret, text, fc.array(secret), (before, value, after, others) => {
        const told = redactor([value, ...others])(`${before}${value}${after}`);
        expect(told.replaceAll(REDACTED, '')).not.toContain(value);
      }),
    );
  });

  it('takes the longer of two overlapping secrets', () => {
    expect(redactor(['abcd', 'abcdefgh'])('xabcdefghx')).toBe(`x${REDACTED}x`);
  });

  it('leaves values alone that are too short to be secrets', () => {
    expect(redactor(['abc', ''])('abc')).toBe('abc');
  });
});

describe('resolveSecrets', () => {
  it('puts values in at use and names what is missing', () => {
    const text = 'postgres://u:${env:DB_PASSWORD}@h/${env:DB}?p=${env:DB_PASSWORD}';
    expect(secretNames(text)).toEqual(['DB_PASSWORD', 'DB']);
    expect(resolveSecrets(text, { DB_PASSWORD: 'pw$&' })).toEqual({
      value: 'postgres://u:pw$&@h/${env:DB}?p=pw$&',
      used: ['pw$&', 'pw$&'],
      missing: ['DB'],
    });
  });
});

describe('canonicalJson', () => {
  it('is the same text for equal values, whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('leaves out what is undefined and keeps integers of any size', () => {
    expect(canonicalJson({ b: undefined, a: 2n ** 70n, c: [undefined] })).toBe(
      '{"a":1180591620717411303424,"c":[null]}',
    );
  });
});

describe('folderDigest', () => {
  it('is over names and contents, not over times or what is skipped', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-digest-'));
    try {
      await mkdir(join(folder, 'sub'));
      await writeFile(join(folder, 'sub/a.py'), 'a');
      await writeFile(join(folder, 'b.py'), 'b');
      await symlink('b.py', join(folder, 'link.py'));
      const before = await folderDigest(folder);
      await mkdir(join(folder, '__pycache__'));
      await writeFile(join(folder, '__pycache__/b.pyc'), 'x');
      expect(await folderDigest(folder, (name) => name === '__pycache__')).toBe(before);
      expect(await listFiles(folder)).toEqual(['__pycache__/b.pyc', 'b.py', 'link.py', 'sub/a.py']);
      await writeFile(join(folder, 'sub/a.py'), 'A');
      expect(await folderDigest(folder, (name) => name === '__pycache__')).not.toBe(before);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('ciFacts', () => {
  it('knows nothing outside a CI system', () => {
    expect(ciFacts({})).toEqual({ system: null, pr: false, base_ref: null });
    expect(ciFacts({ CI: 'true' })).toEqual({ system: 'other', pr: false, base_ref: null });
  });

  it('reads GitHub: a pull request compares with the branch it goes to', () => {
    expect(
      ciFacts({ GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'pull_request_target', GITHUB_BASE_REF: 'main' }),
    ).toEqual({ system: 'github', pr: true, base_ref: 'origin/main' });
    expect(ciFacts({ GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_BASE_REF: '' })).toEqual({
      system: 'github',
      pr: false,
      base_ref: null,
    });
  });

  it('reads Azure DevOps: the target branch comes as a full ref', () => {
    const env = {
      TF_BUILD: 'True',
      BUILD_REASON: 'PullRequest',
      SYSTEM_PULLREQUEST_TARGETBRANCH: 'refs/heads/release/2',
    };
    expect(ciFacts(env)).toEqual({ system: 'azure-devops', pr: true, base_ref: 'origin/release/2' });
    expect(ciFacts({ TF_BUILD: 'True', BUILD_REASON: 'IndividualCI' })).toEqual({
      system: 'azure-devops',
      pr: false,
      base_ref: null,
    });
  });

  it('reads GitLab: a first push has no commit before it', () => {
    expect(ciFacts({ GITLAB_CI: 'true', CI_COMMIT_BEFORE_SHA: '0'.repeat(40) })).toEqual({
      system: 'gitlab',
      pr: false,
      base_ref: null,
    });
    expect(
      ciFacts({
        GITLAB_CI: 'true',
        CI_MERGE_REQUEST_ID: '7',
        CI_MERGE_REQUEST_DIFF_BASE_SHA: 'abc',
        CI_COMMIT_BEFORE_SHA: 'def',
      }),
    ).toEqual({ system: 'gitlab', pr: true, base_ref: 'abc' });
  });
});

describe('isAlive', () => {
  it('tells a process from a later one that got its pid', () => {
    const start = processStart(process.pid);
    expect(isAlive(process.pid, start)).toBe(true);
    expect(isAlive(process.pid, `${start}0`)).toBe(false);
  });

  it('never takes a pid without a process for alive', () => {
    expect(processStart(2 ** 22 + 1)).toBe('');
    expect(isAlive(2 ** 22 + 1, '')).toBe(false);
  });
});

describe('TrainyardError', () => {
  it('carries the exit code of its kind and the facts into JSON', () => {
    const error = new TrainyardError('blocked_by_guard', 'Too wide.', {
      hint: 'Say why.',
      details: { retrain: 12 },
    });
    expect(error.exit_code).toBe(21);
    expect(JSON.parse(JSON.stringify({ error }))).toEqual({
      error: { code: 'blocked_by_guard', message: 'Too wide.', hint: 'Say why.', exit_code: 21, retrain: 12 },
    });
    expect(new ProviderError('azureml', 'away', { retryable: true }).exit_code).toBe(
      EXIT.provider_unavailable,
    );
  });

  it('counts the problems of a file in its message', () => {
    const at = (file: string) => ({ file, line: 1, column: null, path: '', message: 'x', hint: null });
    expect(new ConfigError([at('a.yaml')]).message).toBe('1 problem in a.yaml');
    expect(new ConfigError([at('a.yaml'), at('b.yaml')]).message).toBe(
      '2 problems in a.yaml and other files',
    );
    expect(new ConfigError([at('a.yaml')])).not.toBeInstanceOf(UsageError);
    expect(new ConfigError([at('a.yaml')]).exit_code).toBe(EXIT.usage);
  });

  it('is told in one line, whatever was thrown', () => {
    expect(messageOf(new Error('first\nsecond'))).toBe('first');
    expect(messageOf('text')).toBe('text');
    expect(messageOf(null)).toBe('null');
  });
});
