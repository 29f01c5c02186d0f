import { expect, it } from 'vitest';
import { shortened } from './draw.ts';

const within = (length: number) => (text: string) => text.length <= length;

it.each([
  ['seattle_wind', 12, 'seattle_wind'],
  ['weather_station_north_0001', 12, 'weath…h_0001'],
  ['weather_station_north_0002', 12, 'weath…h_0002'],
  ['abcdef', 1, 'a…'],
])('a name keeps its beginning and its end: %s in %i letters', (name, room, shown) => {
  expect(shortened(name, within(room))).toBe(shown);
});
