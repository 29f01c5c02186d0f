import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalText } from './normal-text.ts';

describe('normalText', () => {
  it.each([
    ['took 3.5 s of 12,000 s at 2026-03-31T04:11:19.007Z', 'took <n> of <n> at <time>'],
    ['shape (25920, 96, 1004) and (64x14 and 12x128)', 'shape (<n>) and (<n> and <n>)'],
    ['Tried to allocate 2.00 GiB', 'Tried to allocate <n>'],
    ['run 4f1c2d3e-9a8b-4c7d-8e6f-5a4b3c2d1e0f of node 3fa2b1c0ffee', 'run <id> of node <id>'],
    ['object at 0x7f8f3c2c1a8c, 10.2.0.14:5432', 'object at <address>, <host>'],
    ['cannot read /mnt/azureml/cr/j/5d2f/wd/train_07.csv', 'cannot read <path>/train_<n>.csv'],
    ['cannot read C:\\jobs\\7\\train.csv or ./data/x.csv', 'cannot read <path>/train.csv or <path>/x.csv'],
    ['no data below /mnt/readings/2026-03', 'no data below <path>/readings/<n>-<n>'],
    [
      'https://user@plant7.blob.core.windows.net:443/raw/1?sig=x fails',
      '<url plant<n>.blob.core.windows.net> fails',
    ],
    ['failed for circuit flottec_2110', 'failed for circuit flottec_<n>'],
  ])('takes out what varies: %s', (text, plain) => {
    expect(normalText(text)).toBe(plain);
  });

  it.each([
    'HTTP 503 and status code: 403',
    '404 Client Error',
    '[Errno 28] No space left on device',
    'exit code 137, exit status 3, signal 9',
    '(os error 2) SQLSTATE: 42703',
    'float64 and int32 do not fit utf8',
    "'Net' object has no attribute 'fit'",
  ])('keeps numbers that stand for something: %s', (text) => {
    expect(normalText(text)).toBe(text);
  });

  it('takes out the names of the job itself, as whole words', () => {
    expect(normalText('no rows for kiln-2 in kiln-20', ['kiln-2'])).toBe('no rows for <own> in kiln-<n>');
    expect(normalText('a (b) x', ['(b)', 'x'])).toBe('a <own> x');
  });

  it('is the same for whatever numbers a text has', () => {
    const words = fc.stringMatching(/^[a-z]{1,8}$/);
    const number = fc.oneof(
      fc.nat(),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
    );
    fc.assert(
      fc.property(words, number, number, words, (before, a, b, after) => {
        const text = (n: number): string => normalText(`${before} is ${n}, ${after}`);
        expect(text(a)).toBe(text(b));
      }),
    );
  });
});
