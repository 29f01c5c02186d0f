import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';

/** A page of a list, as the server cuts it. */
export interface PageOf<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** A list that goes on as it is scrolled; what it gives goes right into a DataTable. */
export function useList<P extends PageOf<unknown>>(
  /** The topic first (topics.ts), then all that the list is filtered and sorted by. */
  key: readonly unknown[],
  fetchPage: (cursor: string | undefined, signal: AbortSignal) => Promise<P>,
  enabled = true,
) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => fetchPage(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    // The rows of the filter before stay until the new ones are there: nothing jumps.
    placeholderData: (before) => before,
    enabled,
  });
  const rows = useMemo(
    () => (query.data?.pages.flatMap((page) => page.items) ?? []) as P['items'][number][],
    [query.data],
  );
  const { fetchNextPage, refetch } = query;
  // The next page would take the place of a refresh that is under way. It is asked for again once that is through:
  // `onMore` is another one then, and whoever waits for more calls it.
  const refreshing = query.isFetching && !query.isFetchingNextPage;
  const onMore = useCallback(() => {
    if (!refreshing) void fetchNextPage();
  }, [fetchNextPage, refreshing]);
  const retry = useCallback(() => void refetch(), [refetch]);
  return {
    rows,
    /** The newest page: what it tells of the whole list beside its items. */
    last: query.data?.pages.at(-1),
    loading: query.isPending,
    /** The rows are of the filter before; those of this one are on their way. */
    outdated: query.isPlaceholderData,
    error: query.error,
    retry,
    more: query.hasNextPage,
    loadingMore: query.isFetchingNextPage,
    onMore,
  };
}
