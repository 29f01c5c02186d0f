import { describe, expect, it } from 'vitest';
import { adviceFor } from '../advice.ts';
import { KNOWN_CAUSES, causeWithId, findCause } from './find-cause.ts';

describe('known causes', () => {
  it('are looked for in bounded time: every repetition in a pattern has a limit', () => {
    for (const { id, pattern } of KNOWN_CAUSES) {
      const plain = pattern.source.replaceAll(/\\./g, '_').replaceAll(/\[[^\]]*\]/g, '_');
      expect(plain, id).not.toMatch(/[*+]|\{\d+,\}/);
      expect(pattern.flags, id).not.toMatch(/[gy]/);
    }
  });

  it('keep their advice when only class and title are known', () => {
    for (const cause of KNOWN_CAUSES) {
      if (cause.title === undefined || cause.advice === undefined) continue;
      expect(adviceFor({ class: cause.class, title: cause.title, sample: [] })).toBe(cause.advice);
    }
  });

  it('share an id only with causes of their class', () => {
    for (const cause of KNOWN_CAUSES) expect(causeWithId(cause.id).class).toBe(cause.class);
    expect(() => causeWithId('bad luck')).toThrow('There is no known cause "bad luck".');
  });

  it('are told apart by what their patterns name, without the names of the job itself', () => {
    const key = (text: string, own: string[] = []): string | undefined => findCause(text, own)?.key;
    expect(key("ModuleNotFoundError: No module named 'prophet'")).toBe('prophet');
    expect(key("KeyError: 'flow_2'")).toBe('flow_2');
    expect(key("KeyError: 'flottec_2110'", ['flottec_2110'])).toBe('<own>');
    expect(key("FileNotFoundError: [Errno 2] No such file or directory: '/a/7/flottec_2110/x.csv'")).toBe(
      '<path>/x.csv',
    );
    expect(key('HTTPError: 503 Server Error: busy for url: https://api2.example.com:8443/v1?x=3')).toBe(
      '503\napi<n>.example.com',
    );
    expect(key('the weather is nice')).toBeUndefined();
  });
});
