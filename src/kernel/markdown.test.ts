import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { code, inline, page, row } from './markdown.ts';
import type { Section } from './markdown.ts';

/** What somebody may print who wants to be read as something else, among ordinary words. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['|', '`', '``', '\\', '\\|', '<', '<b>', '</td>', '<!--', '&lt;', '&#124;', '*', '**a**', '_'],
        ...[
          '[a](b)',
          '![',
          '](',
          '#',
          '# ',
          '- ',
          '+ ',
          '1. ',
          '2) ',
          '=',
          '---',
          '>',
          '~~',
          '$x$',
          '@ada',
          '{',
        ],
        ...['\n', '\r\n', '\t', '  ', '\n\n', '\u0000', '\u001B[31m', '\u202E', 'word', 'é', '😀', ':', '!'],
      ),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

/** The cells of the table's only row, as a browser would show them; null where the page is anything but that table. */
function shown(markdown: string): string[] | null {
  const html = String(marked.parse(`| a | b |\n| --- | --- |\n${markdown}\n\nend\n`, { async: false }));
  const body =
    /^<table>\n<thead>.*<\/thead>\n<tbody><tr>\n(.*)<\/tr>\n<\/tbody><\/table>\n<p>end<\/p>\n$/s.exec(
      html,
    )?.[1];
  if (body === undefined) return null;
  const cells = [...body.matchAll(/<td>(.*?)<\/td>\n/g)].map(([, cell = '']) => cell);
  // A link over an address that stands there is all the markup there may be.
  const texts = cells.map((cell) => cell.replaceAll(/<a href="[^"]*">|<\/a>|^<code>|<\/code>$/g, ''));
  return texts.some((text) => text.includes('<')) ? null : texts.map(unescape);
}

const unescape = (html: string): string =>
  html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

const visible = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    // oxlint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g, '')
    .trim();

describe('text of others', () => {
  it('shows as it is, whatever it contains', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const cells = shown(row([inline(text), 'next']));
        expect(cells?.map((cell) => cell.replaceAll('\u200B', ''))).toEqual([
          visible(text).replaceAll('\u200B', ''),
          'next',
        ]);
      }),
      { numRuns: 500 },
    );
  });

  it('shows as it is where it is to be copied', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const cells = shown(row([code(text), 'next']));
        expect(cells?.map((cell) => cell.replaceAll('\u200B', ''))).toEqual([
          visible(text).replaceAll('\u200B', ''),
          'next',
        ]);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['mentions nobody', '@ada and team/@ops', '@\u200Bada and team/@\u200Bops'],
    ['starts no list', '- a', '\\- a'],
    ['starts no numbered list', '12. a', '12\\. a'],
    ['is one line', 'a\n\n# b', 'a \\# b'],
  ])('%s', (_, text, expected) => {
    expect(inline(text)).toBe(expected);
  });

  it('is cut before it is escaped, so that no escape is cut in two', () => {
    expect(inline('|'.repeat(50), 3)).toBe('\\|\\|…');
  });

  it('is a code span where one can hold it', () => {
    expect(code('trainyard jobs logs kiln_1')).toBe('`trainyard jobs logs kiln_1`');
    expect(code('a`b')).toBe('a\\`b');
  });
});

describe('a page', () => {
  const list = (n: number, width: number): Section => ({
    head: ['## Rows'],
    rows: Array.from({ length: n }, (_, i) => () => `- ${i} ${'x'.repeat(width)}`),
    rest: (left) => `… and ${left} more`,
  });

  it('is never longer than it may be, is cut at a whole row, and counts what is left out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 60 }), fc.integer({ min: 1, max: 80 })), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 120, max: 3000 }),
        (shapes, limit) => {
          const text = page(
            shapes.map(([n, width]) => list(n, width)),
            limit,
          );
          expect(text.length).toBeLessThanOrEqual(limit);
          const parts = text.split('## Rows\n').slice(1);
          for (const [i, part] of parts.entries()) {
            const [n = 0, width = 0] = shapes[i] ?? [];
            const rows = part.split('\n').filter((line) => line.startsWith('- '));
            expect(rows.every((line) => line.length >= width + 4)).toBe(true);
            const left = Number(/… and (\d+) more/.exec(part)?.[1] ?? 0);
            expect(rows.length + left).toBe(n);
          }
        },
      ),
    );
  });

  it('gives no section more than its share', () => {
    const text = page([{ ...list(10, 5), most: 2 }]);
    expect(text).toBe('## Rows\n- 0 xxxxx\n- 1 xxxxx\n\n… and 8 more\n');
  });
});
