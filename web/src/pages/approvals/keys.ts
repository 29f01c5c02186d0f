import { useEffect, useRef, useState } from 'react';

/** What single keys do on a page. Not while somebody types or a dialog is open, and not where they were switched off. */
export function useKeys(on: boolean, keys: Readonly<Record<string, (event: KeyboardEvent) => void>>): void {
  const now = useRef(keys);
  useEffect(() => {
    now.current = keys;
  });
  useEffect(() => {
    if (!on) return undefined;
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const at = event.target instanceof HTMLElement ? event.target : null;
      if (at?.closest('[role="dialog"], textarea, select, [contenteditable]') != null) return;
      if (at instanceof HTMLInputElement && at.type !== 'checkbox') return;
      // What has the focus and acts on Enter itself goes first.
      if (event.key === 'Enter' && at?.closest('button, a[href], [role="tab"]') != null) return;
      const act = now.current[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act(event);
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [on]);
}

/** Whether single keys act; some people need them off, so it is kept in this browser. */
export function useKeysSwitch(): readonly [on: boolean, set: (on: boolean) => void] {
  const [on, setOn] = useState(() => localStorage.getItem(KEPT) !== 'off');
  return [
    on,
    (next) => {
      localStorage.setItem(KEPT, next ? 'on' : 'off');
      setOn(next);
    },
  ];
}

const KEPT = 'trainyard.keys';
