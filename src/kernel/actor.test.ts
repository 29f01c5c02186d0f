import { describe, expect, it } from 'vitest';
import { isReservedName, isToken, tokenActor } from './actor.ts';

describe('names', () => {
  it.each(['token:ci', 'Token:x', 'schedule:nightly', 'oidc:leads', '@crew', '*', 'trainyard', 'Retention'])(
    'such as %s belong to nobody in person',
    (name) => {
      expect(isReservedName(name)).toBe(true);
    },
  );
  it.each(['ada@x', 'tokens@example.com', 'trainyard@example.com', 'retention-team', 'x*', '248289761001'])(
    'such as %s may be of a person',
    (name) => {
      expect(isReservedName(name)).toBe(false);
    },
  );

  it('of tokens are theirs only where they are proven', () => {
    expect(isToken(tokenActor('ci'))).toBe(true);
    expect(isToken({ name: 'token:ci', identity: 'claimed' })).toBe(false);
    expect(isToken({ name: 'ada@x', identity: 'verified' })).toBe(false);
  });
});
