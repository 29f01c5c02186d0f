import { posix, resolve } from 'node:path';
import { discoverScripts } from './discover.ts';
import type { DiscoveryOptions } from './discover.ts';
import { readJobFile } from './job-file.ts';
import { mergeJobs } from './merge-jobs.ts';
import { discoveredJobs } from './script-job.ts';
import type { ScriptJob } from './script-job.ts';
import { readScriptFlags } from './script-flags.ts';
import { selectJobs } from './select-jobs.ts';

export interface CollectOptions extends DiscoveryOptions {
  /** The interpreter that reads the scripts and runs them. */
  readonly python: string;
  readonly auto_discover: boolean;
  /** A file of definitions, relative to the project; null: none. */
  readonly config: string | null;
  readonly discovery_overrides: boolean;
  readonly discovered_optional: boolean;
  readonly only: readonly string[];
  readonly exclude: readonly string[];
}

export interface Collected {
  /** Those that were chosen: first the defined ones in the order of their file, then the discovered ones by path. */
  readonly jobs: readonly ScriptJob[];
  /** How many scripts discovery found, before anything was chosen. */
  readonly discovered: number;
}

/** Everything there is to run: discovered, merged with the definitions, chosen. Runs nothing. */
export async function collectJobs(options: CollectOptions): Promise<Collected> {
  const { root } = options;
  const defined =
    options.config === null ? [] : await readJobFile(resolve(root, options.config), options.config);
  const found = options.auto_discover ? discoverScripts(options) : [];
  const scripts = defined.map(({ entry }) => posix.normalize(entry.script));
  const paths = [...new Set([...found.map((script) => script.path), ...scripts])];
  const flags = await readScriptFlags(options.python, root, paths);
  const discovered = discoveredJobs(found, flags, { optional: options.discovered_optional });
  const jobs = mergeJobs(root, options.config ?? '', defined, discovered, flags, options);
  return { jobs: selectJobs(jobs, options), discovered: found.length };
}
