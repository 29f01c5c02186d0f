import { z } from 'zod';

/** What a person may say of one subject. `pending` until somebody does. */
export const Verdict = z.enum(['pending', 'approve', 'hold', 'reject']);
export type Verdict = z.infer<typeof Verdict>;

export const ApprovalStatus = z.enum(['waiting', 'decided', 'expired', 'canceled']);
export type ApprovalStatus = z.infer<typeof ApprovalStatus>;

/** How a gate is configured in `trainyard.yaml`. */
export interface GateConfig {
  readonly approvers: readonly string[];
  readonly required: number;
  readonly expires_s: number;
  readonly on_expiry: 'skip' | 'hold';
  readonly requester_may_approve: boolean;
  readonly verified: boolean;
}

/** Who acts. `claimed`: typed on a command line; `verified`: signed in. */
export interface Actor {
  readonly name: string;
  readonly identity: 'claimed' | 'verified';
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
  readonly counts: Readonly<Record<Verdict, number>>;
}
