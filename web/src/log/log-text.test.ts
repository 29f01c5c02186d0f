import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogText } from './log-text.ts';

const of = (...pieces: string[]): LogText => {
  const log = new LogText();
  for (const piece of pieces) log.append(piece);
  return log;
};
const texts = (log: LogText): string[] =>
  Array.from({ length: log.count }, (_, i) =>
    log
      .line(i)
      .map((span) => span.text)
      .join(''),
  );

describe('a log', () => {
  it.each([
    [['one\ntwo\n'], ['one', 'two']],
    [
      ['one\ntw', 'o\nthree'],
      ['one', 'two', 'three'],
    ],
    [
      ['a\n', '\n', 'b'],
      ['a', '', 'b'],
    ],
    [['a\r\nb\r\n'], ['a', 'b']],
    [[' 10 %\r 50 %\r100 %\ndone\n'], ['100 %', 'done']],
    [['\u001b[3', '1mred\n'], ['red']],
    [[''], []],
  ])('is lines, wherever its pieces end: %j', (pieces, expected) => {
    expect(texts(of(...pieces))).toEqual(expected);
  });

  it('is the same in whatever pieces it comes', () => {
    const letter = fc.constantFrom('a', 'b', '\n', '\r', '\u001b[31m', '\u001b[0m', 'ü');
    fc.assert(
      fc.property(fc.array(letter), fc.array(fc.nat(40)), (letters, cuts) => {
        const text = letters.join('');
        const pieces: string[] = [];
        let from = 0;
        for (const cut of cuts) {
          pieces.push(text.slice(from, from + cut));
          from += cut;
        }
        pieces.push(text.slice(from));
        const [whole, cutUp] = [of(text), of(...pieces)];
        expect(texts(cutUp)).toEqual(texts(whole));
        for (let i = 0; i < whole.count; i += 1) expect(cutUp.line(i)).toEqual(whole.line(i));
      }),
    );
  });

  it('keeps a colour over the end of a line until it is taken back', () => {
    const log = of('\u001b[31mfirst\nsecond\n', 'third\u001b[0m\nfourth\n');
    expect([0, 1, 2, 3].map((i) => log.line(i)[0]?.style.ink)).toEqual([1, 1, 1, null]);
  });

  it('finds text in any case, through colours, and goes on where it stopped', () => {
    const log = of('Loss 1\nval \u001b[1mLO\u001b[0mSS 2\nend\n');
    expect(log.find('loss')).toEqual([0, 1]);
    log.append('loss 3\n');
    expect(log.find('loss', 3)).toEqual([3]);
    expect(log.find('')).toEqual([]);
  });

  it('takes two hundred thousand lines, and finds text in each', () => {
    const log = new LogText();
    for (let i = 0; i < 200; i += 1) log.append('epoch 1 loss 0.25 and some more words\n'.repeat(1000));
    expect(log.count).toBe(200_000);
    expect(log.find('words').length).toBe(200_000);
  });
});
