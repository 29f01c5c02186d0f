import { describe, expect, it } from 'vitest';
import { approved, consequence, howFar, kindOf, quorum, votesSoFar } from './consequences.ts';
import { holdsOf } from './said.ts';

const vote = (
  voter: string,
  subjects: string[] | null = null,
  counts = true,
  verdict: 'approve' | 'hold' = 'approve',
) => ({
  voter,
  identity: 'verified',
  verdict,
  comment: null,
  subjects,
  voted_at: '2026-01-01T00:00:00.000Z',
  counts,
});

describe('what a verdict will do', () => {
  it('is said in the words of what it is about, with how many', () => {
    expect(consequence(kindOf('PromoteModels'), 'approve', 1)).toBe(
      '1 model is copied into the shared registry.',
    );
    expect(consequence(kindOf('RetryFailedTraining'), 'approve', 2000)).toBe(
      '2,000 circuits are trained again at once, with the same config and data.',
    );
    expect(consequence(kindOf('PromoteEnvironment'), 'reject', 2)).toBe(
      '2 environments are not shared, and models that need them are not promoted.',
    );
    expect(consequence(kindOf('ApproveSomethingNew'), 'hold', 1)).toBe(
      '1 subject has to wait, and can be asked about again.',
    );
  });
});

describe('where two people have to approve', () => {
  const two = { required: 2 };
  const far = (votes: ReturnType<typeof vote>[], subjects: string[], gated: string[] = []) =>
    howFar(two, votes, subjects, new Set(gated), 'ada');

  it('the first does nothing yet, the second takes effect', () => {
    expect(far([], ['a'])).toEqual({ nth: 1, ready: 0 });
    expect(far([vote('Bob')], ['a'])).toEqual({ nth: 2, ready: 1 });
    expect(howFar({ required: 1 }, [], ['a'], new Set(), 'ada')).toBeNull();
  });

  it('the same person twice, another subject and what was said before a reopening do not count', () => {
    for (const before of [vote('ADA'), vote('bob', ['z']), vote('bob', null, false)])
      expect(far([before], ['a'])?.nth).toBe(1);
  });

  it('no yes from before a hold counts, and none to everything from after it', () => {
    const hold = vote('cat', ['a'], true, 'hold');
    expect(far([vote('bob'), hold], ['a'])?.nth).toBe(1);
    expect(far([hold, vote('bob')], ['a'])?.nth).toBe(1);
    expect(far([hold, vote('bob', ['a'])], ['a'])?.nth).toBe(2);
    expect(far([vote('bob'), hold], ['b'])?.nth).toBe(2);
  });

  it('approvals of several subjects do not add up to one of each', () => {
    const votes = [vote('bob', ['a']), vote('cat', ['b'])];
    expect(howFar({ required: 3 }, votes, ['a', 'b'], new Set(), 'ada')).toEqual({ nth: 2, ready: 0 });
    expect(far(votes, ['a', 'b', 'c'])).toEqual({ nth: 1, ready: 2 });
  });

  it('a yes to everything is none to what a quality gate holds back', () => {
    expect(far([vote('bob')], ['a', 'b'], ['b'])).toEqual({ nth: 1, ready: 1 });
  });

  it('it is told before, and what came of it after', () => {
    expect(quorum(two, { nth: 1, ready: 0 })).toBe(
      'This is approval 1 of 2: nothing happens until 1 other person approves too.',
    );
    expect(quorum(two, { nth: 2, ready: 3 })).toBe('This is approval 2 of 2: it takes effect at once.');
    expect(quorum(two, { nth: 1, ready: 3 })).toMatch(/^This is approval 2 of 2 for 3 of them/);
    expect(approved('models', two, { nth: 1, ready: 0 }, { of: 3, took: 0 })).toBe(
      'Your approval of 3 models is counted: 1 of 2.',
    );
    expect(approved('models', two, { nth: 1, ready: 1 }, { of: 3, took: 1 })).toBe(
      '1 model approved. Your approval of 2 models is counted: 1 of 2.',
    );
    expect(approved('models', two, { nth: 2, ready: 3 }, { of: 3, took: 3 })).toBe('3 models approved.');
  });

  it('how far it is, is told of what has the least', () => {
    const soFar = (pending: number, ...votes: ReturnType<typeof vote>[]) =>
      votesSoFar({ ...two, counts: { pending, approve: 0, hold: 0, reject: 0 } }, votes);
    expect(soFar(3, vote('bob'), vote('Bob', ['a']))).toBe('1 of 2 approved');
    expect(soFar(1, vote('bob', ['a']))).toBe('1 of 2 approved');
    expect(soFar(3, vote('bob', ['a']), vote('cat', ['b']))).toBe(
      '0 of 2 approved all that is open, more some of it',
    );
    expect(soFar(1, vote('bob'), vote('cat', ['a'], true, 'hold'))).toBe('1 of 2 approved');
    expect(soFar(2, vote('bob'), vote('cat', null, true, 'hold'))).toBe('0 of 2 approved');
    expect(soFar(0, vote('bob'))).toBeNull();
    expect(
      votesSoFar({ required: 1, counts: { pending: 1, approve: 0, hold: 0, reject: 0 } }, []),
    ).toBeNull();
  });
});

describe('what is on hold', () => {
  it('is put down to whoever said so last', () => {
    const votes = [
      vote('bob', ['a', 'b'], true, 'hold'),
      vote('cat', ['b'], true, 'hold'),
      vote('dan', ['a'], false, 'hold'),
      vote('eve'),
    ];
    expect(holdsOf(votes, ['a', 'b', 'c'])).toMatchObject([
      { voter: 'cat', count: 1 },
      { voter: 'bob', count: 1 },
    ]);
    expect(holdsOf([...votes, vote('fay', null, true, 'hold')], ['c'])).toMatchObject([
      { voter: 'fay', count: 1 },
    ]);
  });
});
