import { acceptModels, acceptOptions, planProject } from '../actions/index.ts';
import type { AcceptedModel } from '../actions/index.ts';
import type { Project } from '../app.ts';
import { ok } from '../client/index.ts';
import type { Client } from '../client/index.ts';
import { splitSelectors } from '../fleet/index.ts';
import type { AcceptFlags } from './commands/accept.ts';
import { ask } from './options.ts';
import { acceptedText } from './render/accepted.ts';
import { noteReading, print, printJson } from './render/output.ts';

/** Lets the good models of some circuits stand for what the circuits want now, and tells which did. */
export async function acceptCircuits(circuits: readonly string[], flags: AcceptFlags): Promise<void> {
  const accepted = await ask(flags, 'write', {
    here: (project) => acceptHere(project, circuits, flags.reason),
    there: (yard) => acceptThere(yard, circuits, flags.reason),
  });
  if (flags.json === true) {
    printJson({ accepted });
    return;
  }
  print(acceptedText(accepted));
}

async function acceptHere(
  project: Project,
  circuits: readonly string[],
  reason: string,
): Promise<AcceptedModel[]> {
  const { plan } = await planProject(project, acceptOptions(circuits), { slow: noteReading });
  return acceptModels(project, plan.circuits, { reason, actor: await project.actor() });
}

async function acceptThere(
  { api }: Client,
  circuits: readonly string[],
  reason: string,
): Promise<AcceptedModel[]> {
  const options = acceptOptions(circuits.flatMap(splitSelectors));
  const { plan_id } = await ok(api.plans.$post({ json: options }));
  const { accepted } = await ok(api.plans[':plan_id'].accept.$post({ param: { plan_id }, json: { reason } }));
  return accepted;
}
