import { describe, expect, it } from 'vitest';
import { UsageError } from '../kernel/errors.ts';
import { loadFleet } from './load-fleet.ts';
import { selectCircuits } from './select-circuits.ts';

const fleet = loadFleet(
  `circuits:
  - {plant_id: flottec, circuit_id: 2110}
  - {plant_id: flottec, circuit_id: 2130}
  - {plant_id: north_mill, circuit_id: line_1}
  - {plant_id: PLANT001, circuit_id: CIRCUIT01}
`,
  { file: 'config/circuits.yaml', component_version: '1' },
);
const select = (...selectors: string[]) => selectCircuits(fleet, selectors)?.map((c) => c.id) ?? null;

const refusal = (...selectors: string[]): UsageError => {
  try {
    select(...selectors);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('was selected without complaint');
};

describe('selectCircuits', () => {
  it('takes nothing and AUTO for detection', () => {
    for (const selectors of [[], [''], ['AUTO'], ['auto'], [' ', ','], ['AUTO', '']])
      expect(select(...selectors)).toBeNull();
  });

  it.each([
    ['flottec_2110', ['flottec_2110']],
    ['flottec/2110', ['flottec_2110']],
    ['flottec_2130,flottec_2110', ['flottec_2110', 'flottec_2130']],
    [' flottec_2130 , PLANT001/CIRCUIT01 ', ['flottec_2130', 'PLANT001_CIRCUIT01']],
    ['flottec_2110 flottec_2130', ['flottec_2110', 'flottec_2130']],
    ['flottec / 2110', ['flottec_2110']],
    ['north_mill_line_1', ['north_mill_line_1']],
    ['north_mill/line_1', ['north_mill_line_1']],
    ['flottec_*', ['flottec_2110', 'flottec_2130']],
    ['flottec/*', ['flottec_2110', 'flottec_2130']],
    ['*/line_?', ['north_mill_line_1']],
    ['flottec_{2110,2130}', ['flottec_2110', 'flottec_2130']],
    ['*', ['flottec_2110', 'flottec_2130', 'north_mill_line_1', 'PLANT001_CIRCUIT01']],
    ['flottec_2110,flottec_*', ['flottec_2110', 'flottec_2130']],
  ])('understands %j', (selector, ids) => {
    expect(select(selector)).toEqual(ids);
  });

  it('takes several lists', () => {
    expect(select('flottec_2110', 'PLANT001/CIRCUIT01,flottec_2130')).toEqual([
      'flottec_2110',
      'flottec_2130',
      'PLANT001_CIRCUIT01',
    ]);
  });

  it('lists every unknown selector with the nearest ids', () => {
    const error = refusal('flottec_2111,flottec_2110,nowhere_9,flotec/2130,mill_*');
    expect(error.message).toContain('flottec_2111 (near: flottec_2110, flottec_2130)');
    expect(error.message).toContain('flotec/2130 (near: flottec_2130');
    expect(error.message).toContain('nowhere_9');
    expect(error.details['unknown']).toEqual(['flottec_2111', 'nowhere_9', 'flotec/2130', 'mill_*']);
    expect(error.hint).toContain('config/circuits.yaml');
  });

  it('never splits an id at its underscores', () => {
    expect(refusal('north/mill_line_1').details['unknown']).toEqual(['north/mill_line_1']);
  });

  it('refuses AUTO beside circuits', () => {
    expect(refusal('AUTO,flottec_2110').message).toMatch(/AUTO stands beside/);
  });

  it('does not let a leading ! select everything else', () => {
    expect(refusal('!flottec_2110').details['unknown']).toEqual(['!flottec_2110']);
  });
});
