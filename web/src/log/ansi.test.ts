import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PLAIN, hasControls, parseAnsi, stripAnsi } from './ansi.ts';

const spans = (line: string): unknown[] =>
  parseAnsi(line).spans.map(({ text, style }) => [
    text,
    Object.fromEntries(
      Object.entries(style).filter(([name, value]) => value !== PLAIN[name as keyof typeof PLAIN]),
    ),
  ]);

describe('terminal text', () => {
  it.each([
    ['plain', [['plain', {}]]],
    [
      '\u001b[31mred\u001b[0m then plain',
      [
        ['red', { ink: 1 }],
        [' then plain', {}],
      ],
    ],
    [
      '\u001b[1;4;92mloud\u001b[22;24mless',
      [
        ['loud', { bold: true, underline: true, ink: 10 }],
        ['less', { ink: 10 }],
      ],
    ],
    ['\u001b[38;5;208mx', [['x', { ink: '#ff8700' }]]],
    ['\u001b[38:5:9mx', [['x', { ink: 9 }]]],
    ['\u001b[48;2;1;2;255;1mx', [['x', { ground: '#0102ff', bold: true }]]],
    [
      '\u001b[38;5;244mx\u001b[mplain',
      [
        ['x', { ink: '#808080' }],
        ['plain', {}],
      ],
    ],
    ['\u001b[38;5;999mx\u001b[38;2;1;2;300my', [['xy', {}]]],
    ['a\u001b[2Kb\u001b[1;1Hc', [['abc', {}]]],
    ['\u001b]8;;https://example.org\u0007link\u001b]8;;\u0007', [['link', {}]]],
    ['\u001b]0;title\u001b\\text', [['text', {}]]],
    ['bell\u0007 back\u0008 nul\u0000', [['bell back nul', {}]]],
    ['tab\tstays', [['tab\tstays', {}]]],
    ['cut off \u001b[3', [['cut off 3', {}]]],
    ['<img src=x onerror=alert(1)>', [['<img src=x onerror=alert(1)>', {}]]],
  ])('is read safely: %j', (line, expected) => {
    expect(spans(line)).toEqual(expected);
  });

  it('hands the style on to the next line', () => {
    const { style } = parseAnsi('\u001b[33mwarning');
    expect(parseAnsi('goes on', style).spans).toEqual([{ text: 'goes on', style: { ...PLAIN, ink: 3 } }]);
  });

  it('never shows a control character, whatever comes', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '\u001b',
        '\u001b[',
        '\u001b]',
        '\u009b',
        ';',
        '38',
        'm',
        '\u0007',
        '\u001b\\',
        '0',
        '31',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const line = pieces.join('');
        const text = parseAnsi(line)
          .spans.map((span) => span.text)
          .join('');
        expect(text).toBe(stripAnsi(line));
        expect(hasControls(text)).toBe(false);
      }),
    );
  });

  // Steps that grow with the square of the length would not be done within the time a test has.
  it('reads a line of a million characters', () => {
    const long = '\u001b[3'.repeat(300_000);
    const open = `\u001b]${'x'.repeat(1_000_000)}`;
    for (const line of [long, open])
      expect(
        hasControls(
          parseAnsi(line)
            .spans.map(({ text }) => text)
            .join(''),
        ),
      ).toBe(false);
  });
});
