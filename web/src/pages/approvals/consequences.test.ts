import { describe, expect, it } from 'vitest';
import { consequence, kindOf, quorum, votesSoFar } from './consequences.ts';

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

  it('the first does nothing yet, the second takes effect', () => {
    expect(quorum(two, [], ['a'], 'ada')).toBe(
      'This is approval 1 of 2: nothing happens until 1 other person approves too.',
    );
    expect(quorum(two, [vote('Bob')], ['a'], 'ada')).toBe(
      'This is approval 2 of 2 and takes effect for what 1 other person approved before.',
    );
  });

  it('the same person twice, another subject and what was said before a reopening do not count', () => {
    for (const before of [vote('ADA'), vote('bob', ['z']), vote('bob', null, false)])
      expect(quorum(two, [before], ['a'], 'ada')).toContain('approval 1 of 2');
  });

  it('no yes from before a hold counts, and none to everything from after it', () => {
    const hold = vote('cat', ['a'], true, 'hold');
    for (const votes of [
      [vote('bob'), hold],
      [hold, vote('bob')],
    ])
      expect(quorum(two, votes, ['a'], 'ada')).toContain('approval 1 of 2');
    expect(quorum(two, [hold, vote('bob', ['a'])], ['a'], 'ada')).toContain('approval 2 of 2');
    expect(quorum(two, [vote('bob'), hold], ['b'], 'ada')).toContain('approval 2 of 2');
  });

  it('how far it is, is told', () => {
    expect(votesSoFar(two, [vote('bob'), vote('Bob', ['a'])])).toBe('1 of 2 approved');
    expect(votesSoFar({ required: 1 }, [])).toBeNull();
  });
});
