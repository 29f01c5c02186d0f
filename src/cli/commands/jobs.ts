import type { Command } from 'commander';
import { common, wholeNumber, withProject } from '../options.ts';
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
  common(
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
  common(
    jobs.command('show').argument('<job>', 'name or id').description('attempts, times, resources, inputs'),
    'trainyard jobs show seattle_wind_2015_12_31',
  ).action(show);
  common(
    jobs
      .command('logs')
      .argument('<job>', 'name or id')
      .description('what the job printed')
      .option('-f, --follow', 'go on until the job is over')
      .option('--attempt <n>', 'of this attempt (default: the last)', wholeNumber),
    'trainyard jobs logs -f seattle_wind_2015_12_31',
  ).action(logs);
  common(
    jobs
      .command('cancel')
      .argument('<job...>', 'names or ids')
      .description('end jobs; what is canceled is not a failure'),
    'trainyard jobs cancel seattle_wind_2015_12_31',
  ).action(cancel);
}

async function list(flags: ListFlags): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { JobStatus, pageOfJobs } = await import('../../jobs/index.ts');
    const { getRun } = await import('../../pipelines/index.ts');
    const { UsageError } = await import('../../kernel/errors.ts');
    const { db } = project.store;
    const status = flags.status === undefined ? undefined : JobStatus.safeParse(flags.status);
    if (status?.success === false)
      throw new UsageError(`There is no job status ${flags.status}.`, {
        hint: `Use one of ${JobStatus.options.join(', ')}.`,
      });
    const run_id = flags.run === undefined ? undefined : (await getRun(db, flags.run)).id;
    const { jobs: rows, next } = await pageOfJobs(db, {
      run_id,
      circuit_id: flags.circuit,
      status: status?.data,
      match: flags.match,
      before: flags.before,
      limit: flags.limit,
    });
    if (flags.json === true) {
      const { jobRows } = await import('../../views/index.ts');
      printJson({ jobs: await jobRows(db, rows), next });
      return;
    }
    if (rows.length === 0) {
      print('No jobs match.');
      return;
    }
    const { jobTable } = await import('../render/job.ts');
    print(jobTable(rows, project.clock.now()));
    if (next !== null) print(`More: trainyard jobs list --before ${next}`);
  });
}

async function show(name: string, flags: CommonOptions): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { findJob } = await import('../../jobs/index.ts');
    const job = await findJob(project.store.db, name);
    if (flags.json === true) {
      const { jobView } = await import('../../views/index.ts');
      printJson(await jobView(project, job));
      return;
    }
    const { jobScreen } = await import('../render/job.ts');
    const attempts = await project.store.db
      .selectFrom('attempts')
      .selectAll()
      .where('job_id', '=', job.id)
      .orderBy('number')
      .execute();
    print(jobScreen(job, attempts, project.clock.now()));
  });
}

async function logs(
  name: string,
  flags: CommonOptions & { follow?: boolean; attempt?: number },
): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { findJob } = await import('../../jobs/index.ts');
    const { readJobLog } = await import('../../views/index.ts');
    const job = await findJob(project.store.db, name);
    const lines: string[] = [];
    const raw = rawOutput();
    for (let offset = 0; ;) {
      const { attempt } = flags;
      const piece = await readJobLog(project, job, { attempt, offset, limit: 1 << 16 });
      offset = piece.next_offset;
      if (flags.json === true) lines.push(piece.text);
      else raw.write(piece.text);
      if (piece.text !== '') continue;
      if (flags.follow !== true || piece.over) break;
      await project.clock.sleep(200);
    }
    raw.end();
    if (flags.json === true)
      printJson({ job: job.name, attempt: flags.attempt ?? job.attempt, text: lines.join('') });
  });
}

async function cancel(names: string[], flags: CommonOptions): Promise<void> {
  await withProject(flags, 'write', async (project) => {
    const { cancelNamedJobs } = await import('../../actions/index.ts');
    const { jobsById } = await import('../../jobs/index.ts');
    const { untilOver } = await import('../going-on.ts');
    const canceled = await cancelNamedJobs(project, names, await project.actor());
    for (const each of canceled)
      if (each.requested) await untilOver(project, each.run_id, 'cancel', each.over);
    const ids = canceled.flatMap((each) => each.jobs.map((j) => j.id));
    const after = await jobsById(project.store.db, ids);
    if (flags.json === true) printJson({ jobs: after.map((j) => ({ name: j.name, status: j.status })) });
    else for (const job of after) print(`${job.name} is ${job.status}.`);
  });
}
