import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Submission } from '../../jobs/compute.ts';
import { Books } from './books.ts';
import type { Fact, LedgerLine } from './facts.ts';
import { componentOf } from './local-harness.ts';
import { newAssets, store } from './stored-submission.ts';

describe('Books', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'trainyard-books-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const submission: Submission = {
    key: 'a',
    run_id: 'run-1',
    circuit_id: 'p_1',
    job_name: 'p_1',
    attempt: 1,
    timeout_s: null,
    environment_variables: {},
    environment: null,
    inputs: {},
    component: componentOf({
      command: 'true',
      code: null,
      environment: null,
      inputs: {},
      outputs: {},
      environment_variables: {},
    }),
  };
  const key = 'run-1/a';
  const endedAt = (at: number): Fact => ({
    e: 'ended',
    at,
    key,
    code: 0,
    cpu_s: 0,
    rss_kib: 0,
    why: null,
    tail: null,
  });

  /** What one process saw all along, and what one sees that reads it all afterwards. */
  function outcomes(ended: Fact, cancel: LedgerLine): (string | undefined)[] {
    const early = new Books(folder);
    const owner = early.owner('owner-1');
    const book = early.run('run-1');
    early.append(book, [
      ...newAssets(book, [submission]),
      { e: 'accepted', at: 1, owner: owner.id, submission: store(submission) },
    ]);
    owner.journal.append([
      { e: 'intent', at: 2, key, step: 0 },
      { e: 'started', at: 2, key, step: 0, pid: 1, start: 'x' },
    ]);
    early.follow(owner);
    const other = new Books(folder);
    other.append(other.run('run-1'), [cancel]);
    owner.journal.append([ended]);
    early.follow(owner);
    const late = new Books(folder);
    return [early, late].map((books) => books.run('run-1').attempts.get('a')?.end?.state);
  }

  it('agree on a command that ended by itself before somebody else wished its end', () => {
    expect(outcomes(endedAt(9), { e: 'cancel', at: 10, keys: ['a'] })).toEqual(['succeeded', 'succeeded']);
  });

  it('agree on a command that ended after somebody else wished its end', () => {
    expect(outcomes(endedAt(11), { e: 'cancel', at: 10, keys: ['a'] })).toEqual(['canceled', 'canceled']);
  });

  it('take an attempt that a launcher gave back for one that nobody started', () => {
    const books = new Books(folder);
    const owner = books.owner('owner-1');
    const book = books.run('run-1');
    books.append(book, [
      ...newAssets(book, [submission]),
      { e: 'accepted', at: 1, owner: owner.id, submission: store(submission) },
    ]);
    owner.journal.append([
      { e: 'intent', at: 2, key, step: 0 },
      { e: 'returned', at: 2, key, why: 'Too many open files' },
    ]);
    books.follow(owner);
    expect(book.attempts.get('a')).toMatchObject({
      intended: false,
      returned: 'Too many open files',
      end: null,
    });
  });
});
