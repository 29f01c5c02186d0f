import type { Issue } from './build-commands.ts';
import { groupFailures } from './run-report.ts';
import type { Failure, RunReport } from './run-report.ts';

/** What a build warns of: stages and circuits that failed, the latter by cause, and what waits for people. */
export function runIssues(report: RunReport): Issue[] {
  const run = `Run ${report.number}`;
  const broken = report.stages
    // That circuits failed is said below.
    .filter((s) => s.status === 'failed' && !['MonitorTraining', 'RetryFailedTraining'].includes(s.name))
    .map((s): Issue => ({ kind: 'error', title: `${run}: ${s.name} failed`, message: s.detail }));
  const optional = report.failures.filter((f) => f.optional);
  const mandatory = report.failures.filter((f) => !f.optional);
  const canceled: Issue[] =
    report.status === 'canceled'
      ? [{ kind: 'warning', title: run, message: 'was canceled: its circuits are owed' }]
      : [];
  return [
    ...broken,
    ...groupFailures(mandatory).map(({ cause, failures }): Issue => ({
      kind: report.accepted ? 'warning' : 'error',
      title: `${run}: ${circuits(failures.length)} failed${report.accepted ? ', accepted' : ''}`,
      message: `${cause} (${some(failures)})`,
    })),
    ...report.approvals.map((a): Issue => ({
      kind: 'warning',
      title: `${run} waits at gate ${a.gate}`,
      message: `${a.title}: trainyard approve ${a.id}`,
    })),
    ...groupFailures(optional).map(({ cause, failures }): Issue => ({
      kind: 'warning',
      title: `${run}: ${circuits(failures.length, 'optional ')} failed`,
      message: `${cause} (${some(failures)})`,
    })),
    ...canceled,
  ];
}

const circuits = (n: number, which = ''): string => `${n} ${which}circuit${n === 1 ? '' : 's'}`;

const NAMED = 5;

function some(failures: readonly Failure[]): string {
  const names = failures.slice(0, NAMED).map((f) => f.circuit);
  return `${names.join(', ')}${failures.length > NAMED ? ` and ${failures.length - NAMED} more` : ''}`;
}
