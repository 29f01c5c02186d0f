import type { Compute, PreflightProblem, Submission } from '../../jobs/compute.ts';
import { removeTree, sizeBelow } from '../../kernel/files.ts';
import type { Accepted } from './attempt.ts';
import { logChunk } from './attempt-log.ts';
import { outputsOf } from './attempt-outputs.ts';
import { decideAttempt } from './decide-attempt.ts';
import { LedgerFile, ledgers } from './ledger-file.ts';
import { type Settings, type SimulatedOptions, toSettings } from './options.ts';
import type { RunBook } from './run-book.ts';
import { Runs } from './runs.ts';
import { timesOf } from './state-at.ts';
import { Watchers } from './watchers.ts';

/**
 * A world in which nothing is trained: attempts wait, prepare, run and end in virtual time, with chosen failures.
 * What becomes of one is decided from seed and key when it is taken over and stands in the ledger, the only state.
 * `max_parallel` counts per run, so that the ledger of a run tells its whole story; a canceled attempt's slot goes to
 * the next in line at once.
 * @throws UsageError for options out of range
 */
export function createSimulatedCompute(options: SimulatedOptions): Compute {
  const settings = toSettings(options);
  const runs = new Runs(settings.state_folder, settings.clock);
  const watchers = new Watchers({ clock: settings.clock, look: () => runs.look() });
  const find: typeof runs.find = (run_id, key) =>
    runs.find(run_id, key).catch(async (error: unknown) => {
      throw (await settings.removed(run_id)) ?? error;
    });

  return {
    describe: () => ({
      name: 'simulated',
      title: `simulation, nothing is trained; an attempt takes about ${settings.duration_s} virtual seconds`,
      capabilities: { logs: true, push: true, usage: true, outputs: true, capacity: true },
    }),

    check: () =>
      Promise.resolve([
        {
          name: 'simulation',
          ok: true,
          message: 'Needs nothing. Jobs are simulated, no model is trained.',
          hint: null,
        },
      ]),

    preflight: (submissions) =>
      Promise.resolve({ problems: settings.preflight.filter((p) => concerns(p, submissions)), warnings: [] }),

    async submit(submissions) {
      for (const [run_id, group] of Map.groupBy(submissions, (s) => s.run_id)) {
        const own = await settings.of_run(run_id);
        const chosen = own === null ? settings : toSettings({ ...options, ...own });
        await runs.with(
          run_id,
          async (run) => await run.append(decideNew(run.book, group, runs.now(), chosen)),
        );
      }
      watchers.arm();
      return submissions.map((s) => ({ key: s.key, accepted: true }));
    },

    async list({ run_id, cursor }) {
      const answer = await runs.with(run_id, (run) => {
        const since = run.positionOf(cursor);
        const observations = run.book.observe(since, runs.now());
        return { observations, cursor: run.cursor() };
      });
      watchers.arm();
      return answer;
    },

    async cancel(run_id, keys) {
      await runs.with(run_id, async (run) => {
        const at = runs.now();
        const inFlight = [...new Set(keys)].filter((key) => {
          const attempt = run.book.get(key);
          return attempt !== undefined && at < timesOf(attempt).over_at;
        });
        await run.append(inFlight.map((key) => ({ kind: 'canceled', key, at })));
      });
      watchers.arm();
    },

    async logs({ run_id, key, offset, limit }) {
      const { accepted, seen } = await find(run_id, key);
      return logChunk(accepted, seen, offset, limit);
    },

    async outputs(run_id, key) {
      const { accepted, seen } = await find(run_id, key);
      return outputsOf(accepted, seen.state === 'succeeded');
    },

    capacity: () => {
      const slots = settings.max_parallel;
      if (slots === null)
        return Promise.resolve({ free: null, slots: null, message: 'a simulation has room for everything' });
      const free = Math.max(0, slots - runs.holding());
      return Promise.resolve({ free, slots, message: `${free} of ${slots} simulated slots are free` });
    },

    watch: (changed) => watchers.add(changed),

    kept: {
      runs: () => ledgers(settings.state_folder),
      size: (run_id) => sizeBelow(new LedgerFile(settings.state_folder, run_id).path),
      async remove(run_id) {
        await removeTree(new LedgerFile(settings.state_folder, run_id).path);
        runs.drop(run_id);
      },
      removeRest: () => Promise.resolve({ files: 0, bytes: 0 }),
    },

    close() {
      watchers.close();
      return Promise.resolve();
    },
  };
}

/**
 * Makes an attempt vanish, as if its machine had gone: from the next look on it is failed and lost. For tests and
 * rehearsals; harmless for attempts that are over.
 */
export async function loseAttempt(
  state_folder: string,
  run_id: string,
  key: string,
  at: number,
): Promise<void> {
  const file = new LedgerFile(state_folder, run_id);
  await file.read();
  await file.append([{ kind: 'lost', key, at }]);
}

const concerns = (problem: PreflightProblem, submissions: readonly Submission[]): boolean =>
  problem.circuit_ids.length === 0 || submissions.some((s) => problem.circuit_ids.includes(s.circuit_id));

/** The fates of those submissions that the ledger does not know yet. */
function decideNew(
  book: RunBook,
  submissions: readonly Submission[],
  at: number,
  settings: Settings,
): Accepted[] {
  const fresh = new Map<string, Accepted>();
  const perCircuit = new Map<string, number>();
  for (const submission of submissions) {
    const { key, circuit_id } = submission;
    if (book.get(key) !== undefined || fresh.has(key)) continue;
    const nth = Math.max(submission.attempt, (perCircuit.get(circuit_id) ?? book.attemptsOf(circuit_id)) + 1);
    perCircuit.set(circuit_id, nth);
    fresh.set(key, decideAttempt(submission, nth, at, settings));
  }
  return [...fresh.values()];
}
