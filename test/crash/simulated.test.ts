import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import type { Ended } from '../helpers/trainyard.ts';
import { twoAtOnce } from '../helpers/two-at-once.ts';
import { HOOK_POINTS, ONCE_POINTS, PRUNE_POINTS, SCHEDULE_POINTS } from './points.ts';
import { CANCEL_POINTS, POINTS, RESUME, RUN, WHOLE, books } from './whole-run.ts';
import type { Books } from './whole-run.ts';

interface Outcome {
  readonly point: string;
  readonly first: Ended;
  readonly resumed: Ended | null;
  readonly books: Books | null;
}

describe('a run on the simulated provider that is killed and resumed', () => {
  const outcomes = new Map<string, Outcome>();
  const used: TestProject[] = [];

  beforeAll(async () => {
    for (const outcome of await twoAtOnce(POINTS, (point) => crashAt(point, used)))
      outcomes.set(outcome.point, outcome);
  }, 600_000);
  afterAll(async () => {
    for (const project of used) await project[Symbol.asyncDispose]();
  });

  it.each(POINTS)('goes on after SIGKILL at %s: nothing twice, nothing lost', (point) => {
    const outcome = outcomes.get(point);
    expect(outcome?.first.signal, `the run never came to ${point}:\n${outcome?.first.stderr}`).toBe(
      'SIGKILL',
    );
    expect(outcome?.resumed?.code, outcome?.resumed?.stderr).toBe(0);
    expect(outcome?.books?.started.filter((entry) => entry.started !== 1)).toEqual([]);
    expect(outcome?.books?.started.map((entry) => entry.key).toSorted()).toEqual(
      outcome?.books?.facts?.attempts,
    );
    expect(outcome?.books?.facts).toEqual(WHOLE);
  });

  it('was killed at every place that the code names', () => {
    const named = sources().flatMap((text) =>
      [...text.matchAll(/faultPoint\([`']([^`'$]+)/g)].map((match) => match[1] ?? ''),
    );
    expect(named.length).toBeGreaterThan(10);
    // Those outside runs have tests of their own.
    const covered = [
      ...POINTS,
      ...CANCEL_POINTS,
      ...SCHEDULE_POINTS,
      ...HOOK_POINTS,
      ...ONCE_POINTS,
      ...PRUNE_POINTS,
    ];
    expect([...new Set(named)].filter((name) => !covered.some((point) => point.startsWith(name)))).toEqual(
      [],
    );
  });
});

async function crashAt(point: string, used: TestProject[]): Promise<Outcome> {
  const project = TestProject.create({ max_retries: 1 });
  used.push(project);
  const first = await project.trainyard(RUN, { env: { TRAINYARD_FAULT: point } });
  if (first.signal !== 'SIGKILL') return { point, first, resumed: null, books: null };
  const resumed = await project.trainyard(RESUME);
  return { point, first, resumed, books: await books(project) };
}

function sources(): string[] {
  const src = join(import.meta.dirname, '../../src');
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(src, file), 'utf8'));
}
