import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, ok } from '../../api/client.ts';
import type { Cause, CircuitState } from './tiles.ts';

export interface FleetSearch {
  readonly q?: string | undefined;
  readonly plant?: string | undefined;
  readonly state?: CircuitState | undefined;
  readonly cause?: Cause | undefined;
}

/**
 * Ids of the circuits that a text is found in: reasons and names of models are known to the server only. `pending`: they
 * are on their way, and `ids` are those of the text before, or null where there was none.
 */
export function useFound({ q, plant, cause }: FleetSearch) {
  const wanted = q !== undefined;
  const query = useQuery({
    queryKey: ['circuits', 'found', q, plant, cause],
    queryFn: async ({ signal }) => {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await ok(
          api.circuits.$get({ query: { q, plant, cause, cursor, limit: 500 } }, { init: { signal } }),
        );
        ids.push(...page.items.map((row) => row.id));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return ids;
    },
    enabled: wanted,
    placeholderData: keepPreviousData,
  });
  const ids = useMemo(
    () => (wanted && query.data !== undefined ? new Set(query.data) : null),
    [wanted, query.data],
  );
  return {
    ids,
    pending: wanted && (query.isPending || query.isPlaceholderData),
    /** Nothing is known of what is looked for. A later failure leaves what was found. */
    error: wanted && query.data === undefined ? query.error : null,
    retry: query.refetch,
  };
}
