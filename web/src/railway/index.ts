/** The picture of a run: a line with stations, signals and a siding. */
export { MiniLine } from './mini-line.tsx';
export { Railway } from './railway.tsx';
export { gateOf, inWords } from './stations.ts';
