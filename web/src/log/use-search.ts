import { useEffect, useMemo, useState } from 'react';
import type { LogText } from './log-text.ts';

/** The lines that match, kept up as the log grows, and the one that is looked at. */
export function useSearch(log: LogText, version: number, q: string) {
  // Typing fast must not search two hundred thousand lines for every letter.
  const [wanted, setWanted] = useState(q);
  useEffect(() => {
    const timer = setTimeout(() => setWanted(q), 150);
    return () => clearTimeout(timer);
  }, [q]);
  const found = useMemo(() => log.find(wanted), [log, version, wanted]);
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => setAt(null), [wanted, log]);
  const current = at === null ? null : (found[at] ?? null);
  return {
    hits: found.length,
    /** From 1; 0 before the first step. */
    place: at === null ? 0 : at + 1,
    current,
    go: (step: 1 | -1): void => {
      if (found.length === 0) return;
      setAt(at === null ? (step === 1 ? 0 : found.length - 1) : (at + step + found.length) % found.length);
    },
  };
}
