import { useIsFetching, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { allSubjectsQuery, subjectsKey } from './approval-data.ts';
import type { SubjectRow } from './approval-data.ts';

/** The list of subjects, as far as it is asked how something stands. */
export interface Shown {
  readonly rows: readonly SubjectRow[];
  readonly error: unknown;
  readonly retry: () => void;
}

/**
 * How what was chosen stands now, and goes on to stand while somebody writes. What the list does not show, since its filter
 * hides it or its page was never read, is read for itself: nobody decides on what was decided long ago.
 */
export function useChosen(
  approval_id: string,
  names: readonly string[],
  { rows, error, retry }: Shown,
): {
  readonly rows: ReadonlyMap<string, SubjectRow>;
  /** Some of it was never read. */
  readonly unread: boolean;
  /** It is being read anew. */
  readonly reading: boolean;
  readonly error: unknown;
  readonly retry: () => void;
} {
  const shown = useMemo(() => new Map(rows.map((row) => [row.subject, row])), [rows]);
  const hidden = names.some((name) => !shown.has(name));
  const all = useQuery({ ...allSubjectsQuery(approval_id), enabled: hidden });
  const reading = useIsFetching({ queryKey: subjectsKey(approval_id) }) > 0;
  const chosen = useMemo(
    () =>
      new Map(
        names.flatMap((name) => {
          const row = shown.get(name) ?? all.data?.get(name);
          return row === undefined ? [] : [[name, row] as const];
        }),
      ),
    [names, shown, all.data],
  );
  return {
    rows: chosen,
    unread: hidden && all.data === undefined,
    reading,
    // What goes wrong with a list that shows nothing of it is no matter here.
    error: (names.some((name) => shown.has(name)) ? error : null) ?? (hidden ? all.error : null),
    retry: () => {
      retry();
      if (hidden) void all.refetch();
    },
  };
}
