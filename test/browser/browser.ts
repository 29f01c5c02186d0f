/** Tests in a real browser: where a Chromium is found they run, a build may not go without. */
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NO_CHROMIUM, findChromium, launchChromium } from '../helpers/chromium.ts';
import { ensureWebDist } from '../helpers/web-dist.ts';

export interface Visit {
  /** Things that a test brings about on purpose, and that are no fault of the page. */
  readonly expects?: readonly RegExp[];
  readonly context?: BrowserContextOptions;
  /** How long whatever is waited for may take; trainings take longer than pages. */
  readonly patience_ms?: number;
}

export interface Visitor {
  /** A page in a context of its own, at an address. What goes wrong in it fails the test. */
  open(url: string, visit?: Visit): Promise<Page>;
}

/** While nobody serves, what a page asks is not answered, and its console says so. */
export const NOBODY_SERVES = [
  /ERR_CONNECTION_(REFUSED|RESET)/,
  /ERR_INCOMPLETE_CHUNKED_ENCODING/,
  /ERR_EMPTY_RESPONSE/,
] as const;

/** What the frame says of the line to the server. */
export const lineIs = (page: Page, word: 'Live' | 'No connection'): Locator =>
  page.getByRole('status').filter({ hasText: word });

/** Tests that need a browser; one process for all of them, and a context of its own for each page. */
export function inBrowser(title: string, define: (visitor: Visitor) => void): void {
  const found = findChromium();
  if (found === null) {
    missing(title);
    return;
  }
  // A machine that does much else at the same time is no fault of a page.
  describe(title, { timeout: 120_000 }, () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      await ensureWebDist();
      browser = await launchChromium(found);
    }, 180_000);
    afterAll(async () => browser?.close());

    let open: { readonly context: BrowserContext; readonly faults: string[] }[] = [];
    afterEach(async ({ task }) => {
      const visits = open;
      open = [];
      const failed = task.result?.state === 'fail';
      for (const { context, faults } of visits) {
        if (failed) await tell(context, task.name, faults);
        await context.close();
      }
      // A test that failed already says more than what followed from it.
      if (!failed) expect(visits.flatMap(({ faults }) => faults)).toEqual([]);
    });

    define({
      open: async (url, { expects = [], context: options = {}, patience_ms = 30_000 } = {}) => {
        if (browser === undefined) throw new Error('The browser is not there yet.');
        const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
        context.setDefaultTimeout(patience_ms);
        const faults: string[] = [];
        open.push({ context, faults });
        const page = await context.newPage();
        watch(page, new URL(url).origin, (fault) => {
          if (!expects.some((pattern) => pattern.test(fault))) faults.push(fault);
        });
        await page.goto(url);
        return page;
      },
    });
  });
}

/** Says so once per file; where CI is set, there must be a browser. */
function missing(title: string): void {
  if (process.env['CI'] === undefined) process.stderr.write(`Skipped: ${title}. ${NO_CHROMIUM}\n`);
  describe(title, () => {
    it.skipIf(process.env['CI'] === undefined)('has a browser', () => {
      throw new Error(NO_CHROMIUM);
    });
  });
}

/** Whatever a user would find in the console, and requests of ours that fail. */
function watch(page: Page, origin: string, report: (fault: string) => void): void {
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      report(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => report(`thrown: ${error.stack ?? error.message}`));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // A page that is left drops what it was asking for.
    if (why !== 'net::ERR_ABORTED') report(`failed: ${request.method()} ${request.url()}: ${why}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && /^https?:$/.test(url.protocol)) report(`elsewhere: ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 500) report(`${response.status()}: ${response.url()}`);
  });
}

/** What stood on each page when a test failed, and what had gone wrong; as a picture too where a folder for these is named. */
async function tell(context: BrowserContext, name: string, faults: readonly string[]): Promise<void> {
  const folder = process.env['TRAINYARD_PICTURES'];
  for (const [i, page] of context.pages().entries()) {
    const said = await page
      .locator('body')
      .innerText({ timeout: 5000 })
      .catch((error: unknown) => String(error));
    process.stderr.write([`== ${name}: ${page.url()}`, said.slice(0, 2000), ...faults, ''].join('\n'));
    if (folder === undefined) continue;
    await page
      .screenshot({ path: `${folder}/${name.replaceAll(/\W+/g, '-')}-${i}.png` })
      .catch(() => undefined);
  }
}
