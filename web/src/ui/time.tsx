import { useContext, useSyncExternalStore } from 'react';
import { duration, exactTime, fromNow, localTime } from './format.ts';
import { InTable } from './in-table.ts';
import styles from './time.module.css';

/** A moment in the viewer's zone; the exact one, in UTC, on hover and focus. */
export function Time({ at, relative = false }: { readonly at: string | null; readonly relative?: boolean }) {
  // It says when to draw again; the minute that it told last may be nearly over.
  useNow(60_000);
  const now = new Date();
  // A table of a thousand rows must not have a thousand stops more for the Tab key.
  const inTable = useContext(InTable);
  if (at === null) return <span className={styles.none}>–</span>;
  return (
    <time dateTime={at} className={styles.time} data-hint={exactTime(at)} tabIndex={inTable ? undefined : 0}>
      {relative ? fromNow(at, now) : localTime(at, now)}
    </time>
  );
}

/** How long something took; while it has no end, how long it has been going, counting on. */
export function Took({ from, to }: { readonly from: string | null; readonly to: string | null }) {
  if (from === null) return <span className={styles.none}>–</span>;
  if (to === null) return <Going from={from} />;
  return <span className={styles.time}>{duration((Date.parse(to) - Date.parse(from)) / 1000)}</span>;
}

/** A number of seconds, for people. */
export const Seconds = ({ s }: { readonly s: number | null }) => (
  <span className={styles.time}>{s === null ? '–' : duration(s)}</span>
);

function Going({ from }: { readonly from: string }) {
  const now = useNow(1000);
  return (
    <span className={styles.time}>{duration(Math.round((now.getTime() - Date.parse(from)) / 1000))}</span>
  );
}

/** The present, anew every so many ms: one timer for all that show it. */
export function useNow(every_ms: 1000 | 60_000): Date {
  const clock = CLOCKS[every_ms];
  return useSyncExternalStore(clock.subscribe, clock.now);
}

function clock(every_ms: number): { subscribe: (listener: () => void) => () => void; now: () => Date } {
  const listeners = new Set<() => void>();
  let now = new Date();
  let timer = 0;
  return {
    now: () => now,
    subscribe: (listener) => {
      if (listeners.size === 0) {
        now = new Date();
        timer = window.setInterval(() => {
          now = new Date();
          for (const each of listeners) each();
        }, every_ms);
      }
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) clearInterval(timer);
      };
    },
  };
}

const CLOCKS = { 1000: clock(1000), 60_000: clock(60_000) } as const;
