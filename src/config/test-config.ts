import { ConfigError } from '../kernel/errors.ts';
import type { ProjectConfig } from './load-project-config.ts';
import { parseProjectConfig } from './load-project-config.ts';
import type { TriggeredRun } from './triggered-run-schema.ts';

/** What a text for trainyard.yaml comes to, in an environment that says nothing. */
export const read = (text: string): ProjectConfig => parseProjectConfig(text, {});

/** Every mistake in a text for trainyard.yaml, one line each: place, key, what is wrong, what to write. */
export function problemsOf(text: string): string[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map((p) => `${p.line}:${p.column} ${p.path}: ${p.message} -> ${p.hint}`);
    throw error;
  }
  throw new Error('was read without complaint');
}

/** What a schedule or hook runs that says nothing of it. */
export const TRAIN: TriggeredRun = {
  pipeline: 'train',
  circuits: [],
  if_changed: false,
  include_failed: false,
  detection: 'auto',
  base: null,
  approve: [],
  allow_wide: null,
};
