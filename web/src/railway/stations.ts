/** What the picture needs to know of a stage. */
export interface Station {
  readonly name: string;
  readonly status: StationStatus;
  readonly reason?: string | null;
  readonly counts?: Readonly<Record<string, number>>;
  readonly started_at?: string | null;
  readonly ended_at?: string | null;
}
export type StationStatus =
  | 'pending'
  | 'running'
  | 'waiting'
  | 'succeeded'
  | 'failed'
  | 'skipped'
  | 'canceled';

/** Where a station lies: on the line, on the branch that trains do not wait for, or on the siding. */
export type Track = 'line' | 'branch' | 'siding';

/** The stations that do not lie on the line itself, and those behind a signal. */
const TRACKS: Readonly<Record<string, Track>> = {
  PromoteEnvironment: 'branch',
  RetryFailedTraining: 'siding',
};
const SIGNALS: Readonly<Record<string, string>> = {
  PromoteEnvironment: 'registry-promotion',
  RetryFailedTraining: 'training-retry',
  PromoteModels: 'registry-promotion',
};

export const trackOf = (name: string): Track => TRACKS[name] ?? 'line';

/** The gate before a station; null: none. */
export const gateOf = (name: string): string | null => SIGNALS[name] ?? null;

/** `stop`: somebody has to decide; `go`: the train has passed; `dark`: it has not come here, or does not. */
export type Signal = 'stop' | 'go' | 'dark';

export function signalOf(station: Station): Signal | null {
  if (gateOf(station.name) === null) return null;
  switch (station.status) {
    case 'waiting':
      return 'stop';
    case 'running':
    case 'succeeded':
    case 'failed':
      return 'go';
    case 'pending':
    case 'skipped':
    case 'canceled':
      return 'dark';
  }
}

/** Counts in words, most telling first, without those of which there are none: `7 succeeded, 1 failed`. */
export function inWords(counts: Readonly<Record<string, number>> | undefined): string {
  return Object.entries(counts ?? {})
    .filter(([, n]) => n > 0)
    .map(([word, n]) => `${n.toLocaleString('en')} ${word.replaceAll('_', ' ')}`)
    .join(', ');
}

/** What stands below a station: its counts, as many whole ones as there is room for, what failed above all; or how it stands. */
export function below({ status, counts }: Station, word: string): string {
  const text = inWords(counts);
  if (text === '' || status === 'skipped') return word;
  if (text.length <= 24) return text;
  const all = text.split(', ');
  const parts = [...all.filter(isFailure), ...all.filter((part) => !isFailure(part))];
  let fits = parts[0] ?? text;
  for (const part of parts.slice(1)) {
    if (fits.length + part.length + 2 > 24) return `${fits} …`;
    fits = `${fits}, ${part}`;
  }
  return fits.length > 26 ? `${fits.slice(0, 25)}…` : fits;
}

const isFailure = (part: string): boolean => part.endsWith(' failed');
