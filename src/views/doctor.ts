import { access, constants, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Project } from '../app.ts';
import { loadComponent, loadEnvironments } from '../assets/index.ts';
import { gitFacts, loadFleet } from '../fleet/index.ts';
import { hookSecretProblem } from '../hooks/index.ts';
import { NotFoundError, TrainyardError, messageOf } from '../kernel/errors.ts';
import { channelHealth, notifyWorld } from '../notify/index.ts';
import { currentHolder, openRuns } from '../pipelines/index.ts';
import { scheduleStates } from '../schedules/index.ts';

export const CheckView = z
  .object({
    name: z.string(),
    ok: z.boolean(),
    message: z.string(),
    hint: z.string().nullable().meta({ description: 'What to do about it.' }),
  })
  .meta({ id: 'Check', description: 'One thing that was looked at.' });
export type CheckView = z.infer<typeof CheckView>;

export const DoctorView = z
  .object({ ok: z.boolean(), checks: z.array(CheckView) })
  .meta({ id: 'Doctor', description: 'Whether everything is there that a run needs.' });
export type DoctorView = z.infer<typeof DoctorView>;

/** Looks at everything a run would need. Changes nothing. */
export async function diagnose(project: Project): Promise<DoctorView> {
  const { config, root } = project;
  const checks: CheckView[] = [{ name: 'node', ok: true, message: process.version, hint: null }];
  const git = await gitFacts(root);
  checks.push({
    name: 'git',
    ok: true,
    message:
      git.commit === null
        ? 'no commit here; models get no git_commit tag'
        : `${git.branch ?? 'detached'} at ${git.commit.slice(0, 10)}${git.dirty ? ', with uncommitted changes' : ''}`,
    hint: null,
  });
  checks.push(
    await attempt('component', async () => {
      const c = await loadComponent(resolve(root, config.component));
      return `${c.name}:${c.version} (${c.type})`;
    }),
  );
  checks.push(
    await attempt('environments', async () => {
      const list = await loadEnvironments(root, config.environments);
      return list.length === 0 ? 'none' : list.map((e) => `${e.name}:${e.version}`).join(', ');
    }),
  );
  checks.push(
    await attempt('fleet', async () => {
      const file = resolve(root, config.circuits);
      if (!existsSync(file))
        throw new NotFoundError(`There is no fleet file ${config.circuits}.`, {
          hint: 'Put the file there, or correct `circuits` in trainyard.yaml.',
        });
      const { circuits } = loadFleet(await readFile(file, 'utf8'), {
        file: config.circuits,
        component_version: null,
      });
      return `${plural(circuits.length, 'circuit')} in ${config.circuits}`;
    }),
  );
  checks.push(
    await attempt('runs', async () => {
      await access(existsSync(project.store.folder) ? project.store.folder : root, constants.W_OK);
      if (!project.has_state) return 'nothing was run yet';
      const { db } = project.store;
      const open = [...(await openRuns(db, 'train')), ...(await openRuns(db, 'scripts'))];
      const holder = await currentHolder(project.store);
      return `${plural(open.length, 'open run')}${holder === null ? '' : `; held by \`trainyard ${holder.kind}\` (process ${holder.pid})`}`;
    }),
  );
  for (const health of await channelHealth(notifyWorld(project.messaging), project.store.db)) {
    const { channel, ok, message, hint } = health;
    checks.push({ name: `channel ${channel}`, ok, message, hint });
  }
  const states = await scheduleStates(project.store.db);
  const scheduled = Object.entries(config.schedules).filter(
    ([name, { enabled }]) => enabled && states.get(name)?.paused == null,
  );
  if (scheduled.length > 0) checks.push(await fires(project, scheduled.length));
  checks.push(...hookChecks(project));
  const provider = await attempt(
    `provider ${config.provider}`,
    async () => (await project.world.compute(config.provider)).describe().title,
  );
  checks.push(provider);
  if (provider.ok) checks.push(...(await (await project.world.compute(config.provider)).check()));
  return { ok: checks.every((check) => check.ok), checks };
}

/** Schedules fire in a process that stays, and in no other. */
async function fires({ store }: Project, count: number): Promise<CheckView> {
  const holder = await currentHolder(store);
  const ok = holder?.kind === 'worker' || holder?.kind === 'serve';
  const them = count === 1 ? '1 schedule' : `${count} schedules`;
  return {
    name: 'schedules',
    ok,
    message: ok
      ? `${them}, fired by \`trainyard ${holder.kind}\``
      : `${them}, and no worker runs: nothing fires`,
    hint: ok ? null : 'Keep `trainyard serve` or `trainyard worker` running.',
  };
}

/** Hooks know their senders by a secret: without it every call is refused. */
const hookChecks = ({ settings, env }: Project): CheckView[] =>
  Object.entries(settings.hooks)
    .filter(([, hook]) => hook.enabled)
    .map(([name, hook]) => {
      const problem = hookSecretProblem(env, hook);
      return {
        name: `hook ${name}`,
        ok: problem === null,
        message: problem ?? `called by ${hook.sender} at /hooks/${name}`,
        hint:
          problem === null
            ? null
            : problem.endsWith('is not set')
              ? 'Set it where `trainyard serve` starts; until then calls are refused.'
              : 'Give it another one, for example from `openssl rand -base64 32`, here and at the sender; until then calls are refused.',
      };
    });

const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;

async function attempt(name: string, look: () => Promise<string>): Promise<CheckView> {
  try {
    return { name, ok: true, message: await look(), hint: null };
  } catch (error) {
    const known = error instanceof TrainyardError;
    const [first, ...more] = known ? error.problems : [];
    const detail =
      first === undefined
        ? ''
        : `${first.file}${first.line === null ? '' : `:${first.line}`} ${first.message}`;
    return {
      name,
      ok: false,
      message: more.length > 0 ? `${messageOf(error)}: ${detail}` : detail || messageOf(error),
      hint: (known ? error.hint : undefined) ?? first?.hint ?? null,
    };
  }
}
