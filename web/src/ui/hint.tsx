import { useEffect, useRef, useState } from 'react';
import styles from './hint.module.css';

/**
 * A word more, on hover and on focus, for every element with `data-hint`. One layer for the whole app: ten thousand
 * times in a table cost nothing. What only a hint says must be of use, never needed.
 */
export function HintLayer() {
  const [shown, setShown] = useState<Shown | null>(null);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let timer = 0;
    const show = (target: Element | null, delay_ms: number): void => {
      clearTimeout(timer);
      timer = window.setTimeout(() => setShown(target === null ? null : placed(target)), delay_ms);
    };
    const over = (event: Event): void => {
      const at = event.target instanceof Element ? event.target : null;
      // The pointer may rest on the hint itself, to read or copy it.
      if (at !== null && box.current?.contains(at) === true) clearTimeout(timer);
      else show(at?.closest('[data-hint]') ?? null, 150);
    };
    const focus = (event: FocusEvent): void => {
      const at = event.target instanceof Element ? event.target : null;
      show(at?.matches(':focus-visible') === true ? at.closest('[data-hint]') : null, 0);
    };
    const key = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') show(null, 0);
    };
    const away = (): void => show(null, 0);
    document.addEventListener('pointerover', over);
    document.addEventListener('focusin', focus);
    document.addEventListener('focusout', away);
    document.addEventListener('keydown', key);
    document.addEventListener('scroll', away, { capture: true, passive: true });
    return () => {
      clearTimeout(timer);
      document.removeEventListener('pointerover', over);
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

interface Shown {
  readonly target: Element;
  readonly text: string;
  readonly place: { readonly left: number; readonly top?: number; readonly bottom?: number };
}

/** Below its element, or above where there is no room; never beyond the edge of the window. */
function placed(target: Element): Shown | null {
  const text = target.getAttribute('data-hint') ?? '';
  if (text === '' || !target.isConnected) return null;
  const { left, top, bottom } = target.getBoundingClientRect();
  const x = Math.max(8, Math.min(left, window.innerWidth - 328));
  const below = bottom + 80 < window.innerHeight;
  return {
    target,
    text,
    place: below ? { left: x, top: bottom + 4 } : { left: x, bottom: window.innerHeight - top + 4 },
  };
}
