import { queryOptions } from '@tanstack/react-query';
import type { ApprovalRow, ApprovalView, SubjectRow } from '../../../../src/views/index.ts';
import { api, ok } from '../../api/client.ts';

export type { ApprovalRow, ApprovalView, SubjectRow };
export type Verdict = 'approve' | 'hold' | 'reject';
export type Vote = ApprovalView['votes'][number];

export interface RequestFilter {
  readonly status?: ApprovalRow['status'] | undefined;
  readonly gate?: string | undefined;
  readonly run?: string | undefined;
}

export const fetchApprovals = (filter: RequestFilter, cursor: string | undefined, signal: AbortSignal) =>
  ok(api.approvals.$get({ query: { ...filter, cursor, limit: 100 } }, { init: { signal } }));

export const approvalQuery = (id: string) =>
  queryOptions({
    queryKey: ['approvals', 'one', id],
    queryFn: ({ signal }) =>
      ok(api.approvals[':approval'].$get({ param: { approval: id } }, { init: { signal } })),
  });

/** The request that is open at the same stage now; null: none. */
export const openAtQuery = ({ id, run, stage }: Pick<ApprovalRow, 'id' | 'run' | 'stage'>) =>
  queryOptions({
    queryKey: ['approvals', 'open-at', run, stage, id],
    queryFn: async ({ signal }) => {
      const { items } = await fetchApprovals({ run: String(run), status: 'waiting' }, undefined, signal);
      return items.find((other) => other.stage === stage && other.id !== id) ?? null;
    },
  });

export interface SubjectFilter {
  readonly q?: string | undefined;
  readonly held?: 'true' | 'false' | undefined;
  readonly verdict?: 'pending' | Verdict | undefined;
  /** Conditions on metrics, as they are typed. */
  readonly metric?: string | undefined;
}

export const fetchSubjects = (
  id: string,
  filter: SubjectFilter & { readonly sort?: string | undefined },
  cursor: string | undefined,
  signal: AbortSignal,
) =>
  ok(
    api.approvals[':approval'].subjects.$get(
      { param: { approval: id }, query: { ...filter, cursor, limit: 200 } },
      { init: { signal } },
    ),
  );

export const castVote = (
  { id, subject_digest }: Pick<ApprovalRow, 'id' | 'subject_digest'>,
  ballot: {
    readonly verdict: Verdict;
    readonly comment: string | undefined;
    readonly subjects: readonly string[];
    readonly retrain?: true;
  },
) =>
  ok(
    api.approvals[':approval'].votes.$post({
      param: { approval: id },
      json: { ...ballot, subjects: [...ballot.subjects], subject_digest },
    }),
  );

export const reopenRequest = (
  id: string,
  body: { readonly expires_s?: number; readonly comment: string | undefined },
) => ok(api.approvals[':approval'].reopen.$post({ param: { approval: id }, json: body }));
