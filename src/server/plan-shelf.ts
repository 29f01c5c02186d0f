import { randomBytes } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Project } from '../app.ts';
import { checkSealedPlan } from '../fleet/index.ts';
import type { PlanOptions, SealedPlan } from '../fleet/index.ts';
import type { Actor } from '../gates/index.ts';
import type { CheckResult } from '../jobs/index.ts';
import { fromIso, toIso } from '../kernel/clock.ts';
import { canonicalJson, sha256 } from '../kernel/digest.ts';
import { NotFoundError, messageOf } from '../kernel/errors.ts';
import { removeTree, writeFileWhole } from '../kernel/files.ts';
import { PlanView, PlannedCircuitView, planView } from '../views/index.ts';
import { planAside } from './aside/plan-aside.ts';

/** A plan as it is shown, with every circuit of it. */
const ShelvedPlan = z.object({ view: PlanView, circuits: z.array(PlannedCircuitView) });
export type ShelvedPlan = z.infer<typeof ShelvedPlan>;

/** What lies on disk: the same and what is run for it, in one file, so that neither is there without the other. */
const PlanFile = ShelvedPlan.extend({ sealed: z.unknown() });
type PlanFile = z.infer<typeof PlanFile>;

const KEPT = 20;
const KEPT_MS = 24 * 3600 * 1000;
/** Plans in memory: those that somebody pages through right now. */
const IN_MEMORY = 3;

/**
 * The last plans that were made through the servers of a project, on disk, so that a restart loses none that somebody is
 * looking at. What is on the shelf holds nothing that a new plan would not find out again.
 *
 * Several servers may share it. A file is written whole, under a name that nothing was ever written to before and that says
 * when the plan was made; so whoever clears up decides by names alone, and removes what it decided on and nothing else.
 */
export class PlanShelf {
  readonly #project: Project;
  readonly #folder: string;
  readonly #kept: number;
  readonly #plan: typeof planAside;
  readonly #memory = new Map<string, ShelvedPlan>();

  constructor(project: Project, kept = KEPT, plan = planAside) {
    this.#project = project;
    this.#kept = kept;
    this.#plan = plan;
    this.#folder = join(project.store.folder, 'plans');
  }

  /** Makes a plan and keeps it. @throws what `planProject` throws */
  async make(options: PlanOptions, actor: Actor): Promise<PlanView> {
    const { clock } = this.#project;
    const [planned, preflight] = await Promise.all([
      this.#plan(this.#project, options),
      providerChecks(this.#project),
    ]);
    const now = clock.now();
    // The same decisions for other reasons are another plan: a reason for a wide one is given by whoever makes it.
    const plan_id = `${planned.plan.plan_id}-${sha256(canonicalJson({ ...options, by: actor.name })).slice(0, 6)}`;
    const view = planView(planned.plan, {
      plan_id,
      made_at: toIso(now),
      made_by: actor.name,
      expires_at: toIso(now + KEPT_MS),
      options,
      preflight,
    });
    const shelved = ShelvedPlan.parse({ view, circuits: JSON.parse(JSON.stringify(planned.plan.circuits)) });
    await writeFileWhole(
      join(this.#folder, nameOf(plan_id, now)),
      JSON.stringify({ ...shelved, sealed: planned.sealed } satisfies PlanFile),
    );
    this.#remember(plan_id, shelved);
    await this.#clear();
    return view;
  }

  /** @throws NotFoundError also for a plan that is too old */
  async get(plan_id: string): Promise<ShelvedPlan> {
    const known = this.#memory.get(plan_id);
    // Another server may have made it again since.
    if (known === undefined || !this.#holds(known)) return this.#read(plan_id);
    this.#remember(plan_id, known);
    return known;
  }

  /** As it was sealed, and lies on disk. @throws NotFoundError, ConflictError when it was edited */
  async sealed(plan_id: string): Promise<SealedPlan> {
    return checkSealedPlan(`plan ${plan_id}`, (await this.#read(plan_id)).sealed);
  }

  readonly #holds = ({ view }: ShelvedPlan): boolean => fromIso(view.expires_at) > this.#project.clock.now();

  async #read(plan_id: string): Promise<PlanFile> {
    const found = await this.#newest(plan_id);
    if (found === null || !this.#holds(found))
      throw new NotFoundError(`There is no plan ${plan_id} here any more.`, {
        hint: 'Plans are kept for a day, the last twenty of them. Make a new one with POST /api/v1/plans.',
      });
    this.#remember(plan_id, { view: found.view, circuits: found.circuits });
    return found;
  }

  /** The plan as it was made last; null: it is not here. */
  async #newest(plan_id: string, tries = 2): Promise<PlanFile | null> {
    for (const { name } of (await this.#files()).filter((file) => file.plan_id === plan_id)) {
      const text = await readFile(join(this.#folder, name), 'utf8').catch(() => null);
      if (text === null) {
        // Cleared away just now: then it is old, or was made again.
        if (tries > 1) return this.#newest(plan_id, tries - 1);
        continue;
      }
      try {
        return PlanFile.parse(JSON.parse(text));
      } catch {
        // Another version wrote it.
      }
    }
    return null;
  }

  #remember(plan_id: string, plan: ShelvedPlan): void {
    this.#memory.delete(plan_id);
    this.#memory.set(plan_id, plan);
    const [oldest] = this.#memory.keys();
    if (this.#memory.size > IN_MEMORY && oldest !== undefined) this.#memory.delete(oldest);
  }

  /** Removes what is old, what is too much, and what was made again since. */
  async #clear(): Promise<void> {
    const before = this.#project.clock.now() - KEPT_MS;
    const kept = new Set<string>();
    for (const { name, plan_id, made_ms } of await this.#files()) {
      const again = kept.has(plan_id);
      if (!again && kept.size < this.#kept && made_ms > before) {
        kept.add(plan_id);
        continue;
      }
      if (!again) this.#memory.delete(plan_id);
      await removeTree(join(this.#folder, name));
    }
    await this.#clearRest(before);
  }

  /** Halves of plans whose process died while it wrote, and plans of older versions; nobody writes for a day. */
  async #clearRest(before: number): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (NAME.test(name)) continue;
      const found = await stat(join(this.#folder, name)).catch(() => null);
      if (found !== null && found.mtimeMs <= before) await removeTree(join(this.#folder, name));
    }
  }

  /** Newest first. */
  async #files(): Promise<{ readonly name: string; readonly plan_id: string; readonly made_ms: number }[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names
      .flatMap((name) => {
        const [, plan_id, made_ms] = NAME.exec(name) ?? [];
        return plan_id === undefined ? [] : [{ name, plan_id, made_ms: Number(made_ms) }];
      })
      .toSorted((a, b) => b.made_ms - a.made_ms);
  }
}

const NAME = /^(plan_[0-9a-f]{12}-[0-9a-f]{6})\.(\d+)-[0-9a-f]{8}\.json$/;
const nameOf = (plan_id: string, made_ms: number): string =>
  `${plan_id}.${made_ms}-${randomBytes(4).toString('hex')}.json`;

/** What the provider says of itself; that it cannot even be asked is one of those things. */
async function providerChecks({ world, config }: Project): Promise<readonly CheckResult[]> {
  try {
    return await (await world.compute(config.provider)).check();
  } catch (error) {
    return [{ name: `provider ${config.provider}`, ok: false, message: messageOf(error), hint: null }];
  }
}
