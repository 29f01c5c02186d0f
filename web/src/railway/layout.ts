import { signalOf, trackOf } from './stations.ts';
import type { Signal, Station, Track } from './stations.ts';

/** A line as a picture: where everything lies, in px. Pure, so that the page, a list and a file draw the same. */
export interface LineLayout {
  readonly width: number;
  readonly height: number;
  readonly rails: readonly Rail[];
  readonly stops: readonly Stop[];
  readonly posts: readonly Post[];
}

export interface Rail {
  readonly key: string;
  readonly d: string;
  /** `passed`: the train went here; `ahead`: it may still come; `unused`: it will not. */
  readonly state: 'passed' | 'ahead' | 'unused';
}

export interface Stop {
  readonly station: Station;
  readonly x: number;
  readonly y: number;
  /** Where its words stand. */
  readonly label: { readonly x: number; readonly y: number; readonly anchor: 'middle' | 'start' };
}

export interface Post {
  readonly key: string;
  readonly x: number;
  readonly y: number;
  /** Where its foot stands on the rail. */
  readonly foot: number;
  readonly signal: Signal;
}

/** The line from left to right; a branch above it, the siding below. */
export function layAcross(stations: readonly Station[]): LineLayout {
  const { places, slots } = placed(stations);
  const y = { branch: 64, line: 140, siding: 216 };
  const first = 72;
  const x = (slot: number): number => first + slot * PITCH;
  const width = first * 2 + Math.max(0, slots - 1) * PITCH;
  const rails: Rail[] = [...mainRails(places, (a, b) => `M${x(a)} ${y.line}H${x(b)}`)];
  const stops: Stop[] = [];
  const posts: Post[] = [];
  for (const { station, track, slot, from, to } of places) {
    const at = { x: x(slot), y: y[track] };
    // Above the line there is room beside the signal only.
    const above = track === 'branch';
    const label: Stop['label'] = above
      ? { x: at.x - 11, y: at.y - 37, anchor: 'start' }
      : { x: at.x, y: at.y + 30, anchor: 'middle' };
    stops.push({ station, ...at, label });
    if (track !== 'line') {
      // Leaves the line behind the words of the station before it, and comes back before the one after it.
      const a = x(from) + 56;
      const b = x(to) - 18 - (signalBefore(places, to) ? 26 : 0);
      rails.push(
        {
          key: `to ${station.name}`,
          d: `M${a} ${y.line}${curve(a, y.line, a + BEND, at.y)}H${at.x}`,
          state: railTo(station),
        },
        {
          key: `from ${station.name}`,
          d: `M${at.x} ${at.y}H${b - BEND}${curve(b - BEND, at.y, b, y.line)}`,
          state: railFrom(station),
        },
      );
    }
    const signal = signalOf(station);
    if (signal !== null) posts.push({ key: station.name, x: at.x - 26, y: at.y - 28, foot: at.y, signal });
  }
  return {
    width,
    height: slots === 0 ? 0 : places.some((p) => p.track === 'siding') ? 276 : 204,
    rails,
    stops,
    posts,
  };
}

/** The same from top to bottom, for narrow screens: the branch left of the line, the siding right of it. */
export function layDown(stations: readonly Station[]): LineLayout {
  const { places } = placed(stations);
  const x = { branch: 20, line: 52, siding: 84 };
  // Going down every station has a row of its own, in the order in which they stand in the run.
  const rows = new Map(places.map((place, row) => [place.station.name, row]));
  const y = (row: number): number => 24 + row * 56;
  const rowOf = (slot: number): number =>
    rows.get(places.find((p) => p.track === 'line' && p.slot === slot)?.station.name ?? '') ?? 0;
  const rails: Rail[] = [...mainRails(places, (a, b) => `M${x.line} ${y(rowOf(a))}V${y(rowOf(b))}`)];
  const stops: Stop[] = [];
  const posts: Post[] = [];
  for (const { station, track, from, to } of places) {
    const at = { x: x[track], y: y(rows.get(station.name) ?? 0) };
    stops.push({ station, ...at, label: { x: 116, y: at.y - 2, anchor: 'start' } });
    if (track !== 'line') {
      const a = y(rowOf(from)) + 12;
      const b = y(rowOf(to)) - 12;
      rails.push(
        {
          key: `to ${station.name}`,
          d: `M${x.line} ${a}${curveDown(x.line, a, at.x, a + 24)}V${at.y}`,
          state: railTo(station),
        },
        {
          key: `from ${station.name}`,
          d: `M${at.x} ${at.y}V${b - 24}${curveDown(at.x, b - 24, x.line, b)}`,
          state: railFrom(station),
        },
      );
    }
    const signal = signalOf(station);
    if (signal !== null) posts.push({ key: station.name, x: at.x + 20, y: at.y - 12, foot: at.y, signal });
  }
  return { width: 320, height: y(places.length - 1) + 32, rails, stops, posts };
}

interface Place {
  readonly station: Station;
  readonly track: Track;
  /** Its place along the line; of a station beside the line the place that it lies next to. */
  readonly slot: number;
  /** Off the line: the stops between which it leaves and joins. */
  readonly from: number;
  readonly to: number;
}

/** Gives every station its place: those beside the line do not take one of it, but the siding has room of its own. */
function placed(stations: readonly Station[]): { places: Place[]; slots: number } {
  const places: Place[] = [];
  const last = stations.findLastIndex((s) => trackOf(s.name) === 'line');
  const lineSlots = new Map<number, number>();
  let slot = -1;
  for (const [i, station] of stations.entries()) {
    const track = trackOf(station.name);
    if (track === 'branch') places.push({ station, track, slot: slot + 1, from: slot, to: -1 });
    else {
      slot += 1;
      if (track === 'line') lineSlots.set(i, slot);
      places.push({ station, track, slot, from: slot - 1, to: slot + 1 });
    }
  }
  const end = lineSlots.get(last) ?? slot;
  return { places: places.map((p) => (p.to === -1 ? { ...p, to: end } : p)), slots: slot + 1 };
}

const signalBefore = (places: readonly Place[], slot: number): boolean =>
  places.some((p) => p.track === 'line' && p.slot === slot && signalOf(p.station) !== null);

/** The rails of the line itself, from each station to the next. */
function mainRails(places: readonly Place[], draw: (from: number, to: number) => string): Rail[] {
  const line = places.filter((p) => p.track === 'line');
  return line.slice(1).map((place, i) => {
    const before = line[i] ?? place;
    return {
      key: `${before.station.name}-${place.station.name}`,
      d: draw(before.slot, place.slot),
      state: place.station.status === 'pending' ? 'ahead' : 'passed',
    };
  });
}

/** Off the line: the way to the station, and the way on from it. */
function railTo({ status }: Station): Rail['state'] {
  if (status === 'pending') return 'ahead';
  return status === 'skipped' || status === 'canceled' ? 'unused' : 'passed';
}

function railFrom({ status }: Station): Rail['state'] {
  if (status === 'succeeded' || status === 'failed') return 'passed';
  return status === 'skipped' || status === 'canceled' ? 'unused' : 'ahead';
}

/** From one track to another without a kink, going right or going down. */
const curve = (x1: number, y1: number, x2: number, y2: number): string =>
  `C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`;
const curveDown = (x1: number, y1: number, x2: number, y2: number): string =>
  `C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2} ${x2} ${y2}`;

const BEND = 48;
const PITCH = 148;
