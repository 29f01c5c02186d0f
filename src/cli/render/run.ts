import type { Project } from '../../app.ts';
import { jobsByName } from '../../jobs/index.ts';
import { formatDuration } from '../../kernel/duration.ts';
import { currentHolder } from '../../pipelines/index.ts';
import type { Run } from '../../pipelines/index.ts';
import { failuresView, runView, stageDetail, tookOf } from '../../views/index.ts';
import type { FailuresView, RunRow, RunView } from '../../views/index.ts';
import { clip, columns, oneLine, paint, someOf, status } from './style.ts';
import { table } from './table.ts';

type Stage = Pick<
  RunView['stages'][number],
  'name' | 'status' | 'reason' | 'counts' | 'started_at' | 'ended_at'
>;

/** The stages of a run, one line each. */
function stageLines(stages: readonly Stage[], now: number): string[] {
  return stages.map((s) => {
    const detail = stageDetail(s);
    const took_s = tookOf(s, now);
    const time = took_s === null ? '' : formatDuration(took_s);
    return `  ${status(s.status, 11)} ${s.name.padEnd(20)} ${paint('gray', time.padStart(12))}  ${process.stdout.isTTY ? clip(detail, Math.max(20, columns() - 50)) : detail}`;
  });
}

/** What failed and was not mended: the jobs where they are few, else their causes. */
function failedLines({ run, failures, messages }: RunFacts): string[] {
  const first = failures.groups[0]?.jobs[0];
  if (first === undefined) return [];
  const cross = paint('red', '✗');
  const lines =
    messages.length > 0
      ? messages.map(
          ({ name, message }) =>
            `  ${cross} ${name}: ${clip(message ?? 'failed', columns() - name.length - 6)}`,
        )
      : failures.groups
          .slice(0, FEW)
          .map(
            (g) =>
              `  ${cross} ${g.count} × ${clip(g.title, columns() - 50)}  (${g.class}: ${someOf(g.circuits, 3)})`,
          );
  if (failures.failed > FEW && failures.groups.length > FEW)
    lines.push(`    … and ${failures.groups.length - FEW} more causes`);
  lines.push(`  Logs: trainyard jobs logs ${messages[0]?.name ?? first}`);
  if (failures.failed > 1) lines.push(`  Causes: trainyard failures ${run.number}`);
  return lines;
}

/** So many failures are told one by one. */
const FEW = 5;

/** What the screen of a run tells, wherever it was found out. */
export interface RunFacts {
  readonly run: RunView;
  readonly failures: FailuresView;
  /** What the failed jobs said, where they are few. */
  readonly messages: readonly { readonly name: string; readonly message: string | null }[];
  /** Whether a process advances it. */
  readonly driven: boolean;
}

/** The failed jobs that are told one by one; none where they are more. */
export const fewFailed = ({ failed, groups }: FailuresView): readonly string[] =>
  failed > FEW ? [] : groups.flatMap((group) => group.jobs);

export async function runFacts(project: Project, run: Run): Promise<RunFacts> {
  const [view, failures, holder] = await Promise.all([
    runView(project, run),
    failuresView(project, run),
    currentHolder(project.store),
  ]);
  const jobs = await jobsByName(project.store.db, fewFailed(failures));
  const messages = [...jobs.values()].map(({ name, message }) => ({ name, message }));
  return { run: view, failures, messages, driven: holder !== null };
}

export const runSummary = async (project: Project, run: Run): Promise<string> =>
  runScreen(await runFacts(project, run), project.clock.now());

/** How a run ended or what it waits for, for people. */
export function runScreen(facts: RunFacts, now: number): string {
  const { run, driven } = facts;
  const lines = [
    '',
    `${paint('bold', `Run ${run.number}`)}${run.rehearsal ? ' (rehearsal)' : ''}  ${status(run.status)}${run.reason === null ? '' : `: ${run.reason}`}`,
    ...stageLines(run.stages, now),
    ...failedLines(facts),
  ];
  if (run.next_step === 'accept_partial')
    lines.push(
      `  Next: trainyard runs accept-partial ${run.number}   promotes the models that succeeded`,
      `    or: trainyard retry ${run.number}   once the cause is gone`,
    );
  else if (run.next_step === 'resume')
    lines.push(`  Next: trainyard run --resume ${run.number}   once the cause is gone`);
  else if (run.next_step === 'run')
    lines.push('  Next: put right what SubmitTraining says, then trainyard run');
  if ((run.status === 'running' || run.status === 'pending') && !driven)
    lines.push(
      run.pipeline === 'scripts'
        ? `  No process drives this run now: trainyard scripts --resume, or trainyard runs cancel ${run.number}`
        : '  No process drives this run now: trainyard run --resume',
    );
  for (const approval of run.approvals.slice(0, 10)) {
    lines.push(
      `  ${paint('yellow', '‖')} ${approval.title}`,
      `      gate ${approval.gate}, until ${approval.expires_at.slice(0, 16).replace('T', ' ')} UTC`,
      `      trainyard approve ${approval.id}`,
      `      trainyard reject ${approval.id}`,
    );
  }
  // A narrow terminal wraps what is too long: of a command to type, nothing may be missing.
  return lines.map(oneLine).join('\n');
}

export const runTable = (runs: readonly RunRow[], now: number): string =>
  table(runs, [
    { title: 'run', value: (r) => String(r.number), align: 'right' },
    { title: 'status', value: (r) => status(r.status) },
    { title: 'started', value: (r) => r.created_at.slice(0, 19).replace('T', ' ') },
    {
      title: 'took',
      value: (r) => (r.started_at === null ? '' : formatDuration(tookOf(r, now) ?? 0)),
      align: 'right',
    },
    { title: 'by', value: (r) => clip(r.requested_by.split('@', 1)[0] ?? '', 16) },
    { title: 'commit', value: (r) => r.git_commit?.slice(0, 10) ?? '' },
    {
      title: '',
      value: (r) => [r.rehearsal ? 'rehearsal' : '', r.reason ?? ''].filter((t) => t !== '').join(': '),
    },
  ]);
