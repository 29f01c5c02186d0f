/** The line of a run, and how each of its stations stands. */
import type { Locator, Page } from 'playwright-core';

export const station = (page: Page, name: string, state: string): Locator =>
  line(page).locator(`[role="button"][data-status="${state}"]`).filter({ hasText: name });

const line = (page: Page): Locator => page.getByRole('group', { name: /^Line of run / });

/**
 * Writes down how each station stood from now on, whenever that changes, also of a run that is opened later; what was
 * written is returned by the function.
 */
export async function watchLine(page: Page): Promise<() => Promise<readonly string[]>> {
  await page.evaluate(`
    window.moves = [];
    const look = () => {
      for (const stop of document.querySelectorAll('[aria-label^="Line of run"] [role="button"]')) {
        const name = stop.querySelector('text').textContent;
        const move = name + ' ' + stop.dataset.status;
        if (window.moves.findLast((each) => each.startsWith(name + ' ')) !== move) window.moves.push(move);
      }
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  `);
  return () => page.evaluate<readonly string[]>('window.moves');
}
