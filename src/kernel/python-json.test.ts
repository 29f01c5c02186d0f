import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runPython } from '../../test/python.ts';
import { pythonFloat, pythonJson } from './python-json.ts';
import { WholeFloat } from './yaml.ts';

describe('pythonJson', () => {
  it('writes separators, whole floats and big integers as CPython does', () => {
    const value = {
      b: [1, new WholeFloat(1), 0.5],
      a: { x: null, y: true },
      c: 12_345_678_901_234_567_890n,
      d: new WholeFloat(1e22),
    };
    expect(pythonJson(value)).toBe(
      '{"a": {"x": null, "y": true}, "b": [1, 1.0, 0.5], "c": 12345678901234567890, "d": 1e+22}',
    );
  });

  it('sorts keys by code point, not by UTF-16 unit', () => {
    expect(pythonJson({ '😀': 1, '\uFF5E': 2 })).toBe('{"\\uff5e": 2, "\\ud83d\\ude00": 1}');
  });

  it('counts undefined as null', () => {
    expect(pythonJson(undefined)).toBe('null');
  });

  it('keeps a key __proto__', () => {
    expect(pythonJson(JSON.parse('{"__proto__": 1}'))).toBe('{"__proto__": 1}');
  });

  it('escapes every character as CPython does', (context) => {
    const texts = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code));
    const python = runPython(
      'import json,sys\nfor c in json.load(sys.stdin): print(json.dumps(c))',
      JSON.stringify(texts),
    );
    if (python === null) return context.skip('there is no python3');
    expect(texts.map(pythonJson)).toEqual(python.trimEnd().split('\n'));
  });
});

describe('pythonFloat', () => {
  it.each([
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [1.5e300, '1.5e+300'],
    [5e-324, '5e-324'],
    [-0, '-0.0'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ])('writes %d as %s', (value, text) => {
    expect(pythonFloat(value)).toBe(text);
  });

  it('writes any float as repr() does', (context) => {
    const any = fc.oneof(
      fc.double({ noNaN: true }),
      fc.integer({ min: -400, max: 400 }).map((e) => Number(`1.7e${e}`)),
      fc.integer().map((n) => n / 1000),
    );
    const floats = [...fc.sample(any, { numRuns: 5000, seed: 7 })];
    const bytes = Buffer.alloc(floats.length * 8);
    for (const [i, float] of floats.entries()) bytes.writeDoubleBE(float, i * 8);
    const python = runPython(
      'import json,struct,sys\nb = bytes.fromhex(sys.stdin.read())\nfor (x,) in struct.iter_unpack(">d", b): print(json.dumps(x))',
      bytes.toString('hex'),
    );
    if (python === null) return context.skip('there is no python3');
    expect(floats.map(pythonFloat)).toEqual(python.trimEnd().split('\n'));
  });
});
