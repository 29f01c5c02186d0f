import { afterEach, describe, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import type { Running } from '../helpers/trainyard.ts';
import { ONCE_POINTS } from './points.ts';

let project: TestProject | null = null;
let running: Running | null = null;
afterEach(async () => {
  running?.kill('SIGKILL');
  await running?.ended;
  await project?.[Symbol.asyncDispose]();
  [running, project] = [null, null];
});

const SCRIPT = 'training/train_one.py';

function made(): TestProject {
  const made_ = TestProject.create({
    circuits: ['kiln_1', 'kiln_2'],
    settings: 'schedules: {hourly: {cron: "0 * * * *", run: {circuits: [kiln_1]}}}\n',
  });
  made_.write(SCRIPT, 'open("done.txt", "a").write("done\\n")\n');
  return (project = made_);
}

/** Where a server listens that dies at `fault`. */
async function serves(from: TestProject, fault?: string): Promise<string> {
  const env = fault === undefined ? {} : { TRAINYARD_FAULT: fault };
  running = from.start(['serve', '--port', '0'], { env, timeout_ms: 120_000 });
  await running.says(/serves .* at http/);
  return / at (http:[^\s"]+)/.exec(running.stderr)?.[1] ?? '';
}

const ask = (url: string, path: string, body: object): Promise<Response> =>
  fetch(`${url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'one-of-a-kind' },
    body: JSON.stringify(body),
  });

const STARTS = [
  ['/runs', { circuits: ['kiln_*'] }, ONCE_POINTS],
  ['/scripts/run', { only: ['one'] }, ONCE_POINTS],
  ['/schedules/hourly/run', { force: true }, ['schedule.prepared', 'schedule.written', 'schedule.fired']],
] as const;
const CASES = STARTS.flatMap(([path, body, points]) => points.map((point) => ({ path, body, point })));

describe('a start over HTTP whose server is killed', () => {
  it.each(CASES)(
    'at $point happens once for one key: POST $path',
    async ({ path, body, point }) => {
      const p = made();
      await expect(ask(await serves(p, point), path, body)).rejects.toThrow();
      expect((await running?.ended)?.signal).toBe('SIGKILL');
      const url = await serves(p);
      const second = await ask(url, path, body);
      const third = await ask(url, path, body);
      expect([second.status, third.status]).toEqual([202, 202]);
      // What was written before the end is answered from the books, and only that.
      const before = point === 'once.kept' || point === 'schedule.fired';
      expect(second.headers.get('idempotency-replayed')).toBe(before ? 'true' : null);
      expect(third.headers.get('idempotency-replayed')).toBe('true');
      expect(await third.json()).toEqual(await second.json());
      expect(await p.rows(({ db }) => db.selectFrom('runs').select('number').execute())).toEqual([
        { number: 1 },
      ]);
    },
    120_000,
  );

  it.each(ONCE_POINTS)(
    'at %s trains a failed circuit again once for one key, also where that failed too by then',
    async (point) => {
      const p = (project = TestProject.create({ circuits: ['kiln_1', 'kiln_2'], environment: false }));
      p.edit('trainyard.yaml', '{speed: 100000}', '{speed: 100000, fail: [kiln_2]}');
      expect((await p.trainyard(['run'])).code).toBe(11);
      await expect(ask(await serves(p, point), '/runs/1/retry', {})).rejects.toThrow();
      expect((await running?.ended)?.signal).toBe('SIGKILL');
      const url = await serves(p);
      if (point === 'once.kept') await running?.says(/RetryFailedTraining failed/);
      const second = await ask(url, '/runs/1/retry', {});
      await running?.says(/RetryFailedTraining failed/);
      const third = await ask(url, '/runs/1/retry', {});
      expect([second.status, third.status]).toEqual([202, 202]);
      expect(second.headers.get('idempotency-replayed')).toBe(point === 'once.kept' ? 'true' : null);
      expect(third.headers.get('idempotency-replayed')).toBe('true');
      expect(await third.json()).toEqual(await second.json());
      const retries = await p.rows(({ db }) =>
        db.selectFrom('jobs').select('circuit_id').where('retry', '=', 1).execute(),
      );
      expect(retries).toEqual([{ circuit_id: 'kiln_2' }]);
    },
    120_000,
  );

  it('runs the scripts of the start in the next process', async () => {
    const p = made();
    await expect(ask(await serves(p, 'once.kept'), '/scripts/run', {})).rejects.toThrow();
    await running?.ended;
    const url = await serves(p);
    await running?.says(/Run 1 \(scripts\) succeeded/);
    expect(p.read('done.txt')).toBe('done\n');
    const { items } = (await (await fetch(`${url}/api/v1/runs/1/scripts`)).json()) as { items: object[] };
    expect(items).toMatchObject([{ id: 'train_one', status: 'succeeded' }]);
  }, 600_000);
});
