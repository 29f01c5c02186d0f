import { lookOf } from '../ui/index.ts';
import styles from './mini-line.module.css';
import { trackOf } from './stations.ts';
import type { Station } from './stations.ts';

const STEP = 16;
const HEIGHT = 24;

/** The line of a run in a row of a list: one mark a station, by shape and colour; the retry leaves on its siding. */
export function MiniLine({ stations }: { readonly stations: readonly Pick<Station, 'name' | 'status'>[] }) {
  const width = Math.max(1, stations.length) * STEP;
  return (
    <svg
      viewBox={`0 0 ${width} ${HEIGHT}`}
      width={width}
      height={HEIGHT}
      role="img"
      aria-label={summary(stations)}
      data-hint={hint(stations)}
      className={styles.line}
    >
      <path d={`M${STEP / 2} ${HEIGHT / 2}H${width - STEP / 2}`} className={styles.rail} />
      {stations.map(({ name, status }, i) => {
        const siding = trackOf(name) === 'siding' && status !== 'pending' && status !== 'skipped';
        const x = i * STEP + STEP / 2;
        const y = siding ? HEIGHT - 6 : HEIGHT / 2;
        return (
          <g key={name} data-tone={lookOf(status).tone} className={styles.stop}>
            {siding && (
              <path
                d={`M${x - STEP} ${HEIGHT / 2}Q${x - STEP / 2} ${y} ${x} ${y}Q${x + STEP / 2} ${y} ${x + STEP} ${HEIGHT / 2}`}
                className={styles.rail}
              />
            )}
            <path d={MARKS[status]} transform={`translate(${x} ${y})`} data-status={status} />
          </g>
        );
      })}
    </svg>
  );
}

/** A mark for each state that is told apart without its colour. */
const MARKS: Readonly<Record<Station['status'], string>> = {
  succeeded: 'M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0Z',
  failed: 'M-3.2 -3.2L3.2 3.2M3.2 -3.2L-3.2 3.2',
  running: 'M-3.4 -4.4L4.6 0L-3.4 4.4Z',
  waiting: 'M-2.2 -4.5V4.5M2.2 -4.5V4.5',
  pending: 'M-2.5 0A2.5 2.5 0 1 1 2.5 0A2.5 2.5 0 1 1 -2.5 0Z',
  skipped: 'M0 -2.6V2.6',
  canceled: 'M-3.6 3.6L3.6 -3.6',
};

/** `6 of 9 stages over; RetryFailedTraining waiting`. */
function summary(stations: readonly Pick<Station, 'name' | 'status'>[]): string {
  const open = stations.filter((s) => s.status === 'running' || s.status === 'waiting');
  const failed = stations.filter((s) => s.status === 'failed');
  const over = stations.filter((s) => s.status !== 'pending').length - open.length;
  const told = [...failed, ...open].map((s) => `${s.name} ${lookOf(s.status).word}`);
  return [`${over} of ${stations.length} stages over`, ...told].join('; ');
}

const hint = (stations: readonly Pick<Station, 'name' | 'status'>[]): string =>
  stations.map((s) => `${lookOf(s.status).shape} ${s.name}: ${lookOf(s.status).word}`).join('\n');
