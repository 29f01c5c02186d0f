import { describe, expect, it } from 'vitest';
import { layAcross, layDown } from './layout.ts';
import type { Station, StationStatus } from './stations.ts';

const TRAIN = [
  'RegisterEnvironment',
  'PromoteEnvironment',
  'RegisterComponents',
  'RegisterMLTables',
  'SubmitTraining',
  'MonitorTraining',
  'RegisterModels',
  'RetryFailedTraining',
  'PromoteModels',
];
const train = (...statuses: StationStatus[]): Station[] =>
  TRAIN.map((name, i) => ({ name, status: statuses[i] ?? 'pending' }));
const ALL: StationStatus[] = ['pending', 'running', 'waiting', 'succeeded', 'failed', 'skipped', 'canceled'];

describe.each([
  ['across', layAcross],
  ['down', layDown],
] as const)('a line that goes %s', (_, lay) => {
  it('has a stop for each stage and a signal for each gate', () => {
    const line = lay(train());
    expect(line.stops.map((stop) => stop.station.name)).toEqual(TRAIN);
    expect(line.posts.map((post) => post.key)).toEqual([
      'PromoteEnvironment',
      'RetryFailedTraining',
      'PromoteModels',
    ]);
  });

  it('lays the retry on a siding between its neighbours, off the line', () => {
    const stops = new Map(lay(train()).stops.map((stop) => [stop.station.name, stop]));
    const at = (name: string, axis: 'x' | 'y'): number => stops.get(name)?.[axis] ?? Number.NaN;
    const [along, off] = lay === layAcross ? (['x', 'y'] as const) : (['y', 'x'] as const);
    expect(at('RegisterModels', along)).toBeLessThan(at('RetryFailedTraining', along));
    expect(at('RetryFailedTraining', along)).toBeLessThan(at('PromoteModels', along));
    expect(at('RetryFailedTraining', off)).toBeGreaterThan(at('RegisterModels', off));
    expect(at('PromoteEnvironment', off)).toBeLessThan(at('RegisterModels', off));
    const onLine = TRAIN.filter((name) => name !== 'RetryFailedTraining' && name !== 'PromoteEnvironment');
    expect(new Set(onLine.map((name) => at(name, off))).size).toBe(1);
  });

  it('keeps everything inside the picture and no two stops on one place, however they stand', () => {
    for (const status of ALL) {
      const line = lay(TRAIN.map((name) => ({ name, status })));
      for (const { x, y } of line.stops) {
        expect(x).toBeGreaterThan(11);
        expect(x).toBeLessThan(line.width - 11);
        expect(y).toBeGreaterThan(11);
        expect(y).toBeLessThan(line.height - 11);
      }
      expect(new Set(line.stops.map(({ x, y }) => `${x},${y}`)).size).toBe(TRAIN.length);
      for (const rail of line.rails) expect(rail.d).toMatch(/^M[\d.]+ [\d.]+[\d.CHV ]+$/);
    }
  });

  it('shows where the train went, where it may go and where it will not', () => {
    const line = lay(
      train(
        'succeeded',
        'skipped',
        'succeeded',
        'succeeded',
        'succeeded',
        'succeeded',
        'succeeded',
        'waiting',
      ),
    );
    const state = (key: string): string | undefined => line.rails.find((rail) => rail.key === key)?.state;
    expect(state('MonitorTraining-RegisterModels')).toBe('passed');
    expect(state('to PromoteEnvironment')).toBe('unused');
    expect(state('to RetryFailedTraining')).toBe('passed');
    expect(state('from RetryFailedTraining')).toBe('ahead');
    expect(state('RegisterModels-PromoteModels')).toBe('ahead');
    expect(line.posts.map((post) => post.signal)).toEqual(['dark', 'stop', 'dark']);
  });

  it('draws any other pipeline as a plain line', () => {
    const line = lay([{ name: 'RunScripts', status: 'running' }]);
    expect(line).toMatchObject({ stops: [{ station: { name: 'RunScripts' } }], rails: [], posts: [] });
    expect(lay([]).stops).toEqual([]);
  });
});
