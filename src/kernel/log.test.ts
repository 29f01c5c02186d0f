import { describe, expect, it } from 'vitest';
import { openLog } from './log.ts';
import type { LogFormat, LogLevel } from './log.ts';
import { redactor } from './redact.ts';

async function logged(format: LogFormat, level: LogLevel = 'info') {
  const lines: string[] = [];
  const clean = redactor(['hush-hush']);
  return { lines, log: await openLog({ format, level, clean, write: (line) => lines.push(line) }) };
}

describe('a log', () => {
  it('is one JSON document a line, with facts beside the words', async () => {
    const { lines, log } = await logged('json');
    log.info({ run: 3, job: 'kiln_1' }, 'It trains.\nReally.');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      run: 3,
      job: 'kiln_1',
      message: 'It trains.\nReally.',
    });
  });

  it('is text for people where they read it', async () => {
    const { lines, log } = await logged('text');
    log.info({ run: 3, stage: null }, 'It trains.');
    log.error({ error: new Error('no disk') }, 'It does not.');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d It trains\. {2}run=3\n$/);
    expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d error: It does not\.\nError: no disk\n {4}at /);
  });

  it.each(['json', 'text'] as const)(
    'holds no secret and no token, wherever they stand (%s)',
    async (format) => {
      const { lines, log } = await logged(format);
      const token = `ty_${'a'.repeat(43)}`;
      const error = new Error(`wrong: hush-hush`, { cause: new Error(token) });
      log.warn({ error, url: `https://x.example/?t=${token}` }, `Sent hush-hush and ${token}.`);
      expect(lines.join('')).not.toMatch(/hush-hush|ty_a/);
      expect(lines.join('')).toContain('[redacted]');
    },
  );

  it('leaves out what is below its level', async () => {
    const { lines, log } = await logged('json', 'warn');
    log.info({}, 'a');
    log.debug({}, 'b');
    log.warn({}, 'c');
    log.error({}, 'd');
    expect(lines).toHaveLength(2);
  });
});
