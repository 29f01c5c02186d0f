/** The browser of tests and pictures: the system's own Chromium. None is ever downloaded. */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

/** What to type where there is none. */
export const NO_CHROMIUM =
  'No Chromium was found. Install the Debian package `chromium`, or name one: TRAINYARD_CHROMIUM=/path/to/chromium.';

export function findChromium(): string | null {
  const named = process.env['TRAINYARD_CHROMIUM'] ?? '';
  return [named, ...PLACES].find((place) => place !== '' && existsSync(place)) ?? null;
}

/** Without the calls home that a browser makes by itself: nothing here reaches a network. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
    ],
  });
}
