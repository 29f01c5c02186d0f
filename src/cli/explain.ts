import type { Project } from '../app.ts';
import { lastJobs } from '../jobs/index.ts';
import { NotFoundError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { goodModel } from '../registry/index.ts';
import type { Planned } from '../actions/index.ts';
import { print, printJson } from './render/output.ts';
import { paint } from './render/style.ts';

/** Prints everything the plan knows of one circuit. @throws NotFoundError with the nearest ids */
export async function explain(
  project: Project,
  { plan, fleet }: Planned,
  id: string,
  json: boolean,
): Promise<void> {
  const planned = plan.circuits.find((c) => c.id === id.replace('/', '_'));
  if (planned === undefined) {
    throw new NotFoundError(`There is no circuit ${id} in ${fleet.file}.`, {
      hint: didYouMean(id, fleet.by_id.keys()) ?? 'List them with `trainyard plan -v`.',
    });
  }
  const good = await goodModel(project.store.db, planned.id);
  const job = (await lastJobs(project.store.db, [planned.id])).get(planned.id) ?? null;
  if (json) {
    printJson({ ...planned, good_model: good, last_job: job });
    return;
  }
  print(
    `${paint('bold', planned.id)}  ${planned.action === 'train' ? paint('green', 'will be trained') : 'is left as it is'}: ${planned.reason}`,
  );
  print(`  declared    ${fleet.file}:${planned.line}`);
  print(`  hash        ${planned.training_hash}   inputs ${planned.inputs_digest}`);
  if (good === null) print('  good model  none');
  else
    print(
      `  good model  ${good.model_name} v${good.version} of ${good.created_at}: hash ${good.training_hash}   inputs ${good.inputs_digest === '' ? 'unknown' : good.inputs_digest}`,
    );
  if (good?.accepted != null)
    print(`  accepted    for hash ${good.accepted.hash} by ${good.accepted.by}: ${good.accepted.reason}`);
  if (job !== null)
    print(
      `  last job    ${job.name}: ${job.status} in run ${job.run_number}${job.message === null ? '' : ` (${job.message})`}`,
    );
  for (const change of planned.changes)
    print(
      `  changed     ${change.field}: ${JSON.stringify(change.before) ?? 'none'} → ${JSON.stringify(change.after) ?? 'none'}`,
    );
}
