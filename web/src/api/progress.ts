import { queryOptions } from '@tanstack/react-query';
import type { QueryClient } from '@tanstack/react-query';
import type { RunProgress } from '../../../src/client/index.ts';
import type { RunView } from '../../../src/views/index.ts';

export type News = RunProgress;

/** The last that the stream told of each run, by its number. Nothing is fetched: it begins empty. */
export const progressQuery = queryOptions({
  queryKey: ['told', 'progress'],
  queryFn: (): Promise<Readonly<Record<number, News>>> => Promise.resolve({}),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Puts progress into what is shown, without asking for it again. */
export function patchProgress(
  queries: QueryClient,
  progress: { readonly runs: readonly RunProgress[] },
): void {
  queries.setQueryData(progressQuery.queryKey, (told = {}) => ({
    ...told,
    ...Object.fromEntries(progress.runs.map((news) => [news.number, news])),
  }));
  for (const news of progress.runs) {
    queries.setQueryData<RunView>(['runs', 'one', String(news.number)], (run) => run && patched(run, news));
  }
}

function patched(run: RunView, news: News): RunView {
  const told = new Map(news.stages.map((stage) => [stage.name, stage]));
  return {
    ...run,
    status: news.status,
    jobs: news.jobs,
    stages: run.stages.map((stage) => ({ ...stage, ...told.get(stage.name) })),
  };
}
