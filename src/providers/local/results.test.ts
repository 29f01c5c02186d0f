import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AssetType, OutputSpec } from '../../assets/index.ts';
import { componentOf } from './local-harness.ts';
import { parseMetrics, readLog, readOutputs } from './results.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'trainyard-results-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, data: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), data);
}

const component = (types: Record<string, AssetType>) =>
  componentOf({
    command: 'true',
    code: null,
    environment: null,
    inputs: {},
    outputs: Object.fromEntries(
      Object.entries(types).map(([n, type]): [string, OutputSpec] => [n, { type, description: null }]),
    ),
    environment_variables: {},
  });

describe('readOutputs', () => {
  it('takes the first metrics.json in the order of the outputs', async () => {
    write('outputs/b/metrics.json', '{"mae": 2}');
    write('outputs/c/metrics.json', '{"mae": 3}');
    const outputs = readOutputs(folder, component({ a: 'uri_folder', b: 'uri_folder', c: 'uri_folder' }));
    expect(outputs.metrics).toEqual({ mae: 2 });
  });

  it('takes an output that is a file named metrics for one', async () => {
    write('outputs/metrics/metrics', '{"mae": 4}');
    const outputs = readOutputs(folder, component({ model: 'custom_model', metrics: 'uri_file' }));
    expect(outputs.metrics).toEqual({ mae: 4 });
    expect((await outputs.files('metrics')).map((f) => f.path)).toEqual(['metrics']);
  });

  it('refuses metrics above 1 MB', async () => {
    write('outputs/a/metrics.json', `{"mae": 1, "x": "${'x'.repeat(1 << 20)}"}`);
    const outputs = readOutputs(folder, component({ a: 'uri_folder' }));
    expect(outputs.metrics).toBeNull();
    expect(outputs.metrics_problem).toContain('larger than 1 MB');
  });

  it('leaves out links that lead nowhere', async () => {
    write('outputs/a/model.bin', 'x');
    symlinkSync('nowhere', join(folder, 'outputs/a/broken'));
    const outputs = readOutputs(folder, component({ a: 'uri_folder' }));
    expect((await outputs.files('a')).map((f) => f.path)).toEqual(['model.bin']);
  });

  it('finds nothing under a name that no output has, whatever the name is', async () => {
    write('log', 'secret');
    const outputs = readOutputs(folder, component({ a: 'uri_folder' }));
    expect(await outputs.files('..')).toEqual([]);
    expect(await outputs.files('constructor')).toEqual([]);
  });
});

describe('parseMetrics', () => {
  it('keeps finite numbers and names the rest', () => {
    const { metrics, metrics_problem } = parseMetrics(
      '{"mae": 1.5, "n": NaN, "i": -Infinity, "s": "NaN", "o": {}}',
      'metrics.json',
    );
    expect(metrics).toEqual({ mae: 1.5 });
    expect(metrics_problem).toBe('metrics.json: not finite numbers and left out: n, i, s, o.');
  });

  it('says what is wrong with a file that holds no map', () => {
    expect(parseMetrics('[1]', 'm')).toEqual({
      metrics: null,
      metrics_problem: 'm is not a map of names to numbers.',
    });
    expect(parseMetrics('{"a": ', 'm')).toEqual({ metrics: null, metrics_problem: 'm is not JSON.' });
  });
});

describe('readLog', () => {
  it('never splits a character, whatever the limit is', async () => {
    const text = 'aé水🚂'.repeat(20);
    write('log', text);
    for (const limit of [1, 4, 5, 6, 7, 100]) {
      let read = '';
      for (let offset = 0, ended = false; !ended;) {
        const chunk = await readLog(folder, { offset, limit, over: true });
        read += chunk.text;
        offset = chunk.next_offset;
        ended = chunk.ended;
      }
      expect(read).toBe(text);
    }
  });

  it('holds back the beginning of a character until the rest is written, but not for ever', async () => {
    write('log', Buffer.from('ab水').subarray(0, 4));
    expect(await readLog(folder, { offset: 0, limit: 100, over: false })).toEqual({
      text: 'ab',
      next_offset: 2,
      ended: false,
    });
    expect(await readLog(folder, { offset: 0, limit: 100, over: true })).toEqual({
      text: 'ab\ufffd',
      next_offset: 4,
      ended: true,
    });
  });
});
