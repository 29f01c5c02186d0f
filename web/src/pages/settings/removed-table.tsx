import { Fact, Facts, bytes, count, plural } from '../../ui/index.ts';
import type { PruneReport } from './settings-data.ts';

type Kind = keyof PruneReport['removed'];

/** What each kind of thing is called: one of it, and all of it. */
export const KINDS: Readonly<Record<Kind, readonly [one: string, all: string]>> = {
  model: ['model version', 'Files of model versions'],
  logs: ['logs', 'Logs and work folders of runs'],
  run: ['run', 'Runs'],
  snapshot: ['copy', 'Copies of code and data'],
  leftover: ['leftover', 'Leftovers'],
};
const ORDER = ['model', 'logs', 'run', 'snapshot', 'leftover'] as const satisfies readonly Kind[];

const SAID: Readonly<Record<Kind, (n: number) => string>> = {
  model: (n) => `the files of ${plural(n, 'model version')}`,
  logs: (n) => `the logs and work folders of ${plural(n, 'run')}`,
  run: (n) => plural(n, 'run'),
  snapshot: (n) => `${plural(n, 'copy', 'copies')} of code or data`,
  leftover: (n) => plural(n, 'leftover'),
};

/** How much goes, or went, and what stays although it is old. */
export function RemovedTable({ report: { removed, kept } }: { readonly report: PruneReport }) {
  const going = goingOf(removed);
  return (
    <div className="stack">
      {going.length === 0 && <p>Nothing: all there is is kept.</p>}
      {going.length > 0 && (
        <Facts>
          {going.map((kind) => (
            <Fact key={kind} name={KINDS[kind][1]}>
              {count(removed[kind].count)}
              {removed[kind].bytes > 0 && <span className="muted"> {bytes(removed[kind].bytes)}</span>}
            </Fact>
          ))}
        </Facts>
      )}
      {kept.length > 0 && (
        <p className="muted">
          Kept although old:{' '}
          {kept
            .slice(0, 6)
            .map(({ kind, why, count: many }) => `${plural(many, KINDS[kind][0])} (${why})`)
            .join(', ')}
          {kept.length > 6 && `, and for ${plural(kept.length - 6, 'more reason')}`}.
        </p>
      )}
    </div>
  );
}

const goingOf = (removed: PruneReport['removed']): readonly Kind[] =>
  ORDER.filter((kind) => removed[kind].count > 0);

/** `the files of 3 model versions, 1 run`; empty: nothing. */
export const inWords = ({ removed }: PruneReport): string =>
  goingOf(removed)
    .map((kind) => SAID[kind](removed[kind].count))
    .join(', ');
