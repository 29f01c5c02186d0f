import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Refresher } from './refresher.ts';
import { TOPICS, topicsOf } from './topics.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('fetches once more what was on its way when something happened, as that may tell of the time before', async () => {
  const queries = new QueryClient();
  const answers: ((told: string) => void)[] = [];
  const observer = new QueryObserver(queries, {
    queryKey: ['runs', 'list'],
    queryFn: () => new Promise<string>((answer) => answers.push(answer)),
  });
  const leave = observer.subscribe(() => undefined);
  const refresh = new Refresher(queries);
  refresh.topics('runs');
  expect(answers).toHaveLength(1);
  // It takes longer than the pause, and is not asked twice meanwhile.
  await vi.advanceTimersByTimeAsync(3 * TOPICS.runs);
  expect(answers).toHaveLength(1);
  answers[0]?.('before');
  await vi.advanceTimersByTimeAsync(TOPICS.runs);
  expect(answers).toHaveLength(2);
  answers[1]?.('after');
  await vi.advanceTimersByTimeAsync(5 * TOPICS.runs);
  expect(observer.getCurrentResult().data).toBe('after');
  expect(answers).toHaveLength(2);
  refresh.stop();
  leave();
  queries.clear();
});

it('counts every event as one for the lists of events and of the record', () => {
  expect(topicsOf('run.started')).toEqual(['events', 'audit', 'runs', 'circuits']);
  expect(topicsOf('unheard.of')).toEqual(['events', 'audit']);
});
