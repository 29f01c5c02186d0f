import type { WhyView } from '../views/index.ts';
import { print } from './render/output.ts';
import { paint } from './render/style.ts';

/** Prints everything the plan knows of one circuit. */
export function explain(planned: WhyView): void {
  const { good_model: good, last_job: job } = planned;
  print(
    `${paint('bold', planned.id)}  ${planned.action === 'train' ? paint('green', 'will be trained') : 'is left as it is'}: ${planned.reason}`,
  );
  print(`  declared    ${planned.file}:${planned.line}`);
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
