import type { TestProject } from './project.ts';
import type { Running, StartOptions } from './trainyard.ts';

/** `trainyard serve` on a port of its own, once it listens. */
export async function serving(
  project: TestProject,
  args: readonly string[] = [],
  options: Omit<StartOptions, 'cwd'> = {},
): Promise<{ readonly process: Running; readonly url: string }> {
  const process = project.start(['serve', '--port', '0', ...args], { timeout_ms: 90_000, ...options });
  await process.says(/http:\/\/[^\s"]+:\d+/);
  const [url = ''] = /http:\/\/[^\s"]+:\d+/.exec(process.stderr) ?? [];
  return { process, url };
}
