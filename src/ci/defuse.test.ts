import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineDefuser, defuse, defuseJson } from './defuse.ts';
import { commandsIn } from './test-agents.ts';

/** Pieces of commands, in every disguise that an agent sees through, among ordinary output of trainings. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          '##vso[',
          '##vso[task.setvariable variable=a]b',
          '##VSO[',
          '##',
          '#',
          'vso[',
          '[',
          ']',
          'vs',
          'o[',
        ],
        ...[
          '##[error]',
          '##[add-path]',
          '##[',
          '::',
          ':',
          '::set-output name=a::b',
          '::stop-commands::t',
          '::error::',
        ],
        ...[
          '\n',
          '\r',
          '\r\n',
          ' ',
          '\t',
          '\u00AD',
          '\u200B',
          '\u200D',
          '\uFEFF',
          '\u0000',
          '\u001B[31m',
          '\u0085',
        ],
        ...['\u2028', '\v', '\f', '\u00A0', '\u{E0001}', 'epoch 1', 'loss: 0.3', '"', '\\', 'é'],
      ),
      fc.string({ maxLength: 4, unit: 'binary' }),
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(''));

describe('text of others', () => {
  it('holds no command for a build agent', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(commandsIn(defuse(text))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it('loses nothing: there is a space in each mark, and nothing else', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const defused = defuse(text);
        expect(defused.replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
        expect(defuse(defused)).toBe(defused);
        if (!/#|:/.test(text)) expect(defused).toBe(text);
      }),
    );
  });

  it.each([
    ['##vso[task.setvariable variable=a]b', '# #vso[task.setvariable variable=a]b'],
    [
      '12:00 failed: ##vso[task.complete result=Succeeded]',
      '12:00 failed: # #vso[task.complete result=Succeeded]',
    ],
    ['  ::set-output name=a::b', '  : :set-output name=a::b'],
    ['fine\r::add-mask::a', 'fine\r: :add-mask::a'],
    ['##[error]no', '# #[error]no'],
    ['## A heading', '## A heading'],
    ['std::vector', 'std::vector'],
    ['#1 of ##2', '#1 of ##2'],
  ])('%j is printed as %j', (text, expected) => {
    expect(defuse(text)).toBe(expected);
  });

  // Steps that grow with the square of the length would not be done within the time a test has.
  it('takes no longer for being made to', () => {
    for (const piece of ['#\u200B', '\u200B', '#', ':', ' ', '\n', '##v\u00AD', '\u2028'])
      for (const text of [
        piece.repeat(500_000),
        `#${piece.repeat(500_000)}`,
        `\n${piece.repeat(500_000)}:`,
      ]) {
        expect(defuse(text).length).toBeGreaterThan(0);
      }
  });
});

describe('a JSON document', () => {
  it('says what it said, and holds no command', () => {
    fc.assert(
      fc.property(fc.array(hostile), hostile, (list, key) => {
        const document = { list, [key]: key };
        for (const indent of [0, 2]) {
          const text = defuseJson(JSON.stringify(document, null, indent));
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(document)));
          expect(commandsIn(text)).toEqual([]);
        }
      }),
    );
  });
});

describe('text in pieces', () => {
  it('is defused as if it came whole, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 8 }), (pieces) => {
        const lines = new LineDefuser();
        const printed = [...pieces.map((piece) => lines.push(piece)), lines.end()].join('');
        expect(printed).toBe(defuse(pieces.join('')));
      }),
    );
  });

  it('keeps no line for longer than it can hold one', () => {
    const lines = new LineDefuser();
    const long = 'x'.repeat(100_000);
    expect(lines.push(long)).toBe(`${long}\n`);
    expect(lines.push('::error::a')).toBe('');
    expect(lines.end()).toBe(': :error::a');
  });
});
