import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  azureCommand,
  azureIssue,
  fewIssues,
  githubCommand,
  githubIssue,
  githubOutput,
} from './build-commands.ts';
import type { Issue } from './build-commands.ts';
import { commandsIn, outputsIn } from './test-agents.ts';

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ';',
        ']',
        '\r',
        '\n',
        '%',
        '%3B',
        '%0A',
        '%AZP25',
        '%25',
        ',',
        ':',
        '::',
        '=',
        '##vso[',
        'a',
      ),
      fc.string({ maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 10 },
  )
  // An agent drops what is empty, and the disguises that it passes over are not for values of ours.
  .map((parts) => `x${parts.join('')}`);

const issue = fc.record<Issue>({
  kind: fc.constantFrom('error', 'warning'),
  title: hostile,
  message: hostile,
});

describe('a command', () => {
  it('reaches Azure DevOps as it was meant, whatever stands in it', () => {
    fc.assert(
      fc.property(hostile, hostile, (property, value) => {
        expect(
          commandsIn(azureCommand('task.setvariable', { variable: property, isOutput: 'true' }, value)),
        ).toEqual([
          {
            agent: 'azure',
            name: 'task.setvariable',
            properties: { variable: property, isOutput: 'true' },
            value,
          },
        ]);
      }),
    );
  });

  it('reaches GitHub as it was meant, whatever stands in it', () => {
    fc.assert(
      fc.property(hostile, hostile, (title, value) => {
        const [first, ...others] = commandsIn(githubCommand('error', { title }, value)).filter(
          // Its reader looks for the newer form first, and takes the line for that.
          ({ agent, name }) => agent === 'github' && !name.startsWith('##['),
        );
        expect(first).toEqual({ agent: 'github', name: 'error', properties: { title }, value });
        expect(others).toEqual([]);
      }),
    );
  });

  it.each([
    [
      azureCommand('task.complete', { result: 'SucceededWithIssues' }),
      '##vso[task.complete result=SucceededWithIssues]',
    ],
    [azureCommand('task.uploadsummary', {}, '/a/100%.md'), '##vso[task.uploadsummary]/a/100%AZP25.md'],
    [githubCommand('warning', { title: 'a:b,c' }, '50 %\n'), '::warning title=a%3Ab%2Cc::50 %25%0A'],
  ])('is spelled as the documentation has it: %s', (line, expected) => {
    expect(line).toBe(expected);
  });
});

describe('an issue', () => {
  it('is one line with one command in it', () => {
    fc.assert(
      fc.property(issue, (one) => {
        for (const line of [azureIssue(one), githubIssue(one)]) {
          expect(line).not.toMatch(/[\r\n]/);
          expect(commandsIn(line)).toHaveLength(1);
          expect(line.length).toBeLessThan(4096);
        }
        expect(commandsIn(azureIssue(one))).toMatchObject([
          { name: 'task.logissue', properties: { type: one.kind } },
        ]);
        expect(commandsIn(githubIssue(one))).toMatchObject([{ name: one.kind }]);
      }),
    );
  });

  it('is cut where it is longer than a list shows', () => {
    const one: Issue = { kind: 'error', title: 'a', message: 'x'.repeat(100_000) };
    expect(azureIssue(one).length).toBeLessThan(1100);
    expect(githubIssue(one).length).toBeLessThan(1100);
  });
});

describe('issues of a step', () => {
  const many = (kind: Issue['kind'], n: number): Issue[] =>
    Array.from({ length: n }, (_, i) => ({ kind, title: `${kind} ${i}`, message: '' }));

  it('are ten of a kind at most, the last of which counts the others', () => {
    expect(fewIssues([...many('error', 10), ...many('warning', 2)])).toHaveLength(12);
    const few = fewIssues([...many('error', 500), ...many('warning', 11)]);
    expect(few.filter((i) => i.kind === 'error')).toHaveLength(10);
    expect(few[9]).toMatchObject({
      title: '491 more',
      message: expect.stringContaining('all 500') as unknown,
    });
    expect(few.at(-1)).toMatchObject({ kind: 'warning', title: '2 more' });
  });

  it('share their room with what the step showed before', () => {
    expect(fewIssues(many('error', 3), { error: 8, warning: 0 }).map((i) => i.title)).toEqual([
      'error 0',
      '2 more',
    ]);
    expect(fewIssues(many('error', 3), { error: 10, warning: 0 })).toEqual([]);
  });
});

describe('an output of GitHub', () => {
  it('is the value, whatever stands in it', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const text = githubOutput('a', value, 'limit_1f') + githubOutput('b', 'true', 'limit_1f');
        expect(outputsIn(text)).toEqual({ a: value, b: 'true' });
      }),
    );
  });
});
