import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Project } from '../app.ts';
import { readSealedPlan, writeSealedPlan } from '../fleet/index.ts';
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

const KEPT = 20;
const KEPT_MS = 24 * 3600 * 1000;
/** Plans in memory: those that somebody pages through right now. */
const IN_MEMORY = 3;

/**
 * The last plans that were made through the server, on disk, so that a restart loses none that somebody is looking at:
 * each as it is shown, and sealed beside it. What is on the shelf holds nothing that a new plan would not find out again.
 */
export class PlanShelf {
  readonly #project: Project;
  readonly #folder: string;
  readonly #kept: number;
  readonly #plan: typeof planAside;
  readonly #memory = new Map<string, ShelvedPlan>();
  #last: Promise<unknown> = Promise.resolve();

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
    await this.#alone(async () => {
      // What is shown is what says that a plan is here, so it comes last.
      await writeSealedPlan(this.#sealedFile(plan_id), planned.sealed);
      await writeFileWhole(this.#shownFile(plan_id), JSON.stringify(shelved));
      this.#remember(plan_id, shelved);
      await this.#clear();
    });
    return view;
  }

  /** @throws NotFoundError also for a plan that is too old */
  async get(plan_id: string): Promise<ShelvedPlan> {
    const found = this.#memory.get(plan_id) ?? (await this.#read(plan_id));
    if (found === null || fromIso(found.view.expires_at) <= this.#project.clock.now())
      throw new NotFoundError(`There is no plan ${plan_id} here any more.`, {
        hint: 'Plans are kept for a day, the last twenty of them. Make a new one with POST /api/v1/plans.',
      });
    this.#remember(plan_id, found);
    return found;
  }

  /** As it was sealed. @throws NotFoundError, ConflictError when it was edited */
  async sealed(plan_id: string): Promise<SealedPlan> {
    await this.get(plan_id);
    return readSealedPlan(this.#sealedFile(plan_id));
  }

  /** One after the other: to one that clears up, half of a plan that is being written looks like rubbish. */
  async #alone(work: () => Promise<void>): Promise<void> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    await mine;
  }

  /** Ids come out of URLs: only what looks like one is looked for. */
  async #read(plan_id: string): Promise<ShelvedPlan | null> {
    if (!PLAN_ID.test(plan_id)) return null;
    const text = await readFile(this.#shownFile(plan_id), 'utf8').catch(() => null);
    if (text === null) return null;
    try {
      return ShelvedPlan.parse(JSON.parse(text));
    } catch {
      // Another version wrote it.
      return null;
    }
  }

  #remember(plan_id: string, plan: ShelvedPlan): void {
    this.#memory.delete(plan_id);
    this.#memory.set(plan_id, plan);
    const [oldest] = this.#memory.keys();
    if (this.#memory.size > IN_MEMORY && oldest !== undefined) this.#memory.delete(oldest);
  }

  /** Removes what is old, and what is too much; the oldest go first. */
  async #clear(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    const ids = [...new Set(names.map((name) => name.split('.', 1)[0] ?? ''))];
    const kept = await Promise.all(ids.map(async (id) => ({ id, made_at: await this.#madeAt(id) })));
    const before = toIso(this.#project.clock.now() - KEPT_MS);
    const sorted = kept.toSorted((a, b) => (a.made_at < b.made_at ? 1 : -1));
    for (const [i, { id, made_at }] of sorted.entries()) {
      if (i < this.#kept && made_at > before) continue;
      this.#memory.delete(id);
      await removeTree(this.#shownFile(id));
      await removeTree(this.#sealedFile(id));
    }
  }

  /** Without reading it all; empty: it cannot be told, so it is the first to go. */
  async #madeAt(plan_id: string): Promise<string> {
    const known = this.#memory.get(plan_id);
    if (known !== undefined) return known.view.made_at;
    const text = await readFile(this.#shownFile(plan_id), 'utf8').catch(() => '');
    return /"made_at":"([^"]+)"/.exec(text.slice(0, 400))?.[1] ?? '';
  }

  readonly #sealedFile = (id: string): string => join(this.#folder, `${id}.sealed.json`);
  readonly #shownFile = (id: string): string => join(this.#folder, `${id}.json`);
}

const PLAN_ID = /^plan_[0-9a-f]{12}-[0-9a-f]{6}$/;

/** What the provider says of itself; that it cannot even be asked is one of those things. */
async function providerChecks({ world, config }: Project): Promise<readonly CheckResult[]> {
  try {
    return await (await world.compute(config.provider)).check();
  } catch (error) {
    return [{ name: `provider ${config.provider}`, ok: false, message: messageOf(error), hint: null }];
  }
}
