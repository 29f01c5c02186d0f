import { toIso } from '../kernel/clock.ts';
import type { Compute, FailureReason, Observation, Submission, SubmitOutcome } from '../jobs/index.ts';

type Said =
  | { readonly state: 'queued' | 'preparing' | 'running' | 'succeeded' | 'canceled' }
  | { readonly state: 'failed'; readonly reason: FailureReason; readonly message: string };

/** A provider that says exactly what a test tells it to, and remembers what it was asked. */
export class ScriptedCompute implements Compute {
  readonly submitted: Submission[] = [];
  readonly canceled: string[] = [];
  readonly refused = new Map<string, { readonly reason: FailureReason; readonly message: string }>();
  readonly withoutModel = new Set<string>();
  readonly #said = new Map<string, Observation>();
  lists = 0;
  /** Thrown by the next call of `submit` or `list`, once. */
  fault: Error | null = null;
  /** Runs inside `list`, for what happens meanwhile. */
  meanwhile: (() => Promise<void>) | null = null;

  describe() {
    return {
      name: 'scripted',
      title: 'a script',
      capabilities: {
        logs: 'not in a script',
        push: 'not in a script',
        usage: 'not in a script',
        outputs: true as const,
        capacity: 'not in a script',
      },
    };
  }

  check() {
    return Promise.resolve([]);
  }

  preflight() {
    return Promise.resolve({ problems: [], warnings: [] });
  }

  submit(submissions: readonly Submission[]): Promise<readonly SubmitOutcome[]> {
    this.#fail();
    this.submitted.push(...submissions);
    return Promise.resolve(
      submissions.map(({ key }): SubmitOutcome => {
        const refusal = this.refused.get(key);
        return refusal === undefined ? { key, accepted: true } : { key, accepted: false, ...refusal };
      }),
    );
  }

  async list() {
    this.#fail();
    this.lists++;
    await this.meanwhile?.();
    return { observations: [...this.#said.values()], cursor: null };
  }

  cancel(_run_id: string, keys: readonly string[]): Promise<void> {
    this.canceled.push(...keys);
    return Promise.resolve();
  }

  outputs(_run_id: string, key: string) {
    const file = {
      path: 'model.json',
      size: 2,
      local_path: null,
      open: () => {
        throw new Error('not read here');
      },
    };
    return Promise.resolve({
      files: () => Promise.resolve(this.withoutModel.has(key) ? [] : [file]),
      metrics: { mae: 1.5 },
      metrics_problem: null,
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** From now on the listing says this of an attempt. `running_at` is milliseconds since 1970. */
  says(key: string, said: Said, running_at: number | null = null): void {
    const base = {
      key,
      submitted_at: toIso(0),
      running_at: running_at === null ? null : toIso(running_at),
      queued_s: 1,
      preparing_s: 2,
      running_s: 3,
      usage: { cpu_s: 0.5, peak_memory_mib: 64 },
      url: null,
    };
    const end = { exit_code: said.state === 'succeeded' ? 0 : 1, ended_at: toIso(running_at ?? 0) };
    switch (said.state) {
      case 'failed':
        this.#said.set(key, { ...base, ...said, ...end });
        return;
      case 'succeeded':
        this.#said.set(key, { ...base, state: said.state, ...end });
        return;
      case 'canceled':
        this.#said.set(key, { ...base, state: said.state, ended_at: end.ended_at });
        return;
      default:
        this.#said.set(key, { ...base, state: said.state });
    }
  }

  forgets(key: string): void {
    this.#said.delete(key);
  }

  #fail(): void {
    const { fault } = this;
    this.fault = null;
    if (fault !== null) throw fault;
  }
}
