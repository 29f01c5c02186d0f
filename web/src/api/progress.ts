import type { QueryClient } from '@tanstack/react-query';
import type { RunView } from '../../../src/views/index.ts';

/** What the stream tells of open runs, once a second at most. */
export interface Progress {
  readonly runs: readonly {
    readonly number: number;
    readonly status: RunView['status'];
    readonly stages: readonly Pick<RunView['stages'][number], 'name' | 'status' | 'reason'>[];
    readonly jobs: RunView['jobs'];
  }[];
}

/** Puts progress into the runs that are shown, without asking for them again. */
export function patchProgress(queries: QueryClient, progress: Progress): void {
  for (const news of progress.runs) {
    queries.setQueryData<RunView>(['runs', 'one', String(news.number)], (run) => run && patched(run, news));
  }
}

function patched(run: RunView, news: Progress['runs'][number]): RunView {
  const told = new Map(news.stages.map((stage) => [stage.name, stage]));
  return {
    ...run,
    status: news.status,
    jobs: news.jobs,
    stages: run.stages.map((stage) => ({ ...stage, ...told.get(stage.name) })),
  };
}
