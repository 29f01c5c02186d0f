import { createHash } from 'node:crypto';
import type { FoundScript } from './discover.ts';
import { supportsOf } from './script-flags.ts';
import type { ScriptFlags, Supports } from './script-flags.ts';

/** It names a log file, with room for what a sweep adds. */
export const LONGEST_ID = 120;

/** One training of one script. Paths are relative to the project, with `/`. */
export interface ScriptJob {
  /** Unique; names its log. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly script: string;
  /** Its folder below `results/`. */
  readonly output: string;
  /** Its failure fails nothing else. */
  readonly optional: boolean;
  readonly supports: Supports;
  /** All options that it declares, as it spells them. */
  readonly flags: readonly string[];
  /** False where its source could not be parsed. */
  readonly flags_known: boolean;
  /** Arguments of its own; they go before all others. */
  readonly args: readonly string[];
  /** What a sweep has chosen for it, by the name that was swept; these stand in `args` too. */
  readonly swept: Readonly<Record<string, string>>;
  /** Where it comes from, as a sentence. */
  readonly reason: string;
  /** Other paths with the same content, which are not run. */
  readonly copies: readonly string[];
}

/**
 * Jobs of discovered scripts. Files with the same content are one job, under the path that comes first; different
 * scripts of the same file name get their folders before it, all of them, so that an id does not depend on which was
 * found first.
 */
export function discoveredJobs(
  found: readonly FoundScript[],
  flags: ReadonlyMap<string, ScriptFlags>,
  options: { readonly optional: boolean },
): ScriptJob[] {
  const by_content = Map.groupBy(found, (script) => script.sha256);
  const firsts = [...by_content.values()].map((same) => same.toSorted(nearestFirst).map((s) => s.path));
  const ids = uniqueIds(firsts.map(([path = '']) => path));
  return firsts
    .map(([path = '', ...copies]): ScriptJob => {
      const id = ids.get(path) ?? stemOf(path);
      const look = flags.get(path) ?? { flags: [], error: null };
      return {
        id,
        name: wordsOf(id),
        script: path,
        output: `${withoutTrain(id)}_results`,
        optional: options.optional,
        supports: supportsOf(look.flags),
        flags: look.flags,
        flags_known: look.error === null,
        args: [],
        swept: {},
        reason: look.error === null ? 'discovered' : `discovered; its options cannot be read (${look.error})`,
        copies,
      };
    })
    .toSorted((a, b) => (a.script < b.script ? -1 : 1));
}

/** Closest to the project's root, then by name. */
function nearestFirst(a: FoundScript, b: FoundScript): number {
  return a.path.split('/').length - b.path.split('/').length || (a.path < b.path ? -1 : 1);
}

/** File names without `.py`; where several paths share one, as many folders before it as tell them all apart. */
function uniqueIds(paths: readonly string[]): Map<string, string> {
  const ids = new Map<string, string>();
  for (const same of Map.groupBy(paths, (path) => stemOf(path).toLowerCase()).values()) {
    for (let folders = same.length === 1 ? 0 : 1; ; folders++) {
      const named = same.map((path) => [path, idOf(path, folders)] as const);
      const told_apart = new Set(named.map(([, id]) => id.toLowerCase())).size === same.length;
      const whole = same.every((path) => path.split('/').length - 1 <= folders);
      if (!told_apart && !whole) continue;
      for (const [path, id] of named) ids.set(path, id);
      break;
    }
  }
  // Signs that an id cannot hold may have been all that told two paths apart: then a piece of a digest does.
  for (const same of Map.groupBy([...ids], ([, id]) => id.toLowerCase()).values()) {
    if (same.length === 1) continue;
    for (const [path, id] of same)
      ids.set(path, `${id}_${createHash('sha256').update(path).digest('hex').slice(0, 6)}`);
  }
  return ids;
}

const idOf = (path: string, folders: number): string =>
  path
    .replace(/\.py$/, '')
    .split('/')
    .slice(-1 - folders)
    .join('_')
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}_.-]+/gu, '_')
    .slice(0, LONGEST_ID);

export const stemOf = (path: string): string => idOf(path, 0);

/** `train_brain_mri` → `brain_mri`, `vision_train_brain_mri` → `vision_brain_mri`. */
export const withoutTrain = (id: string): string => {
  const rest = id.replace(/(^|_)train_/i, '$1');
  return rest === '' ? id : rest;
};

/** `train_brain_mri` → `Brain mri`. */
export function wordsOf(id: string): string {
  const words = withoutTrain(id)
    .replaceAll(/[_.-]+/g, ' ')
    .trim();
  return words === '' ? id : words.charAt(0).toUpperCase() + words.slice(1);
}
