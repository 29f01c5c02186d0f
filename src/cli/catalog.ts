import type { Command } from 'commander';

/** Adds one command, with its flags, help and action, to its parent. */
export type Define = (parent: Command) => void;

export interface CatalogEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly define: Define }>;
}

/** Every command in the order of the help. Nothing of a command is loaded before somebody types it. */
export const CATALOG: readonly CatalogEntry[] = [
  {
    name: 'init',
    summary: 'make a new project with a working example',
    load: () => import('./commands/init.ts'),
  },
  {
    name: 'plan',
    summary: 'show which circuits need training, and why',
    load: () => import('./commands/plan.ts'),
  },
  {
    name: 'why',
    summary: 'explain what the plan says of one circuit',
    load: () => import('./commands/why.ts'),
  },
  {
    name: 'accept',
    summary: 'let the current model stand for changed settings',
    load: () => import('./commands/accept.ts'),
  },
  {
    name: 'run',
    summary: 'train what needs training, register and promote the models',
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'scripts',
    summary: "run a repository's training scripts, without any config",
    load: () => import('./commands/scripts.ts'),
  },
  { name: 'runs', summary: 'list, show, cancel runs', load: () => import('./commands/runs.ts') },
  {
    name: 'jobs',
    summary: 'list, show, cancel jobs and read their logs',
    load: () => import('./commands/jobs.ts'),
  },
  {
    name: 'wait',
    summary: 'wait until the jobs of a file are over',
    load: () => import('./commands/wait.ts'),
  },
  {
    name: 'artifacts',
    summary: 'list and download the files a run wrote',
    load: () => import('./commands/artifacts.ts'),
  },
  {
    name: 'models',
    summary: 'list, show, download and withdraw model versions',
    load: () => import('./commands/models.ts'),
  },
  { name: 'approvals', summary: 'what waits for a decision', load: () => import('./commands/approvals.ts') },
  {
    name: 'approve',
    summary: 'approve what waits, and go on with the run',
    load: () => import('./commands/approve.ts'),
  },
  {
    name: 'hold',
    summary: 'hold what waits: neither approved nor rejected',
    load: () => import('./commands/hold.ts'),
  },
  {
    name: 'reject',
    summary: 'reject what waits, and go on with the run',
    load: () => import('./commands/reject.ts'),
  },
  {
    name: 'failures',
    summary: 'what failed in a run, by cause, and what to do',
    load: () => import('./commands/failures.ts'),
  },
  {
    name: 'retry',
    summary: 'train failed circuits of a run again',
    load: () => import('./commands/retry.ts'),
  },
  {
    name: 'audit',
    summary: 'who changed what, and whether that record is whole',
    load: () => import('./commands/audit.ts'),
  },
  {
    name: 'notify',
    summary: 'messages about runs: what is sent, what could not be, test a channel',
    load: () => import('./commands/notify.ts'),
  },
  {
    name: 'schedules',
    summary: 'list schedules, pause them, run one now',
    load: () => import('./commands/schedules.ts'),
  },
  {
    name: 'hooks',
    summary: 'list hooks and who called them, try one',
    load: () => import('./commands/hooks.ts'),
  },
  {
    name: 'serve',
    summary: 'run everything in one process: API, web UI, runs, schedules, hooks',
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'tokens',
    summary: 'make, list and revoke tokens for the HTTP API',
    load: () => import('./commands/tokens.ts'),
  },
  {
    name: 'worker',
    summary: 'go on with open runs and fire schedules, until told to stop',
    load: () => import('./commands/worker.ts'),
  },
  {
    name: 'prune',
    summary: 'remove old files of models, logs and runs that nothing needs',
    load: () => import('./commands/prune.ts'),
  },
  {
    name: 'doctor',
    summary: 'check what is installed and what is missing',
    load: () => import('./commands/doctor.ts'),
  },
  { name: 'ci', summary: 'write pipelines for CI systems', load: () => import('./commands/ci.ts') },
  {
    name: 'completion',
    summary: 'print the completion script for bash, zsh or fish',
    load: () => import('./commands/completion.ts'),
  },
];
