import { useEffect } from 'react';

/**
 * Keeps the focus on the page. What has it may go away with what was done: a row that is revoked, a group that is retried,
 * a button that makes no sense any more. The browser gives the focus to nothing then, and whoever uses keys begins at the
 * top. Here it goes to what is around: the table or the part of the page, else its heading.
 */
export function useKeptFocus(): void {
  useEffect(() => {
    let last: Element | null = null;
    // The last on the page itself; what opened a dialog is gone from its sight as well.
    let around: readonly Element[] = [];
    let timer = 0;
    const came = ({ target }: FocusEvent): void => {
      if (!(target instanceof Element)) return;
      last = target;
      if (target.closest('#page') !== null) around = placesAround(target);
    };
    // Whoever points at something has put the focus away.
    const pointed = (): void => {
      last = null;
    };
    const isLost = (): boolean =>
      last !== null &&
      (document.activeElement === document.body || document.activeElement === null) &&
      (!last.isConnected || last.matches(':disabled'));
    const mend = (): void => {
      if (!isLost()) return;
      const next = around.find((each) => each.isConnected) ?? document.querySelector('#page h1');
      if (next instanceof HTMLElement) next.focus({ preventScroll: true });
    };
    const observer = new MutationObserver(() => {
      clearTimeout(timer);
      // A dialog that closes, and a page that is changed, know better and come first.
      if (isLost()) timer = window.setTimeout(mend, 200);
    });
    observer.observe(document.body, { childList: true, subtree: true, attributeFilter: ['disabled'] });
    document.addEventListener('focusin', came);
    document.addEventListener('pointerdown', pointed, { capture: true });
    return () => {
      clearTimeout(timer);
      observer.disconnect();
      document.removeEventListener('focusin', came);
      document.removeEventListener('pointerdown', pointed, { capture: true });
    };
  }, []);
}

/** What around an element can take the focus: the nearest first. */
function placesAround(element: Element): Element[] {
  const place = element.parentElement?.closest('[data-scroller], [role="tabpanel"]') ?? null;
  return place === null ? [] : [place, ...placesAround(place)];
}
