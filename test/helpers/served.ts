/** A `trainyard serve` that a test started. */
import type { Running } from './trainyard.ts';

const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;

/** Where it listens, once it does. */
export async function addressOf(server: Running): Promise<string> {
  await server.says(ADDRESS);
  return ADDRESS.exec(server.stderr)?.[0] ?? '';
}
