/** What is asked for on the seeded store: every list, its filters, and places deep inside it. */
import type { DatabaseSync } from 'node:sqlite';

export interface ListCall {
  readonly name: string;
  /** Another address each time, so that no answer is the last one's. */
  readonly path: (i: number) => string;
}

export function listCalls(db: DatabaseSync): ListCall[] {
  const texts = (sql: string): string[] =>
    db
      .prepare(sql)
      .all()
      .map((row) => String(Object.values(row)[0]));
  const circuits = texts(
    'select distinct circuit_id from jobs where run_id = (select id from runs where number = 1000 and parent_run_id is null)',
  );
  const jobs = texts('select id from jobs where rowid % 2003 = 0');
  const models = texts(`select model_name from model_versions where registry = 'dev' and rowid % 2003 = 0`);
  const waiting = texts(`select id from approvals where status = 'waiting'`)[0] ?? '';
  const last = Number(texts('select max(seq) from events')[0]);
  const lastAudit = Number(texts('select max(seq) from audit')[0]);
  const of = (list: readonly string[], i: number): string => list[(i * 7919) % list.length] ?? '';
  const run = (i: number): number => 1 + ((i * 37) % 990);
  const cursor = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString('base64url');
  const plants = ['flottec', 'nordhafen', 'seattle', 'linz', 'graz', 'aarhus', 'turku', 'malmo'];
  const statuses = ['succeeded', 'failed', 'canceled', 'running'];

  return [
    { name: 'runs', path: (i) => `/runs?limit=${50 + (i % 7)}` },
    { name: 'runs, deep', path: (i) => `/runs?cursor=${run(i)}` },
    { name: 'runs by status', path: (i) => `/runs?status=${statuses[i % 4]}&cursor=${run(i)}` },
    {
      name: 'runs by who and text',
      path: (i) => `/runs?requested_by=schedule:nightly&q=release&cursor=${run(i)}`,
    },
    { name: 'runs, nothing found', path: (i) => `/runs?q=nobody-${i}` },
    { name: 'run', path: (i) => `/runs/${run(i)}` },
    { name: 'run of 10,000 jobs', path: () => '/runs/1000' },
    { name: 'circuits of a run', path: (i) => `/runs/1000/circuits?cursor=${of(circuits, i)}` },
    {
      name: 'circuits of a run by cause and text',
      path: (i) => `/runs/1000/circuits?cause=data&q=${of(circuits, i).slice(-3)}`,
    },
    { name: 'jobs', path: (i) => `/jobs?cursor=${of(jobs, i)}` },
    { name: 'jobs of a run', path: (i) => `/jobs?run=${run(i)}` },
    {
      name: 'jobs of 10,000 by status',
      path: (i) => `/jobs?run=1000&status=${i % 2 === 0 ? 'failed' : 'succeeded'}`,
    },
    {
      name: 'jobs of 10,000 by stage and text',
      path: (i) => `/jobs?run=1000&stage=SubmitTraining&q=${of(circuits, i).slice(-4)}`,
    },
    { name: 'jobs of 10,000, nothing found', path: (i) => `/jobs?run=1000&q=nobody-${i}` },
    { name: 'jobs of a circuit', path: (i) => `/jobs?circuit=${of(circuits, i)}` },
    { name: 'jobs that are open', path: () => '/jobs?status=running' },
    { name: 'jobs anywhere by status', path: (i) => `/jobs?status=failed&cursor=${of(jobs, i)}` },
    { name: 'jobs anywhere by text', path: (i) => `/jobs?q=${of(circuits, i)}` },
    { name: 'jobs anywhere, nothing found', path: (i) => `/jobs?q=nobody-${i}` },
    { name: 'job', path: (i) => `/jobs/${of(jobs, i)}` },
    { name: 'circuits', path: (i) => `/circuits?limit=${50 + (i % 7)}` },
    {
      name: 'circuits by plant and state',
      path: (i) => `/circuits?plant=${plants[i % 8]}&state=${i % 2 === 0 ? 'good' : 'failed'}`,
    },
    { name: 'circuits sorted by age', path: (i) => `/circuits?sort=-last_good&limit=${50 + (i % 7)}` },
    {
      name: 'circuits by text, deep',
      path: (i) => `/circuits?q=c00&cursor=${cursor(['', of(circuits, i)])}`,
    },
    {
      name: 'circuits with a trend',
      path: (i) => `/circuits?trend=auto&cursor=${cursor(['', of(circuits, i)])}`,
    },
    { name: 'circuit', path: (i) => `/circuits/${of(circuits, i)}` },
    { name: 'models', path: (i) => `/registered-models?limit=${50 + (i % 7)}` },
    { name: 'models, deep', path: (i) => `/registered-models?cursor=${cursor([of(models, i)])}` },
    {
      name: 'models by plant and text',
      path: (i) => `/registered-models?plant=${plants[i % 8]}&q=${String(i % 100).padStart(2, '0')}`,
    },
    { name: 'versions', path: (i) => `/models?cursor=${cursor([of(models, i), 50])}` },
    {
      name: 'versions, newest of each',
      path: (i) => `/models?latest=true&cursor=${cursor([of(models, i), 1])}`,
    },
    {
      name: 'versions withdrawn',
      path: (i) => `/models?state=withdrawn&cursor=${cursor([of(models, i), 1])}`,
    },
    { name: 'versions promoted', path: (i) => `/models?state=promoted&cursor=${cursor([of(models, i), 1])}` },
    { name: 'versions of a run', path: (i) => `/models?run=${run(i)}` },
    { name: 'versions by text', path: (i) => `/models?q=${of(models, i).slice(-6)}` },
    { name: 'versions by tag', path: (i) => `/models?tag=team=team-${i % 12}` },
    { name: 'versions by tag, nothing found', path: (i) => `/models?tag=team=nobody-${i}` },
    { name: 'versions shared', path: (i) => `/models?registry=shared&cursor=${cursor([of(models, i), 50])}` },
    { name: 'versions of a model', path: (i) => `/models/${of(models, i)}` },
    { name: 'metrics of a model', path: (i) => `/models/${of(models, i)}/metrics` },
    { name: 'approvals', path: (i) => `/approvals?limit=${50 + (i % 7)}` },
    { name: 'approvals that wait', path: () => '/approvals?status=waiting' },
    {
      name: 'approvals of a gate',
      path: (i) => `/approvals?gate=registry-promotion&status=decided&limit=${50 + (i % 7)}`,
    },
    { name: 'subjects of 5,000', path: (i) => `/approvals/${waiting}/subjects?limit=${50 + (i % 7)}` },
    {
      name: 'subjects of 5,000, sorted and filtered',
      path: (i) => `/approvals/${waiting}/subjects?sort=-change.mae&q=${i % 10}&verdict=pending`,
    },
    { name: 'events', path: (i) => `/events?before=${last - ((i * 7919) % last)}` },
    { name: 'events of a run', path: (i) => `/events?run=${run(i)}` },
    { name: 'events of a circuit', path: (i) => `/events?circuit=${of(circuits, i)}` },
    {
      name: 'events by type',
      path: (i) =>
        `/events?type=${['job.failed', 'model.*', 'run.*'][i % 3]}&before=${last - ((i * 7919) % last)}`,
    },
    {
      name: 'events by severity',
      path: (i) => `/events?severity=error&before=${last - ((i * 7919) % last)}`,
    },
    { name: 'events by run and type', path: (i) => `/events?run=1000&type=job.*&limit=${50 + (i % 7)}` },
    { name: 'audit', path: (i) => `/audit?cursor=${lastAudit - ((i * 7919) % lastAudit)}` },
    { name: 'audit by type', path: (i) => `/audit?type=${['model.*', 'run.*', 'approval.*'][i % 3]}` },
    { name: 'audit by who', path: (i) => `/audit?by=ada@example.com&limit=${50 + (i % 7)}` },
    { name: 'artifacts', path: (i) => `/runs/${run(i)}/artifacts` },
    { name: 'schedules', path: () => '/schedules' },
    { name: 'notifications', path: (i) => `/notifications?limit=${50 + (i % 7)}` },
    { name: 'tokens', path: (i) => `/tokens?limit=${50 + (i % 7)}` },
  ];
}
