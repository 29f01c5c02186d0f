import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  code,
  component,
  data,
  fleet,
  idOf,
  project,
  python,
  readYaml,
  root,
  train,
  valuesOf,
} from './weather-project.ts';
import type { Circuit, Metrics, Outcome } from './weather-project.ts';

const Environment = z.object({
  name: z.string(),
  version: z.string(),
  conda_file: z.object({ dependencies: z.array(z.string()) }),
});

/** A little below what was measured; the training is deterministic. */
const LEAST_SKILL: Readonly<Record<string, number>> = {
  seattle_temp_max: 0.05,
  seattle_temp_min: 0.04,
  seattle_wind: 0.15,
  seattle_precipitation: 0.19,
  newyork_temp_max: 0.06,
  newyork_temp_min: 0.08,
  newyork_wind: 0.2,
  newyork_precipitation: 0.34,
};

const folder = mkdtempSync(join(tmpdir(), 'weather-'));
const trained = new Map<string, Outcome>();

beforeAll(() => {
  for (const circuit of fleet.circuits) {
    trained.set(idOf(circuit), train(circuit, {}, join(folder, idOf(circuit))));
  }
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the data', () => {
  it('is byte for byte the file of the vega-datasets package', () => {
    const original = readFileSync(join(root, 'node_modules/vega-datasets/data/weather.csv'));
    expect(readFileSync(data).equals(original)).toBe(true);
  });

  it('has its digest and its notice in the README beside it', () => {
    const readme = readFileSync(join(project, 'data/README.md'), 'utf8');
    expect(readme).toContain(createHash('sha256').update(readFileSync(data)).digest('hex'));
    expect(readme).toContain('Copyright (c) 2015, University of Washington Interactive Data Lab');
  });
});

describe('the project files', () => {
  it('describe two plants with four circuits each', () => {
    expect(fleet.circuits.map(idOf).toSorted()).toEqual(Object.keys(LEAST_SKILL).toSorted());
  });

  it('pass every hyperparameter to an input that the command uses, and default to the same values', () => {
    const used = [...component.command.matchAll(/\$\{\{inputs\.(\w+)\}\}/g)].map((match) => match[1]);
    expect(used.toSorted()).toEqual(Object.keys(component.inputs).toSorted());
    for (const circuit of fleet.circuits) expect(component.inputs).toMatchObject(valuesAsInputs(circuit));
    for (const [name, value] of Object.entries(fleet.defaults.hyperparameters)) {
      expect(component.inputs[name]?.default, name).toBe(value);
    }
  });

  it('give every circuit a whole set of hyperparameters, so that it does not matter how deep defaults reach', () => {
    const names = Object.keys(fleet.defaults.hyperparameters).toSorted();
    for (const { hyperparameters } of fleet.circuits) {
      if (hyperparameters) expect(Object.keys(hyperparameters).toSorted()).toEqual(names);
    }
  });

  it('name an environment that is there, and that holds nothing but Python', () => {
    const environment = Environment.parse(readYaml('components/environments/weather-env.yaml'));
    expect(component.environment).toBe(`azureml:${environment.name}:${environment.version}`);
    expect(environment.conda_file.dependencies).toEqual(['python=3.11']);
  });
});

describe.each(Object.keys(LEAST_SKILL))('%s', (id) => {
  it('trains with the standard library alone and writes a model and its metrics', () => {
    const { status, stdout, stderr, model, metrics } = outcomeOf(id);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('1461 days from 2012-01-01 to 2015-12-31');
    expect(model()).toMatchObject({ lags: 7, last_day: '2015-12-31' });
    expect(metrics()).toMatchObject({
      mae: expect.any(Number),
      rmse: expect.any(Number),
      skill: expect.any(Number),
    });
  });

  it('beats the naive forecast and says by how much', () => {
    const { stdout, metrics } = outcomeOf(id);
    const { skill = 0, mae = 0, naive_mae = 0, rmse = 0, naive_rmse = 0 } = metrics();
    expect(skill).toBeGreaterThanOrEqual(LEAST_SKILL[id] ?? 1);
    expect(skill).toBeCloseTo(1 - mae / naive_mae, 5);
    expect(rmse).toBeLessThan(naive_rmse);
    expect(metrics()).toMatchObject({ beats_naive: 1 });
    expect(stdout).toContain(`beats the naive forecast by ${(100 * skill).toFixed(1)} %`);
  });

  it('has its measured numbers in the README', () => {
    const m = metricsInOrder(outcomeOf(id).metrics());
    expect(readFileSync(join(project, 'README.md'), 'utf8')).toContain(`| ${id} | ${m.join(' | ')} |`);
  });
});

describe('train.py', () => {
  const seattle = circuitOf('seattle_temp_max');

  it('writes the same bytes every time', () => {
    const again = train(seattle, {}, join(folder, 'again'));
    for (const file of ['model.json', 'metrics.json']) {
      expect(readFileSync(join(again.folder, file), 'utf8')).toBe(
        readFileSync(join(folder, 'seattle_temp_max', file), 'utf8'),
      );
    }
  });

  it('fits by least squares, and measures on days that the fitted model has not seen', () => {
    // The model that the evaluation must have used: everything before the held out year.
    const before = train(
      seattle,
      { cutoff_date: '2014-12-31', training_days: 1096 },
      join(folder, 'before'),
    ).model();
    const { values, rows } = designOf('Seattle', 'temp_max', before.lags);
    const weights = Object.values(before.coefficients);
    const errors = rows.map((row, i) => dot(weights, row) - (values[i + before.lags] ?? NaN));

    const [seen, unseen] = [errors.slice(0, 1096 - before.lags), errors.slice(1096 - before.lags)];
    weights.forEach((weight, j) => {
      const column = rows.map((row) => row[j] ?? NaN);
      const slope = dot(seen, column) + (j === 0 ? 0 : before.ridge * weight);
      expect(Math.abs(slope), `slope of the loss along coefficient ${j}`).toBeLessThan(1e-6);
    });
    const naive = values.slice(-365).map((value, i) => value - (values[1095 + i] ?? NaN));
    expect(outcomeOf('seattle_temp_max').metrics()).toMatchObject({
      mae: expect.closeTo(mean(unseen.map(Math.abs)), 5),
      rmse: expect.closeTo(Math.sqrt(mean(unseen.map((e) => e * e))), 5),
      naive_mae: expect.closeTo(mean(naive.map(Math.abs)), 5),
    });
  });

  it('says where it does not beat the naive forecast: nothing beats it on a random walk', () => {
    let level = 100;
    const walk = csv(randoms(1461).map((random) => (level += random - 0.5)));
    const { status, stdout, metrics } = train(seattle, { data: walk }, join(folder, 'walk'));
    expect(status).toBe(0);
    expect(metrics()).toMatchObject({ beats_naive: 0 });
    expect(stdout).toContain('does not beat the naive forecast');
    expect(stdout).toContain('keep the naive forecast');
  });

  it('says where saying the same every day is no worse', () => {
    expect(outcomeOf('newyork_precipitation').stdout).toContain('forecasting 0 every day is no worse');
    expect(outcomeOf('newyork_temp_max').stdout).not.toContain('is no worse');
  });

  it('counts readings that never change as a draw', () => {
    const flat = csv(Array.from({ length: 1461 }, () => 5));
    expect(train(seattle, { data: flat }, join(folder, 'flat')).metrics()).toMatchObject({
      skill: 0,
      beats_naive: 0,
    });
  });

  it.each([
    [
      'an unknown column',
      { features: 'temp_mux' },
      "has no column 'temp_mux'; it has location, date, precipitation",
    ],
    [
      'several columns',
      { features: 'wind,temp_max' },
      'a circuit forecasts one column, but features names several',
    ],
    ['an unknown plant', { plant_id: 'boston' }, "has no plant 'boston'; it has New York, Seattle"],
    ['too few days', { training_days: 300 }, 'seattle has 300 days in the window; these settings need 396'],
    ['a window without readings', { cutoff_date: '2030-01-01' }, 'no readings of seattle after 2026-01-01'],
    ['a cutoff date that is none', { cutoff_date: '2015-02-30' }, "cutoff_date: '2015-02-30' is not a day"],
    ['a setting out of range', { lags: 0 }, 'lags is 0; it must be a number of at least 1'],
    [
      'square roots of frost',
      { transform: 'sqrt' },
      'transform sqrt needs readings of 0 or more; one is -1.6',
    ],
    ['no file', { data: '/nowhere/weather.csv' }, '/nowhere/weather.csv: No such file or directory'],
  ])('refuses %s with one line and writes nothing', (name, change, message) => {
    const refused = train(seattle, change, join(folder, name));
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/^error: [^\n]+\n$/);
    expect(refused.stderr).toContain(message);
    expect(() => refused.model()).toThrow(/ENOENT/);
  });

  it.each([
    ['a missing day', 'Seattle,2012-01-02,1\nSeattle,2012-01-04,1', 'seattle has no reading for 2012-01-03'],
    [
      'a day twice',
      'Seattle,2012-01-02,1\nSeattle,2012-01-02,1',
      'line 3: a second reading of seattle for 2012-01-02',
    ],
    ['an empty reading', 'Seattle,2012-01-02,', "line 2: temp_max: '' is not a number"],
    ['a short row', 'Seattle,2012-01-02', "line 2: temp_max: '' is not a number"],
    ['an infinite reading', 'Seattle,2012-01-02,inf', "line 2: temp_max: 'inf' is not a number"],
    ['a day in another format', 'Seattle,02.01.2012,1', "line 2: '02.01.2012' is not a day like 2015-12-31"],
  ])('refuses a file with %s, and says where', (name, rows, message) => {
    const path = join(folder, `${name}.csv`);
    writeFileSync(path, `location,date,temp_max\n${rows}\n`);
    const refused = train(seattle, { data: path }, join(folder, name));
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain(message);
  });
});

describe('predict.py', () => {
  const predict = (...args: string[]) => python([join(code, 'predict.py'), ...args]);

  it('prints the days after the last reading, from the folder or the file', () => {
    const { status, stdout } = predict(join(folder, 'newyork_wind'), '--days', '3');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^2016-01-01 {2}\d+\.\d\n2016-01-02 {2}\d+\.\d\n2016-01-03 {2}\d+\.\d\n$/);
    expect(predict(join(folder, 'newyork_wind/model.json'), '--days', '3').stdout).toBe(stdout);
    expect(outcomeOf('newyork_wind').stdout).toContain(`2016-01-01 is ${stdout.slice(12, 15)}`);
  });

  it('settles towards the season when it looks far ahead, and never forecasts less than no rain', () => {
    const values = (id: string) =>
      predict(join(folder, id), '--days', '366')
        .stdout.trim()
        .split('\n')
        .map((line) => Number(line.slice(12)));
    const temperatures = values('seattle_temp_max');
    expect(mean(temperatures.slice(181, 212))).toBeGreaterThan(22);
    expect(mean(temperatures.slice(335))).toBeLessThan(10);
    expect(Math.min(...values('seattle_precipitation'))).toBeGreaterThanOrEqual(0);
  });

  it('refuses what is no model with one line', () => {
    const refused = predict(join(folder, 'seattle_wind/metrics.json'));
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/^error: .* is not a model written by train\.py: [^\n]+\n$/);
  });
});

const valuesAsInputs = (circuit: Circuit) =>
  Object.fromEntries(Object.keys(valuesOf(circuit)).map((name) => [name, { type: expect.any(String) }]));

function circuitOf(id: string): Circuit {
  const found = fleet.circuits.find((circuit) => idOf(circuit) === id);
  if (!found) throw new Error(`no circuit ${id}`);
  return found;
}

function outcomeOf(id: string): Outcome {
  const found = trained.get(id);
  if (!found) throw new Error(`${id} was not trained`);
  return found;
}

const metricsInOrder = (metrics: Metrics): string[] =>
  ['mae', 'naive_mae', 'skill', 'median_mae', 'rmse', 'naive_rmse'].map((name) =>
    (metrics[name] ?? NaN).toFixed(3),
  );

/** The readings of a place, and one row of the regression for each day that has `lags` days before it. */
function designOf(place: string, column: string, lags: number): { values: number[]; rows: number[][] } {
  const [header = '', ...lines] = readFileSync(data, 'utf8').trim().split('\n');
  const at = header.split(',').indexOf(column);
  const cells = lines.map((line) => line.split(',')).filter((row) => row[0] === place);
  const values = cells.map((row) => Number(row[at]));
  const rows = cells.slice(lags).map((row, i) => {
    const day = Date.parse(row[1] ?? '');
    const day_of_year = (day - Date.UTC(new Date(day).getUTCFullYear(), 0, 0)) / 86_400_000;
    const angle = (2 * Math.PI * day_of_year) / 365.25;
    const waves = [Math.sin(angle), Math.cos(angle), Math.sin(2 * angle), Math.cos(2 * angle)];
    return [1, ...waves, ...values.slice(i, i + lags).toReversed()];
  });
  return { values, rows };
}

function csv(values: readonly number[]): string {
  const path = join(mkdtempSync(join(folder, 'csv-')), 'weather.csv');
  const day = (i: number) => new Date(Date.UTC(2012, 0, 1 + i)).toISOString().slice(0, 10);
  writeFileSync(
    path,
    ['location,date,temp_max', ...values.map((value, i) => `Seattle,${day(i)},${value}`), ''].join('\n'),
  );
  return path;
}

/** The same numbers from 0 to 1 on every machine. */
function randoms(count: number): number[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  });
}

/** Sums as far as the shorter one goes. */
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => (i < b.length ? sum + x * (b[i] ?? 0) : sum), 0);
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
