import { describe, expect, it } from 'vitest';
import { UsageError } from '../kernel/errors.ts';
import { parseJobList } from './job-list.ts';

const parse = (text: string | Buffer): string[] => parseJobList(Buffer.from(text), 'jobs.json');
const utf16 = (text: string): Buffer => Buffer.from(`\uFEFF${text}`, 'utf16le');

describe('a list of jobs', () => {
  it.each([
    ['a plain list', '["a", "b"]'],
    ['the artifact of a run', '{"run": 1, "jobs": ["a", "b"], "details": [{"name": "a"}, {"name": "b"}]}'],
    ['an object without details', '{"jobs": ["a", "b"]}'],
    ['a file with a byte order mark and spaces', '\uFEFF \r\n [" a ", "b\\n"] \n'],
    ['what PowerShell writes', utf16('["a", "b"]\r\n')],
    ['the same in the other order of bytes', utf16('["a", "b"]').swap16()],
    ['a list that names a job twice', '["a", "b", "a"]'],
  ])('is read from %s', (_, text) => {
    expect(parse(text)).toEqual(['a', 'b']);
  });

  it('may be empty', () => {
    expect(parse('[]')).toEqual([]);
    expect(parse('{"run": 1, "jobs": [], "details": []}')).toEqual([]);
  });

  it.each([
    ['', 'it is empty'],
    [' \n', 'it is empty'],
    ['seattle_wind', 'it is no JSON'],
    ['[', 'it is no JSON'],
    ['7', 'it is a number'],
    ['null', 'it is empty'],
    ['"a"', 'it is text'],
    ['{"job": []}', 'it is an object without `jobs`'],
    ['{"jobs": "a"}', '`jobs` is text'],
    ['{"jobs": {"a": 1}}', '`jobs` is a map'],
    ['["a", 3]', 'entry 2 is a number, not a name'],
    ['[{"name": "a"}]', 'entry 1 is a map, not a name'],
    ['["a", " "]', 'entry 2 is an empty name'],
    [Buffer.from([0xff, 0xfe, 0x00]), 'it is no JSON'],
  ])('is refused with what was expected: %j', (text, why) => {
    const error = refusal(text);
    expect(error.message).toMatch(/^jobs\.json is no list of jobs: .*\.$/);
    expect(error.message).toContain(why);
    expect(error.exit_code).toBe(2);
    expect(error.hint).toContain('a JSON list of job names, or an object with that list under `jobs`');
  });
});

function refusal(text: string | Buffer): UsageError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('was read without complaint');
}
