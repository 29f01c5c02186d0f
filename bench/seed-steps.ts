/** What `seed-store.ts` fills the tables with, from its lists `c` (circuits) and `r` (runs), in this order. */

/** ISO text from milliseconds. */
const at = (ms: string): string => `strftime('%Y-%m-%dT%H:%M:%fZ', (${ms}) / 1000.0, 'unixepoch')`;
/** A number from 0 to below `below` that looks like chance, and is the same each time. */
const chance = (below: number, salt: number): string =>
  `((c.i * 7919 + r.n * 104729 + ${salt} * 1299709) % ${below})`;
const pairs = `r join c on r.kind = 'whole' or (r.kind = 'tenth' and c.i % 10 = r.n % 10)`;
const FAILED = `(${chance(97, 1)} < 3)`;
const VERSION = '((r.n + 9) / 10)';
const METRICS = `'{"mae":' || (1 + ${chance(9000, 3)} / 1000.0) || ',"rmse":' || (2 + ${chance(9000, 4)} / 1000.0) || ',"skill":' || (${chance(1000, 5)} / 1000.0) || '}'`;
const DIGEST = `printf('%064x', c.i * 1000 + r.n)`;
const STAGES = [
  'RegisterEnvironment',
  'PromoteEnvironment',
  'RegisterComponents',
  'RegisterMLTables',
  'SubmitTraining',
  'MonitorTraining',
  'RegisterModels',
  'RetryFailedTraining',
  'PromoteModels',
];
const MESSAGE = `case ${chance(3, 6)} when 0 then 'KeyError: ''flow_temperature''' when 1 then 'CUDA out of memory' else 'exit code 1: no rows after the filter' end`;
const FAILURE = `json_object('class', 'data', 'signature', printf('%012x', ${chance(3, 6)}), 'title', ${MESSAGE}, 'sample', json_array('Traceback (most recent call last):', '  File "train.py", line 148, in <module>', ${MESSAGE}), 'tail', json_array(${MESSAGE}))`;
const NAME = `c.id || '_2026_03_31-' || r.n`;
const JOB_ID = `ident('job', r.ms + 60000, c.i)`;
/** Every fourth run promotes what it trained. */
const PROMOTES = `r.n % 4 = 0`;

const runs = `
insert into runs (id, number, pipeline, pipeline_version, status, reason, requested_by, requested_identity, plan_id, git_commit, git_branch, params, created_at, started_at, ended_at)
select r.id, r.n, 'train', 1,
  case r.kind when 'canceled' then 'canceled' else case r.n % 9 when 0 then 'failed' else 'succeeded' end end,
  case r.n % 9 when 0 then '12 circuits failed again' end,
  case r.n % 3 when 0 then 'schedule:nightly' when 1 then 'ada@example.com' else 'token:github-ci' end,
  case r.n % 3 when 0 then 'system' else 'verified' end,
  'plan_' || printf('%012x', r.n), printf('%040x', r.n * 7919), case r.n % 5 when 0 then 'release' else 'main' end,
  json_object('provider', 'simulated', 'detection', json_object('mode', 'hash', 'base_ref', null, 'base_commit', null), 'selected', null,
    'component', json_object('name', 'bench_trainer', 'version', '1', 'digest', printf('%064x', 1)), 'environments', json_array(),
    'approved_gates', json_array(), 'allow_wide', null, 'git_dirty', json('false'), 'summary', json_object('train', 1000, 'skip', 9000), 'simulation', null),
  ${at('r.ms')}, ${at('r.ms + 1000')}, ${at('r.ms + 7200000')}
from r`;

const stages = `
insert into stages (run_id, name, position, status, counts, started_at, ended_at)
select r.id, s.value, s.key, case r.kind when 'canceled' then 'canceled' else 'succeeded' end,
  case s.value when 'MonitorTraining' then '{"succeeded":970,"failed":30,"canceled":0}' when 'RegisterModels' then '{"registered":970}' else '{}' end,
  ${at('r.ms + s.key * 60000')}, ${at('r.ms + s.key * 60000 + 50000')}
from r join json_each('${JSON.stringify(STAGES)}') as s`;

const planned = `
insert into plan_circuits (run_id, circuit_id, action, cause, reason, training_hash, inputs_digest, previous_hash, changes, settings)
select r.id, c.id, 'train', case ${chance(4, 2)} when 0 then 'data' when 1 then 'code' else 'config' end,
  'learning_rate 0.02 → 0.03', c.hash, c.digest, printf('%012x', c.i), '[]', c.settings from ${pairs}`;

const jobs = `
insert into jobs (id, name, base_name, run_id, stage, circuit_id, model_name, provider, optional, status, reason, message, attempt,
  max_attempts, timeout_s, training_hash, inputs_digest, component, inputs, created_at, submitted_at, running_at, ended_at,
  queued_s, preparing_s, running_s, cpu_s, peak_memory_mib, exit_code, metrics, failure)
select ${JOB_ID}, ${NAME}, c.id || '_2026_03_31', r.id, 'SubmitTraining', c.id, c.model, 'simulated', 0,
  iif(${FAILED}, 'failed', 'succeeded'), iif(${FAILED}, 'user_code', null), iif(${FAILED}, ${MESSAGE}, null), 1, 1, 3600.0, c.hash, c.digest,
  'bench_trainer:1', '{"learning_rate":{"kind":"literal","value":"0.03"},"max_depth":{"kind":"literal","value":"7"}}',
  ${at('r.ms + 60000')}, ${at('r.ms + 61000')}, ${at(`r.ms + 65000 + ${chance(600_000, 7)}`)}, ${at(`r.ms + 700000 + ${chance(600_000, 7)}`)},
  2.0, 3.0, 20.0 + ${chance(900, 8)} / 10.0, 18.0 + ${chance(900, 8)} / 10.0, 200.0 + ${chance(500, 9)},
  iif(${FAILED}, 1, 0), iif(${FAILED}, null, ${METRICS}), iif(${FAILED}, ${FAILURE}, null)
from ${pairs} order by r.n, c.i`;

const attempts = `
insert into attempts (key, job_id, run_id, number, status, reason, message, submitted_at, running_at, ended_at, queued_s, preparing_s, running_s, cpu_s, peak_memory_mib, exit_code)
select name, id, run_id, 1, status, reason, message, submitted_at, running_at, ended_at, queued_s, preparing_s, running_s, cpu_s, peak_memory_mib, exit_code from jobs`;

const versions = (registry: 'dev' | 'shared'): string => `
insert into model_versions (registry, model_name, version, circuit_id, pr, digest, files, tags, metrics, settings, job_id, job_name, run_id, training_hash, inputs_digest, created_at, withdrawn_at, withdrawn_by, withdrawn_reason, entered)
select '${registry}', c.model, ${VERSION}, c.id, 0, ${DIGEST},
  '[{"path":"model.json","sha256":"' || ${DIGEST} || '","size":19}]',
  json_object('training_hash', c.hash, 'inputs_digest', c.digest, 'training_job', ${NAME}, 'team', 'team-' || (c.i % 12)), ${METRICS}, c.settings,
  ${JOB_ID}, ${NAME}, r.id, c.hash, c.digest, ${at('r.ms + 1500000')},
  iif(${chance(211, 10)} = 0 and r.n < 900, ${at('r.ms + 86400000')}, null), iif(${chance(211, 10)} = 0 and r.n < 900, 'ada@example.com', null), iif(${chance(211, 10)} = 0 and r.n < 900, 'drift', null),
  r.n * 10000 + c.i
from ${pairs} where not ${FAILED} ${registry === 'shared' ? `and ${PROMOTES} and r.kind = 'tenth'` : ''} order by c.model, r.n`;

const children = `
insert into runs (id, number, pipeline, pipeline_version, status, parent_run_id, subject, requested_by, requested_identity, params, created_at, started_at, ended_at)
select ident('run', r.ms + 1800000, c.i), c.i + 1, 'promote-single-model', 1, 'succeeded', r.id, c.model || ':' || ${VERSION}, 'ada@example.com', 'verified',
  '{"model_name":"' || c.model || '","version":' || ${VERSION} || '}', ${at('r.ms + 1800000')}, ${at('r.ms + 1800000')}, ${at('r.ms + 1801000')}
from ${pairs} where not ${FAILED} and ${PROMOTES} and r.kind = 'tenth'`;

const approvals = `
insert into approvals (id, run_id, stage, gate, status, subject_digest, title, requested_by, required, approvers, requester_may_approve, on_expiry, created_at, expires_at, closed_at, context)
select ident('apr', r.ms + 1600000, 0), r.id, 'PromoteModels', 'registry-promotion', iif(r.kind = 'whole', 'waiting', 'decided'), printf('%064x', r.n),
  'Promote 1000 models', 'ada@example.com', 1, '[]', 1, 'hold', ${at('r.ms + 1600000')}, ${at('r.ms + 99999999000')}, iif(r.kind = 'whole', null, ${at('r.ms + 1700000')}), '{}'
from r where ${PROMOTES} and r.kind <> 'canceled'`;

const subjects = `
insert into approval_subjects (approval_id, subject, circuit_id, verdict, detail, binding)
select ident('apr', r.ms + 1600000, 0), c.model || ':' || ${VERSION}, c.id, iif(r.kind = 'whole', 'pending', 'approve'),
  '{"metrics":' || ${METRICS} || ',"current":{"version":1,"metrics":{"mae":4.5,"rmse":6.5,"skill":0.4}},"quality":[],"digest":"' || ${DIGEST} || '"}', '{"digest":"' || ${DIGEST} || '"}'
from ${pairs} where ${PROMOTES} and not ${FAILED} and (r.kind = 'tenth' or c.i < 5155)`;

/** In the order of time: what begins a run, its jobs, what ends it. */
const events = `
insert into events (at, type, severity, run_id, stage, circuit_id, message, data, actor, identity)
select at, type, severity, run_id, stage, circuit_id, message, data, actor, iif(actor is null, null, 'verified') from (
  select r.n as n, 0 as place, ${at('r.ms')} as at, 'run.created' as type, 'info' as severity, r.id as run_id, null as stage, null as circuit_id,
    'A run for 1000 of 10000 circuits' as message, '{"number":' || r.n || '}' as data, 'ada@example.com' as actor from r
  union all select r.n, 1 + s.key, ${at('r.ms + s.key * 60000')}, 'stage.succeeded', 'info', r.id, s.value, null, s.value || ' succeeded', '{"counts":{}}', null
    from r join json_each('${JSON.stringify(STAGES)}') as s
  union all select r.n, 20, ${at('r.ms + 1300000')}, iif(${FAILED}, 'job.failed', 'model.registered'), iif(${FAILED}, 'error', 'info'), r.id,
    iif(${FAILED}, 'MonitorTraining', 'RegisterModels'), c.id, iif(${FAILED}, ${NAME} || ' failed: ' || ${MESSAGE}, c.model || ' v' || ${VERSION} || ' registered'),
    '{"job":"' || ${NAME} || '"}', null from ${pairs}
  union all select r.n, 30, ${at('r.ms + 1800000')}, 'model.promoted', 'info', r.id, 'PromoteModels', c.id, c.model || ':' || ${VERSION} || ' promoted', '{"model":"' || c.model || '"}', null
    from ${pairs} where not ${FAILED} and ${PROMOTES} and r.kind = 'tenth'
  union all select r.n, 40, ${at('r.ms + 7200000')}, 'run.succeeded', 'info', r.id, null, null, 'Run ' || r.n || ' succeeded', '{}', null from r
) order by n, place`;

/** Of the size of the real one, but no true chain: its hashes are numbers. */
const audit = `
insert into audit (seq, at, actor, identity, type, run_id, stage, circuit_id, message, data, previous, hash)
select n, at, coalesce(actor, 'trainyard'), coalesce(identity, 'system'), type, run_id, stage, circuit_id, message, data, printf('%064x', n - 1), printf('%064x', n)
from (select row_number() over (order by seq) as n, * from events where actor is not null or type in ('run.succeeded', 'model.registered', 'model.promoted'));
insert or replace into meta (key, value) select 'audit_head', seq || ' ' || hash from audit order by seq desc limit 1`;

const artifacts = `
insert into artifacts (run_id, name, path, size, sha256, created_at)
select r.id, a.value, 'runs/' || r.n || '/artifacts/' || a.value || '.json', 43000, printf('%064x', r.n), ${at('r.ms + 1500000')}
from r join json_each('["training_jobs","failed_jobs","registered_models","registered_models_with_retry","promotion_result","run_summary"]') as a`;

const assets = `
insert into assets (kind, name, version, digest, content, run_id, created_at)
select 'data', c.id || '_data', v.value, printf('%064x', c.i), '{}', null, ${at('0')} from c join json_each('[1,2,3]') as v`;

export const SEED_STEPS: readonly { readonly what: string; readonly sql: string }[] = [
  { what: 'runs', sql: runs },
  { what: 'stages', sql: stages },
  { what: 'plans', sql: planned },
  { what: 'jobs', sql: jobs },
  { what: 'attempts', sql: attempts },
  { what: 'versions', sql: versions('dev') },
  { what: 'shared versions', sql: versions('shared') },
  { what: 'promotions', sql: children },
  { what: 'approvals', sql: approvals },
  { what: 'subjects', sql: subjects },
  { what: 'events', sql: events },
  { what: 'record', sql: audit },
  { what: 'artifacts', sql: artifacts },
  { what: 'assets', sql: assets },
];
