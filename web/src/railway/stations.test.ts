import { expect, it } from 'vitest';
import { below } from './stations.ts';

const monitoring = (counts: Record<string, number>) => ({
  name: 'MonitorTraining',
  status: 'succeeded' as const,
  counts,
});

it('a station names all its counts where they have room', () => {
  expect(below(monitoring({ succeeded: 1, failed: 5 }), 'succeeded')).toBe('1 succeeded, 5 failed');
});

it('a station with less room names what failed first, as its colour tells of that', () => {
  expect(below(monitoring({ succeeded: 9809, failed: 191 }), 'succeeded')).toBe('191 failed …');
  expect(below(monitoring({ succeeded: 98, running: 2, failed: 3 }), 'succeeded')).toBe(
    '3 failed, 98 succeeded …',
  );
});
