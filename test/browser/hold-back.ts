import type { Page } from 'playwright-core';

/** Lets answers of this part of the API wait until the function is called that it gives. */
export async function holdBack(page: Page, part: string): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route(
    (url) => url.href.includes('/api/v1') && url.href.includes(part),
    async (route) => {
      await promise;
      await route.fallback();
    },
  );
  return resolve;
}
