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
  limit = 200,
) =>
  ok(
    api.approvals[':approval'].subjects.$get(
      { param: { approval: id }, query: { ...filter, cursor, limit } },
      { init: { signal } },
    ),
  );

/** Of a request's subjects, whatever is shown of them. */
export const subjectsKey = (id: string) => ['approvals', 'subjects', id] as const;

/** All of them by name, read anew for each question. */
export const allSubjectsQuery = (id: string) =>
  queryOptions({
    queryKey: [...subjectsKey(id), 'all'],
    queryFn: async ({ signal }) => {
      const all = new Map<string, SubjectRow>();
      let cursor: string | undefined;
      do {
        const page = await fetchSubjects(id, {}, cursor, signal, 500);
        for (const row of page.items) all.set(row.subject, row);
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return all;
    },
    // A Map is not compared part by part with the one before.
    structuralSharing: false,
    staleTime: 0,
    gcTime: 0,
  });

export interface Ballot {
  readonly verdict: Verdict;
  readonly comment: string | undefined;
  readonly subjects: readonly string[];
  readonly retrain?: true;
}

export const castVote = (
  { id, subject_digest }: Pick<ApprovalRow, 'id' | 'subject_digest'>,
  ballot: Ballot,
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
