import { useIsFetching } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { SubjectRow } from './approval-data.ts';

/**
 * Fetches all pages that are left, then hands over every name: what is chosen is exactly what was there. It is called off
 * with `stop`, and not by a new key: a filter that was set just before the start gets into the address after it.
 */
export function useGathering(
  key: readonly unknown[],
  list: {
    readonly rows: readonly SubjectRow[];
    readonly loading: boolean;
    readonly outdated: boolean;
    readonly more: boolean;
    readonly error: unknown;
    readonly retry: () => void;
    readonly onMore: () => void;
  },
  done: (names: readonly string[]) => void,
): { readonly on: boolean; readonly start: () => void; readonly stop: () => void } {
  const [on, setOn] = useState(false);
  const finish = useRef(done);
  useEffect(() => {
    finish.current = done;
  });
  const { rows, more, error, onMore } = list;
  // An error from before stays until the new answer is there, and what is read anew must not be cut short.
  const fetching = useIsFetching({ queryKey: key, exact: true }) > 0;
  // Before the rows of this filter are there, there is nothing to choose, or what the filter before showed.
  const waits = list.loading || list.outdated;
  useEffect(() => {
    if (!on || fetching) return;
    if (error !== null) setOn(false);
    else if (waits) return;
    else if (more) onMore();
    else {
      setOn(false);
      finish.current(rows.map((row) => row.subject));
    }
  }, [on, rows, more, waits, fetching, error, onMore]);
  return {
    on,
    start: () => {
      if (error !== null) list.retry();
      setOn(true);
    },
    stop: () => setOn(false),
  };
}
