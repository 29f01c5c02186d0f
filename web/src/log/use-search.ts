import { useEffect, useMemo, useRef, useState } from 'react';
import type { LogText } from './log-text.ts';

type Step = 1 | -1;

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
  /** A step that was asked for before its text was searched. */
  const ahead = useRef<Step | null>(null);
  useEffect(() => {
    setAt(ahead.current === null ? null : stepFrom(null, ahead.current, found.length));
    ahead.current = null;
    // What is found later, as the log grows, moves nothing.
  }, [wanted, log]);
  const current = at === null ? null : (found[at] ?? null);
  return {
    hits: found.length,
    /** Of this text, which what is typed may be ahead of. */
    of: wanted,
    /** From 1; 0 before the first step. */
    place: at === null ? 0 : at + 1,
    current,
    /** To the next or the previous match of `text`, which may have been typed this very moment. */
    go: (step: Step, text: string): void => {
      if (text === wanted) setAt(stepFrom(at, step, found.length));
      else {
        ahead.current = step;
        setWanted(text);
      }
    },
  };
}

function stepFrom(at: number | null, step: Step, hits: number): number | null {
  if (hits === 0) return null;
  return at === null ? (step === 1 ? 0 : hits - 1) : (at + step + hits) % hits;
}
