import { afterEach, beforeEach, vi } from 'vitest';

// Nothing in a test reaches a network; a provider that speaks HTTP is given its own server on loopback.
const realFetch = globalThis.fetch;
beforeEach(() => {
  globalThis.fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.hostname !== '127.0.0.1' && url.hostname !== 'localhost' && url.hostname !== '[::1]')
      throw new Error(`A test tried to reach ${url.hostname}.`);
    return realFetch(input, init);
  };
});
afterEach(() => {
  vi.unstubAllEnvs();
});
