import { useEffect, useRef, useState } from 'react';
import styles from './hint.module.css';
import { hintAt, hintOf } from './hint-place.ts';
import type { Hint } from './hint-place.ts';

/**
 * A word more, on hover and on focus, for every element with `data-hint`, and all of a cell that is cut. One layer for
 * the whole app: ten thousand times in a table cost nothing. What only a hint says must be of use, never needed.
 */
export function HintLayer() {
  const [shown, setShown] = useState<Hint | null>(null);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let timer = 0;
    const show = (find: () => Hint | null, delay_ms: number): void => {
      clearTimeout(timer);
      timer = window.setTimeout(() => setShown(find()), delay_ms);
    };
    const rest = (event: PointerEvent): void => {
      const at = event.target instanceof Element ? event.target : null;
      const { clientX, clientY } = event;
      // The pointer may rest on the hint itself, to read or copy it.
      if (at !== null && box.current?.contains(at) === true) clearTimeout(timer);
      else show(() => (at === null ? null : hintAt(at, clientX, clientY)), 150);
    };
    const move = (event: PointerEvent): void => {
      // From cell to cell the pointer stays on the link that lies over the row.
      if (event.target instanceof Element && event.target.matches('.row-link')) rest(event);
    };
    const focus = (event: FocusEvent): void => {
      const at = event.target instanceof Element ? event.target : null;
      show(() => (at?.matches(':focus-visible') === true ? hintOf(at) : null), 0);
    };
    const away = (): void => show(() => null, 0);
    const key = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') away();
    };
    document.addEventListener('pointerover', rest);
    document.addEventListener('pointermove', move, { passive: true });
    document.addEventListener('focusin', focus);
    document.addEventListener('focusout', away);
    document.addEventListener('keydown', key);
    document.addEventListener('scroll', away, { capture: true, passive: true });
    return () => {
      clearTimeout(timer);
      document.removeEventListener('pointerover', rest);
      document.removeEventListener('pointermove', move);
      document.removeEventListener('focusin', focus);
      document.removeEventListener('focusout', away);
      document.removeEventListener('keydown', key);
      document.removeEventListener('scroll', away, { capture: true });
    };
  }, []);

  useEffect(() => {
    if (shown === null) return undefined;
    shown.target.setAttribute('aria-describedby', 'hint');
    return () => shown.target.removeAttribute('aria-describedby');
  }, [shown]);

  return (
    <div
      ref={box}
      id="hint"
      role="tooltip"
      className={styles.hint}
      hidden={shown === null}
      style={shown?.place}
    >
      {shown?.text}
    </div>
  );
}
