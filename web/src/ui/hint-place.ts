/** What a hint says, of what, and where. */
export interface Hint {
  readonly target: Element;
  readonly text: string;
  readonly place: { readonly left: number; readonly top?: number; readonly bottom?: number };
}

/** What is to be said of an element at a point of the window; null: nothing. */
export function hintAt(at: Element, x: number, y: number): Hint | null {
  const link = at.closest('.row-link');
  if (link === null || isWithin(link.getBoundingClientRect(), x, y)) return hintOf(at);
  // It lies over its whole row: what is meant is below it.
  for (const below of document.elementsFromPoint(x, y)) {
    if (link.contains(below)) continue;
    const hint = hintOf(below);
    if (hint !== null || below.matches('[role="row"]')) return hint;
  }
  return null;
}

/** What is to be said of an element, or of the cell around it where that is cut. */
export function hintOf(at: Element): Hint | null {
  const target = at.closest('[data-hint]') ?? at.closest('[role="cell"], [role="columnheader"]');
  if (!(target instanceof HTMLElement || target instanceof SVGElement) || !target.isConnected) return null;
  const more = target.dataset['hint'] ?? '';
  // A name in two parts reads as one.
  const whole = target.textContent === more;
  const seen = whole ? more : target instanceof HTMLElement ? target.innerText.trim() : '';
  const cut = isCut(target);
  // What can be read already is not said again.
  const parts = [cut && !more.includes(seen) ? seen : '', !cut && more === seen ? '' : more];
  const text = parts.filter((part) => part !== '').join('\n');
  return text === '' ? null : { target, text, place: placed(target) };
}

const isWithin = ({ left, right, top, bottom }: DOMRect, x: number, y: number): boolean =>
  x >= left && x <= right && y >= top && y <= bottom;

/** Whether an element, or the cell that it stands in, has more text than room. */
const isCut = (element: Element): boolean =>
  [element, element.closest('[role="cell"]'), element.querySelector('[data-gives-way]')].some(
    (each) => each !== null && each.scrollWidth > each.clientWidth && each.clientWidth > 0,
  );

/** Below its element, or above where there is no room; never beyond the edge of the window. */
function placed(target: Element): Hint['place'] {
  const { left, top, bottom } = target.getBoundingClientRect();
  const x = Math.max(8, Math.min(left, window.innerWidth - 328));
  const below = bottom + 80 < window.innerHeight;
  return below ? { left: x, top: bottom + 4 } : { left: x, bottom: window.innerHeight - top + 4 };
}
