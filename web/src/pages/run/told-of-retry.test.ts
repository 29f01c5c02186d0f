import { expect, it } from 'vitest';
import { toldOfRetry } from './told-of-retry.ts';

it('circuits are trained again once all who have to agreed, and nothing else is told before', () => {
  expect(toldOfRetry({ status: 'waiting', required: 1 }, 2)).toBe('2 circuits are trained again.');
  expect(toldOfRetry({ status: 'decided', required: 2 }, 1)).toBe('1 circuit is trained again.');
  expect(toldOfRetry({ status: 'waiting', required: 2 }, 1)).toBe(
    'Your approval is counted. What 2 people approve is trained again.',
  );
});
