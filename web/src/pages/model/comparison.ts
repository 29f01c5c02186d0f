import type { VersionView } from '../../models/index.ts';
import { circuitOf, isMap } from '../../models/frozen-circuit.ts';
import { valueText } from '../../ui/value-text.ts';

/** Two versions out of the address, the earlier one first: `3,5`. Null where it does not say two. */
export function parsePair(text: string | undefined): readonly [number, number] | null {
  const [a, b, ...more] = chosenIn(text);
  return a === undefined || b === undefined || more.length > 0 ? null : [a, b];
}

/** The versions that the address says, each once, in order. */
export const chosenIn = (text: string | undefined): number[] =>
  [
    ...new Set(
      (text ?? '').split(',').flatMap((part) => (/^[1-9]\d{0,14}$/.test(part) ? [Number(part)] : [])),
    ),
  ]
    .toSorted((a, b) => a - b)
    .slice(0, 2);

/** Takes a version in or out. A third one takes the place of whichever is nearer to it. */
export function toggled(text: string | undefined, version: number): string | undefined {
  const chosen = chosenIn(text);
  if (chosen.includes(version)) return written(chosen.filter((each) => each !== version));
  const [a, b] = chosen;
  if (a === undefined || b === undefined) return written([...chosen, version]);
  return written(Math.abs(version - a) < Math.abs(version - b) ? [b, version] : [a, version]);
}

const written = (versions: readonly number[]): string | undefined =>
  versions.length === 0 ? undefined : versions.toSorted((a, b) => a - b).join(',');

export interface Changed {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Settings that differ, those inside a group by their path: `hyperparameters.lags`. */
export function settingChanges(
  before: VersionView['settings'],
  after: VersionView['settings'],
): readonly Changed[] {
  const [a, b] = [flat(circuitOf(before)), flat(circuitOf(after))];
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((field) => !MOVES.has(field) && valueText(a.get(field)) !== valueText(b.get(field)))
    .toSorted()
    .map((field) => ({ field, before: a.get(field), after: b.get(field) }));
}

/** Where it stands in the file says nothing of how it is trained. */
const MOVES: ReadonlySet<string> = new Set(['line']);

function flat(settings: Readonly<Record<string, unknown>>, prefix = ''): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [name, value] of Object.entries(settings)) {
    if (isMap(value)) for (const [field, part] of flat(value, `${prefix}${name}.`)) found.set(field, part);
    else found.set(`${prefix}${name}`, value);
  }
  return found;
}

export interface Source {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** What the two were made from. */
export function sourcesOf(
  { lineage: before }: Pick<VersionView, 'lineage'>,
  { lineage: after }: Pick<VersionView, 'lineage'>,
): readonly Source[] {
  const source = (name: string, key: keyof VersionView['lineage']): Source => ({
    name,
    before: textOf(before[key]),
    after: textOf(after[key]),
  });
  return [
    source('Data version', 'data_version'),
    source('Cutoff date', 'cutoff_date'),
    source('Commit', 'git_commit'),
    source('Component', 'component_version'),
    source('Environment', 'environment_version'),
    source('Training hash', 'training_hash'),
    source('Inputs digest', 'inputs_digest'),
  ].filter(({ before: a, after: b }) => a !== null || b !== null);
}

const textOf = (value: unknown): string | null => (value === null || value === '' ? null : String(value));

type File = VersionView['files'][number];
export interface FileChange {
  readonly path: string;
  readonly word: 'added' | 'removed' | 'changed' | 'same';
  readonly before: number | null;
  readonly after: number | null;
}

/** Their files by path, those that differ first. */
export function fileChanges(before: readonly File[], after: readonly File[]): readonly FileChange[] {
  const [a, b] = [byPath(before), byPath(after)];
  const all = [...new Set([...a.keys(), ...b.keys()])].toSorted().map((path): FileChange => {
    const [was, is] = [a.get(path), b.get(path)];
    return { path, word: wordOf(was, is), before: was?.size ?? null, after: is?.size ?? null };
  });
  return [...all.filter(({ word }) => word !== 'same'), ...all.filter(({ word }) => word === 'same')];
}

const byPath = (files: readonly File[]): ReadonlyMap<string, File> =>
  new Map(files.map((file) => [file.path, file]));

function wordOf(was: File | undefined, is: File | undefined): FileChange['word'] {
  if (was === undefined) return 'added';
  if (is === undefined) return 'removed';
  return was.sha256 === is.sha256 ? 'same' : 'changed';
}
