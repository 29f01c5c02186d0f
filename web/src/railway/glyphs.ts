import type { StationStatus } from './stations.ts';

/** The shape of a state inside a station, as a path around 0,0 that fits a circle of radius 10. Drawn, so that no font changes it. */
export const GLYPHS: Readonly<Record<StationStatus, { readonly d: string; readonly filled: boolean }>> = {
  succeeded: { d: 'M-4.5 0.5L-1.5 3.5L4.5 -3.5', filled: false },
  failed: { d: 'M-3.5 -3.5L3.5 3.5M3.5 -3.5L-3.5 3.5', filled: false },
  running: { d: 'M-2.5 -4.5L4.5 0L-2.5 4.5Z', filled: true },
  waiting: { d: 'M-2.2 -4V4M2.2 -4V4', filled: false },
  pending: { d: 'M-0.01 0H0.01', filled: false },
  skipped: { d: 'M-3.5 0H3.5', filled: false },
  canceled: { d: 'M-4 4L4 -4', filled: false },
};
