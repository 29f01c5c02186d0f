import type { Project } from '../app.ts';
import type { HookConfig } from '../config/index.ts';
import type { Actor } from '../gates/index.ts';
import { hookSecret, keepDelivery, readCall, verifyCall } from '../hooks/index.ts';
import type { Delivery, HookCall } from '../hooks/index.ts';
import { NotFoundError, TrainyardError } from '../kernel/errors.ts';
import { didYouMean } from '../kernel/suggest.ts';
import { appendEvents } from '../store/index.ts';

/** The name in which a hook starts runs; a gate that lists it among its approvers may be approved by it. */
export const hookActor = (name: string): Actor => ({ name: `hook:${name}`, identity: 'system' });

/** What is answered to a call. */
export type Taken =
  | { readonly kind: 'forged'; readonly why: string; readonly told: string }
  /** `again`: this very call was here before, and the delivery says what became of it. */
  | { readonly kind: 'taken'; readonly delivery: Delivery; readonly again: boolean };

/** @throws NotFoundError with the nearest names */
export function hookNamed({ settings }: Project, name: string): HookConfig {
  const found = settings.hooks[name];
  if (found !== undefined && Object.hasOwn(settings.hooks, name)) return found;
  const names = Object.keys(settings.hooks);
  throw new NotFoundError(`There is no hook ${name} in trainyard.yaml.`, {
    hint:
      didYouMean(name, names) ??
      (names.length === 0
        ? 'Write it under `hooks:`, for example: pushed: {sender: github, secret: "${env:HOOK_SECRET}"}'
        : `Hooks are ${names.join(', ')}.`),
  });
}

/**
 * The secret that a hook shares with its sender. Never stored, shown or logged.
 * @throws TrainyardError (provider_unavailable) where it is not set or of no use
 */
export function secretOf({ env }: Pick<Project, 'env'>, name: string, hook: HookConfig): string {
  const found = hookSecret(env, hook);
  if ('secret' in found) return found.secret;
  throw new TrainyardError('provider_unavailable', `Hook ${name} takes nothing: ${found.problem}.`, {
    hint: 'Set it where `trainyard serve` starts: `openssl rand -base64 32` makes a good one.',
  });
}

/**
 * Takes a call of another system: looks whether it is genuine and what it is about, and keeps it, in one transaction with
 * its event. What it starts is started by whoever advances the runs, so that the caller need not wait for a plan.
 * @throws UsageError for a genuine call that cannot be read, TrainyardError where the hook has no secret
 */
export async function takeDelivery(
  project: Project,
  name: string,
  hook: HookConfig,
  call: HookCall,
): Promise<Taken> {
  const { store, clock, world } = project;
  const verdict = verifyCall(hook.sender, call, secretOf(project, name, hook), clock.now());
  if (verdict.kind === 'forged') return verdict;
  const facts = readCall(hook, call);
  const taken = await store.tx(async (tx) => {
    const now = clock.now();
    const kept = await keepDelivery(tx, now, name, verdict.key, facts);
    if (kept.again || kept.delivery.outcome === 'ignored') return kept;
    await appendEvents(tx, now, [
      {
        type: 'hook.received',
        actor: hookActor(name),
        message: `Hook ${name} was called${aboutOf(kept.delivery)}`,
        data: { hook: name, delivery: kept.delivery.id, event: facts.event, branch: facts.branch },
      },
    ]);
    return kept;
  });
  world.faultPoint('hook.taken');
  return { kind: 'taken', ...taken };
}

/** ` by push to main, for 3 circuits`; nothing where nothing is known. */
function aboutOf({ event, branch, named_circuits: named }: Delivery): string {
  const by = event === null ? '' : ` by ${event}`;
  const to = branch === null ? '' : ` to ${branch}`;
  const about = named === null ? '' : ` for ${named} ${named === 1 ? 'circuit' : 'circuits'}`;
  return `${by}${to}${about}`;
}
