import { useSyncExternalStore } from 'react';
import { NOTHING } from './selection.ts';
import type { Selection } from './selection.ts';

const kept = new Map<string, Selection>();
const listeners = new Set<() => void>();
/** Requests of which it is kept what was chosen. */
const MOST = 20;

/** What is chosen in a request. It outlives the page: who follows a link and comes back goes on where they were. */
export const useSelection = (approval_id: string): Selection =>
  useSyncExternalStore(subscribe, () => kept.get(approval_id) ?? NOTHING);

/** Also while its page is not there. */
export function changeSelection(approval_id: string, change: (before: Selection) => Selection): void {
  const next = change(kept.get(approval_id) ?? NOTHING);
  kept.delete(approval_id);
  if (next !== NOTHING) kept.set(approval_id, next);
  const [oldest] = kept.keys();
  if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
