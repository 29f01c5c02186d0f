/**
 * Every table as TypeScript, the one list of columns. Names are the same from YAML to screen.
 * Times are ISO text in UTC; JSON lies in text columns and is parsed by Zod where it is read; flags are 0 or 1.
 */
import type { Generated } from 'kysely';

export interface MetaTable {
  key: string;
  value: string;
}

/** One execution of a pipeline. `due_at` null: nothing to do until somebody wakes it. */
export interface RunsTable {
  id: string;
  /** Counts the project's runs; of a child run its place in its parent. */
  number: number;
  pipeline: string;
  pipeline_version: number;
  status: string;
  reason: string | null;
  parent_run_id: string | null;
  /** What a child run is about, for example a model version `seattle-wind:3`. */
  subject: string | null;
  requested_by: string;
  /** `claimed` or `verified`. */
  requested_identity: string;
  pr: number;
  /** 1: on the simulated provider, in a project that trains elsewhere. Its jobs and models count for nothing. */
  rehearsal: number;
  plan_id: string | null;
  git_commit: string | null;
  git_branch: string | null;
  params: string;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  cancel_requested_at: string | null;
  partial_accepted_by: string | null;
  due_at: string | null;
  lease_token: string | null;
  lease_owner: string | null;
  lease_expires_at: string | null;
  failed_advances: number;
  last_error: string | null;
}

export interface StagesTable {
  run_id: string;
  name: string;
  position: number;
  status: string;
  reason: string | null;
  /** Counts by terminal state of what went through the stage, JSON object of numbers. */
  counts: string;
  /** What the stage hands on, JSON. */
  output: string;
  /** The stage's own notes between two calls, JSON. */
  state: string;
  due_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  /** Who wants it ended; null: nobody. */
  cancel_requested_by: string | null;
}

/** What a run's plan says of each circuit it trains or offers again; `settings` freezes the resolved circuit. */
export interface PlanCircuitsTable {
  run_id: string;
  circuit_id: string;
  action: string;
  cause: string;
  reason: string;
  training_hash: string;
  inputs_digest: string;
  previous_hash: string | null;
  changes: string;
  settings: string;
  /** The registered data asset, JSON; null until RegisterMLTables wrote it, or where the circuit has no data. */
  data_asset: string | null;
}

export interface JobsTable {
  id: string;
  /** Unique over all runs; the outside world knows the job by it. */
  name: string;
  base_name: string;
  run_id: string;
  /** The stage whose work it is: SubmitTraining or RetryFailedTraining. */
  stage: string;
  circuit_id: string;
  model_name: string;
  provider: string;
  optional: number;
  retry: number;
  /** The failed job that it trains again; each is trained again at most once. */
  retry_of: string | null;
  status: string;
  reason: string | null;
  message: string | null;
  attempt: number;
  max_attempts: number;
  timeout_s: number | null;
  training_hash: string;
  inputs_digest: string;
  component: string;
  environment: string | null;
  data_version: string | null;
  inputs: string;
  created_at: string;
  submitted_at: string | null;
  running_at: string | null;
  ended_at: string | null;
  queued_s: number | null;
  preparing_s: number | null;
  running_s: number | null;
  cpu_s: number | null;
  peak_memory_mib: number | null;
  exit_code: number | null;
  metrics: string | null;
  url: string | null;
  cancel_requested_at: string | null;
  /** When it may be tried again, after an attempt that failed; null: at once. */
  not_before: string | null;
  /** What a failure came to: its class, cause and sample lines, JSON; null until it was looked at. */
  failure: string | null;
}

/** One attempt of a job; `key` is what the provider was given and refuses to take twice. */
export interface AttemptsTable {
  key: string;
  job_id: string;
  run_id: string;
  number: number;
  status: string;
  reason: string | null;
  message: string | null;
  submitted_at: string | null;
  running_at: string | null;
  ended_at: string | null;
  queued_s: number | null;
  preparing_s: number | null;
  running_s: number | null;
  cpu_s: number | null;
  peak_memory_mib: number | null;
  exit_code: number | null;
}

/** Environments, components and data assets, registered by name and version. */
export interface AssetsTable {
  kind: string;
  name: string;
  version: string;
  digest: string;
  content: string;
  run_id: string | null;
  created_at: string;
  shared_at: string | null;
}

export interface ModelVersionsTable {
  registry: string;
  model_name: string;
  version: number;
  circuit_id: string;
  pr: number;
  digest: string;
  files: string;
  tags: string;
  metrics: string;
  settings: string;
  job_id: string;
  job_name: string;
  run_id: string;
  training_hash: string;
  inputs_digest: string;
  created_at: string;
  withdrawn_at: string | null;
  withdrawn_by: string | null;
  withdrawn_reason: string | null;
  /** When retention removed its files; the rest of it stays. */
  files_removed_at: string | null;
  /** Counts the registry's versions as they came in; 0 for those from before it was counted. */
  entered: Generated<number>;
}

/** `trainyard accept`: the good model stands for another hash, on record. */
export interface AcceptancesTable {
  circuit_id: string;
  model_name: string;
  version: number;
  training_hash: string;
  inputs_digest: string;
  reason: string;
  accepted_by: string;
  accepted_at: string;
}

export interface ApprovalsTable {
  id: string;
  run_id: string;
  stage: string;
  gate: string;
  status: string;
  /** Digest over the exact subjects shown; other subjects need another approval. */
  subject_digest: string;
  title: string;
  requested_by: string;
  required: number;
  approvers: string;
  requester_may_approve: number;
  on_expiry: string;
  created_at: string;
  expires_at: string;
  closed_at: string | null;
  /** Pause between two reminders; null: none. */
  remind_every_s: number | null;
  reminded_at: string | null;
  /** How things stood when it was opened, for whoever decides, JSON. */
  context: string;
}

export interface ApprovalSubjectsTable {
  approval_id: string;
  subject: string;
  circuit_id: string | null;
  verdict: string;
  detail: string;
  /** What the verdict is bound to, JSON: if that changes, it has to be asked again. */
  binding: string;
}

export interface ApprovalVotesTable {
  approval_id: string;
  voter: string;
  identity: string;
  verdict: string;
  comment: string | null;
  /** JSON list of subjects, or null for all that were open. */
  subjects: string | null;
  voted_at: string;
  /** 0: said before the request was reopened. */
  counts: Generated<number>;
}

export interface EventsTable {
  seq: Generated<number>;
  at: string;
  type: string;
  severity: string;
  run_id: string | null;
  stage: string | null;
  circuit_id: string | null;
  message: string;
  data: string;
  /** Null where nobody in particular did it. */
  actor: string | null;
  identity: string | null;
}

/** Every change that somebody answers for, each entry chained to the one before by its hash. Never pruned. */
export interface AuditTable {
  /** From 1, without gaps. */
  seq: number;
  at: string;
  actor: string;
  identity: string;
  type: string;
  run_id: string | null;
  stage: string | null;
  circuit_id: string | null;
  message: string;
  data: string;
  /** Hash of the entry before; zeros for the first. */
  previous: string;
  hash: string;
}

export interface ArtifactsTable {
  run_id: string;
  name: string;
  path: string;
  size: number;
  sha256: string;
  created_at: string;
}

/** A schedule of trainyard.yaml, as far as it was decided on. One that is gone from the file keeps its row. */
export interface SchedulesTable {
  name: string;
  /** Digest of what the file says of it; an edited schedule does not fire for the past. */
  definition: string;
  /** Times up to here are dealt with, or none of this definition. */
  decided_until: string;
  removed_at: string | null;
  paused_at: string | null;
  paused_by: string | null;
  paused_reason: string | null;
}

/** What became of one time of a schedule (`cron`), or of one request for it (`manual`). */
export interface ScheduleFiringsTable {
  schedule: string;
  kind: string;
  /** The time it stands for; of a request, when it was made. */
  slot: string;
  at: string;
  outcome: string;
  message: string;
  requested_by: string;
  /** The run it started, which may have been removed since. */
  run_id: string | null;
  run_number: number | null;
}

/** A genuine call of a hook, and what became of it. */
export interface HookDeliveriesTable {
  id: string;
  hook: string;
  /** The same call that comes again has the same. */
  delivery_key: string;
  received_at: string;
  event: string | null;
  branch: string | null;
  /** How many circuits the body names; null: the hook did not go by that. */
  named_circuits: number | null;
  /** JSON: which ones, until something is started for them. */
  circuits: string | null;
  outcome: string;
  message: string;
  decided_at: string | null;
  /** The run it started, which may have been removed since. */
  run_id: string | null;
  run_number: number | null;
}

/** What retention took from a run. No row: nothing. */
export interface RunRetentionTable {
  run_id: string;
  /** Logs and work folders. Such a run cannot be taken up again. */
  logs_removed_at: string | null;
  /** It is being removed whole, piece by piece, and counts as gone. */
  removing_at: string | null;
}

/** Names of jobs whose runs were removed: the outside world may still know them, so they are not used again. */
export interface UsedJobNamesTable {
  name: string;
  base_name: string;
}

/** Processes that advance runs of this project. */
export interface WorkersTable {
  id: string;
  kind: string;
  pid: number;
  /** Start time of the process, so that a reused pid is not mistaken for it. */
  pid_start: string;
  host: string;
  started_at: string;
  heartbeat_at: string;
}

/** A channel's place in the event log, and how it has been answering. */
export interface NotificationChannelsTable {
  channel: string;
  /** The last event that was looked at for it. */
  seq: number;
  /** Failed attempts since it last took a message. */
  failures: number;
  /** Left alone until then by our own patience; another process may try it before. */
  paused_until: string | null;
  /** Left alone until then because it asked for that. */
  retry_after: string | null;
  last_error: string | null;
  delivered_at: string | null;
  lease_token: string | null;
  lease_owner: string | null;
  lease_expires_at: string | null;
  created_at: string;
}

/** The outbox: one message to one channel. Messages of one lane go out one after the other. */
export interface NotificationsTable {
  seq: Generated<number>;
  /** The receiver recognises the message by it, however often it comes. */
  id: string;
  channel: string;
  /** The run's id; empty for what concerns no run. */
  lane: string;
  kind: string;
  /** pending, delivered, dead. */
  state: string;
  title: string;
  /** How many events it tells of. */
  events: number;
  first_event: number;
  last_event: number;
  /** 1: the first of its lane. */
  opens: number;
  payload: string;
  attempts: number;
  due_at: string;
  /** From when its patience counts: when it was written, or replayed. */
  queued_at: string;
  created_at: string;
  /** When it was last handed to the channel; nothing is added to it from then on. */
  attempted_at: string | null;
  ended_at: string | null;
  last_error: string | null;
}

/** The one message about a run that a channel keeps up to date. */
export interface LivingMessagesTable {
  channel: string;
  run_id: string;
  /** Where the channel finds it again, JSON. */
  ref: string;
  /** Digest of what it shows. */
  shown: string;
  updated_at: string;
}

/** What programs ask the server with. */
export interface TokensTable {
  id: string;
  /** It acts as `token:name`. */
  name: string;
  /** sha256 of the secret, which itself is kept nowhere. */
  hash: string;
  /** JSON array. */
  roles: string;
  created_by: string;
  created_at: string;
  /** Null: never. */
  expires_at: string | null;
  /** Within a minute. */
  last_used_at: string | null;
  revoked_at: string | null;
  revoked_by: string | null;
}

/** Somebody who is signed in at the server in a browser. */
export interface SessionsTable {
  /** sha256 of what the cookie says. */
  hash: string;
  name: string;
  /** Who vouched for the name; null for a session by token. */
  issuer: string | null;
  /** Groups as the provider said at sign-in, JSON array. */
  person_groups: string;
  token_id: string | null;
  created_at: string;
  /** Within a minute. */
  seen_at: string;
  expires_at: string;
}

/** The answer to a request that came with an `Idempotency-Key`, for when it comes again. */
export interface AnswersTable {
  /** Identity and name of who asked. */
  caller: string;
  /** Method and path. */
  route: string;
  key: string;
  /** Over the body: another body under the same key is another request. */
  request_digest: string;
  status: number;
  body: string;
  created_at: string;
}

export interface Tables {
  meta: MetaTable;
  runs: RunsTable;
  stages: StagesTable;
  plan_circuits: PlanCircuitsTable;
  jobs: JobsTable;
  attempts: AttemptsTable;
  assets: AssetsTable;
  model_versions: ModelVersionsTable;
  acceptances: AcceptancesTable;
  approvals: ApprovalsTable;
  approval_subjects: ApprovalSubjectsTable;
  approval_votes: ApprovalVotesTable;
  events: EventsTable;
  audit: AuditTable;
  artifacts: ArtifactsTable;
  schedules: SchedulesTable;
  schedule_firings: ScheduleFiringsTable;
  hook_deliveries: HookDeliveriesTable;
  run_retention: RunRetentionTable;
  used_job_names: UsedJobNamesTable;
  workers: WorkersTable;
  notification_channels: NotificationChannelsTable;
  notifications: NotificationsTable;
  living_messages: LivingMessagesTable;
  tokens: TokensTable;
  sessions: SessionsTable;
  answers: AnswersTable;
}
