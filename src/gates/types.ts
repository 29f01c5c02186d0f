import { z } from 'zod';
export type { Actor } from '../kernel/actor.ts';

/** What a person may say of one subject. `pending` until somebody does. */
export const Verdict = z.enum(['pending', 'approve', 'hold', 'reject']);
export type Verdict = z.infer<typeof Verdict>;

export const ApprovalStatus = z.enum(['waiting', 'decided', 'expired', 'canceled', 'superseded']);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

/** How a gate is configured in `trainyard.yaml`. */
export interface GateConfig {
  readonly approvers: readonly string[];
  readonly required: number;
  readonly expires_s: number;
  readonly on_expiry: 'skip' | 'hold';
  readonly requester_may_approve: boolean;
  readonly verified: boolean;
  /** Pause between two reminders; null: none. */
  readonly remind_every_s: number | null;
}

/** What is looked up when somebody decides, so that it holds as it is then. */
export interface GateRules {
  /** The gate asks for a signed-in person. */
  readonly verified: boolean;
  /** People by the name of their group; approvers name a group as `@name`. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

/** One thing that waits for a verdict: a failed circuit, a model version, an environment. */
export interface Subject {
  readonly subject: string;
  readonly circuit_id: string | null;
  readonly verdict: Verdict;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface NewSubject {
  readonly subject: string;
  readonly circuit_id: string | null;
  /** What a verdict is bound to: the failed job, the digest of a model. If it changes, it has to be asked again. */
  readonly binding: Readonly<Record<string, unknown>>;
  /** What is shown beside it. */
  readonly detail: Readonly<Record<string, unknown>>;
  /**
   * Why approving everything must not include this one, for example a quality gate it failed. Such a subject is held
   * unless somebody names it and gives a reason.
   */
  readonly held_because?: string | null;
}

export interface Approval {
  readonly id: string;
  readonly run_id: string;
  readonly stage: string;
  readonly gate: string;
  readonly status: ApprovalStatus;
  readonly title: string;
  readonly requested_by: string;
  readonly required: number;
  readonly approvers: readonly string[];
  readonly requester_may_approve: boolean;
  readonly on_expiry: 'skip' | 'hold';
  readonly created_at: string;
  readonly expires_at: string;
  readonly closed_at: string | null;
  readonly remind_every_s: number | null;
  readonly reminded_at: string | null;
  /** Over the subjects and what they are bound to. */
  readonly subject_digest: string;
  /** How things stood when it was opened: failure groups, free compute, the time it will take. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly counts: Readonly<Record<Verdict, number>>;
}
