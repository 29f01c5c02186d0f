import type { Command } from 'commander';
import { ok } from '../../client/index.ts';
import { systemClock } from '../../kernel/clock.ts';
import { take } from '../on-server.ts';
import { ask, commonAnywhere, wholeNumber } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson, rawOutput } from '../render/output.ts';

interface ListFlags extends CommonOptions {
  readonly run?: string;
  readonly circuit?: string;
  readonly status?: string;
  readonly match?: string;
  readonly before?: string;
  readonly limit: number;
}

export function define(parent: Command): void {
  const jobs = parent.command('jobs').description('Lists jobs, shows one, reads logs, cancels.');
  commonAnywhere(
    jobs
      .command('list', { isDefault: true })
      .description('the newest jobs first')
      .option('--run <run>', 'of this run')
      .option('--circuit <id>', 'of this circuit')
      .option('--status <status>', 'only jobs with this status')
      .option('--match <glob>', "names that match, for example '*_retry_*'")
      .option('--before <job id>', 'jobs older than this one: the `next` of the last page')
      .option('--limit <n>', 'how many', wholeNumber, 50),
    `
    trainyard jobs list --status failed
    trainyard jobs list --match '*_retry_*'`,
  ).action(list);
  commonAnywhere(
    jobs.command('show').argument('<job>', 'name or id').description('attempts, times, resources, inputs'),
    'trainyard jobs show seattle_wind_2015_12_31',
  ).action(show);
  commonAnywhere(
    jobs
      .command('logs')
      .argument('<job>', 'name or id')
      .description('what the job printed')
      .option('-f, --follow', 'go on until the job is over')
      .option('--attempt <n>', 'of this attempt (default: the last)', wholeNumber),
    'trainyard jobs logs -f seattle_wind_2015_12_31',
  ).action(logs);
  commonAnywhere(
    jobs
      .command('cancel')
      .argument('<job...>', 'names or ids')
      .description('end jobs; what is canceled is not a failure'),
    'trainyard jobs cancel seattle_wind_2015_12_31',
  ).action(cancel);
}

async function list(flags: ListFlags): Promise<void> {
  const { JobStatus } = await import('../../jobs/index.ts');
  const { UsageError } = await import('../../kernel/errors.ts');
  const parsed = flags.status === undefined ? undefined : JobStatus.safeParse(flags.status);
  if (parsed?.success === false)
    throw new UsageError(`There is no job status ${flags.status}.`, {
      hint: `Use one of ${JobStatus.options.join(', ')}.`,
    });
  const { run, circuit, match, before, limit } = flags;
  const status = parsed?.data;
  const { jobs, next } = await ask(flags, 'read', {
    here: async ({ store: { db } }) => {
      const { pageOfJobs } = await import('../../jobs/index.ts');
      const { getRun } = await import('../../pipelines/index.ts');
      const { jobRows } = await import('../../views/index.ts');
      const run_id = run === undefined ? undefined : (await getRun(db, run)).id;
      const page = await pageOfJobs(db, { run_id, circuit_id: circuit, status, match, before, limit });
      return { jobs: await jobRows(db, page.jobs), next: page.next };
    },
    there: async ({ api }) => {
      const filter = { run, circuit, match, status };
      const page = await take(
        limit,
        (query) => ok(api.jobs.$get({ query: { ...query, ...filter } })),
        before,
      );
      return { jobs: page.items, next: page.next };
    },
  });
  if (flags.json === true) {
    printJson({ jobs, next });
    return;
  }
  if (jobs.length === 0) {
    print('No jobs match.');
    return;
  }
  const { jobTable } = await import('../render/job.ts');
  const { moreLine } = await import('../render/more.ts');
  print(jobTable(jobs, systemClock.now()));
  if (next !== null) print(moreLine('jobs list', { run, circuit, status, match, limit, before: next }));
}

async function show(name: string, flags: CommonOptions): Promise<void> {
  const job = await ask(flags, 'read', {
    here: async (project) => {
      const { findJob } = await import('../../jobs/index.ts');
      const { jobView } = await import('../../views/index.ts');
      return jobView(project, await findJob(project.store.db, name));
    },
    there: ({ api }) => ok(api.jobs[':job'].$get({ param: { job: name } })),
  });
  if (flags.json === true) {
    printJson(job);
    return;
  }
  const { jobScreen } = await import('../render/job.ts');
  print(jobScreen(job, systemClock.now()));
}

async function logs(
  name: string,
  flags: CommonOptions & { follow?: boolean; attempt?: number },
): Promise<void> {
  const { attempt, follow = false, json = false } = flags;
  const lines: string[] = [];
  const raw = rawOutput();
  const tell = (text: string): void => {
    if (json) lines.push(text);
    else raw.write(text);
  };
  const job = await ask(flags, 'read', {
    here: async (project) => {
      const { findJob } = await import('../../jobs/index.ts');
      const { readJobLog } = await import('../../views/index.ts');
      const found = await findJob(project.store.db, name);
      for (let offset = 0; ;) {
        const piece = await readJobLog(project, found, { attempt, offset, limit: 1 << 16 });
        offset = piece.next_offset;
        tell(piece.text);
        if (piece.text !== '') continue;
        if (!follow || piece.over) return found;
        await project.clock.sleep(200);
      }
    },
    there: async (yard) => {
      const found = await ok(yard.api.jobs[':job'].$get({ param: { job: name } }));
      for await (const { text } of yard.log(found.id, { attempt, follow })) tell(text);
      return found;
    },
  });
  raw.end();
  if (json) printJson({ job: job.name, attempt: attempt ?? job.attempt, text: lines.join('') });
}

async function cancel(names: string[], flags: CommonOptions): Promise<void> {
  const jobs = await ask(flags, 'write', {
    here: async (project) => {
      const { cancelNamedJobs } = await import('../../actions/index.ts');
      const { jobsById } = await import('../../jobs/index.ts');
      const { untilOver } = await import('../going-on.ts');
      const canceled = await cancelNamedJobs(project, names, await project.actor());
      for (const each of canceled)
        if (each.requested) await untilOver(project, each.run_id, 'cancel', each.over);
      const ids = canceled.flatMap((each) => each.jobs.map((j) => j.id));
      return jobsById(project.store.db, ids);
    },
    there: async (yard) => {
      const { cancelJobsThere } = await import('../there.ts');
      return cancelJobsThere(yard, names);
    },
  });
  if (flags.json === true) printJson({ jobs: jobs.map(({ name, status }) => ({ name, status })) });
  else for (const job of jobs) print(`${job.name} is ${job.status}.`);
}
