import type { ListedRun, RunView } from '../../../src/views/index.ts';
import type { News } from '../api/progress.ts';
import type { CountsByState } from '../ui/index.ts';

/** A run as its row shows it. */
export interface ShownRun extends ListedRun {
  /** Its jobs, as far as the stream told of them. */
  readonly jobs?: RunView['jobs'];
}

/** A row brought up to what the stream told since; a run that is over is as its row says. */
export function brought(run: ListedRun, news: News | undefined): ShownRun {
  if (news === undefined || run.ended_at !== null) return run;
  const told = new Map(news.stages.map((stage) => [stage.name, stage.status]));
  return {
    ...run,
    status: news.status,
    jobs: news.jobs,
    stages: run.stages.map((stage) => ({ ...stage, status: told.get(stage.name) ?? stage.status })),
  };
}

/** What the jobs of a run came to: told by the stream while it is open, else summed up by its stages. */
export function countsOf(run: ShownRun): CountsByState {
  if (run.jobs !== undefined) return { ...run.jobs };
  const counts = (name: string): Readonly<Record<string, number>> =>
    run.stages.find((stage) => stage.name === name)?.counts ?? {};
  const ended = counts(run.pipeline === 'train' ? 'MonitorTraining' : (run.stages.at(-1)?.name ?? ''));
  const { succeeded = 0, failed = 0, canceled = 0 } = ended;
  const submitted = counts('SubmitTraining')['submitted'] ?? 0;
  if (succeeded + failed + canceled === 0 && submitted > 0) return { running: submitted };
  return { succeeded, failed, canceled };
}
