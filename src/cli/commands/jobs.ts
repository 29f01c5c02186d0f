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
    const { JobStatus, listJobs } = await import('../../jobs/index.ts');
    const { getRun } = await import('../../pipelines/index.ts');
    const { UsageError } = await import('../../kernel/errors.ts');
    const { db } = project.store;
    const status = flags.status === undefined ? undefined : JobStatus.safeParse(flags.status);
    if (status?.success === false)
      throw new UsageError(`There is no job status ${flags.status}.`, {
        hint: `Use one of ${JobStatus.options.join(', ')}.`,
      });
    const run_id = flags.run === undefined ? undefined : (await getRun(db, flags.run)).id;
    const rows = await listJobs(db, {
      run_id,
      circuit_id: flags.circuit,
      status: status?.data,
      match: flags.match,
      before: flags.before,
      limit: flags.limit,
    });
    const next = rows.length === flags.limit ? (rows.at(-1)?.id ?? null) : null;
    if (flags.json === true) {
      const { jobDocument } = await import('../render/job.ts');
      printJson({ jobs: rows.map(jobDocument), next });
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
    const { jobDocument, jobScreen } = await import('../render/job.ts');
    const job = await findJob(project.store.db, name);
    const attempts = await project.store.db
      .selectFrom('attempts')
      .selectAll()
      .where('job_id', '=', job.id)
      .orderBy('number')
      .execute();
    if (flags.json === true) printJson({ ...jobDocument(job), attempts });
    else print(jobScreen(job, attempts, project.clock.now()));
  });
}

async function logs(
  name: string,
  flags: CommonOptions & { follow?: boolean; attempt?: number },
): Promise<void> {
  await withProject(flags, 'read', async (project) => {
    const { attemptKey, findJob } = await import('../../jobs/index.ts');
    const { UsageError } = await import('../../kernel/errors.ts');
    const job = await findJob(project.store.db, name);
    const compute = await project.world.compute(job.provider);
    if (compute.logs === undefined)
      throw new UsageError(`Provider ${job.provider} has no logs: ${compute.describe().capabilities.logs}.`);
    const key = attemptKey(job.name, flags.attempt ?? job.attempt);
    const lines: string[] = [];
    const raw = rawOutput();
    for (let offset = 0; ;) {
      const chunk = await compute.logs({ run_id: job.run_id, key, offset, limit: 1 << 16 });
      offset = chunk.next_offset;
      if (flags.json === true) lines.push(chunk.text);
      else raw.write(chunk.text);
      if (chunk.text !== '') continue;
      if (flags.follow !== true || chunk.ended || (await findJob(project.store.db, job.id)).ended_at !== null)
        break;
      await project.clock.sleep(200);
    }
    raw.end();
    if (flags.json === true)
      printJson({ job: job.name, attempt: flags.attempt ?? job.attempt, text: lines.join('') });
  });
}

async function cancel(names: string[], flags: CommonOptions): Promise<void> {
  await withProject(flags, 'write', async (project) => {
    const { cancelJobs } = await import('../../actions/index.ts');
    const { findJob } = await import('../../jobs/index.ts');
    const { getRun } = await import('../../pipelines/index.ts');
    const { untilOver } = await import('../going-on.ts');
    const { db } = project.store;
    const jobs = await Promise.all(names.map((n) => findJob(db, n)));
    const actor = await project.actor();
    for (const [run_id, some] of Map.groupBy(jobs, (j) => j.run_id)) {
      const canceled = await cancelJobs(project, await getRun(db, run_id), some, actor);
      if (canceled.requested) await untilOver(project, run_id, 'cancel', canceled.over);
    }
    const after = await Promise.all(jobs.map((j) => findJob(db, j.id)));
    if (flags.json === true) printJson({ jobs: after.map((j) => ({ name: j.name, status: j.status })) });
    else for (const job of after) print(`${job.name} is ${job.status}.`);
  });
}
