import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LineFile, type Fact } from './facts.ts';

describe('LineFile', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'trainyard-facts-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const closed = (at: number): Fact => ({ e: 'closed', at });

  it('gives each line once, to every reader', () => {
    const path = join(folder, 'deep', 'file.jsonl');
    const writer = new LineFile<Fact>(path);
    const reader = new LineFile<Fact>(path);
    expect(reader.readNew()).toEqual([]);
    writer.append([closed(1), closed(2)]);
    expect(reader.readNew()).toEqual([closed(1), closed(2)]);
    writer.append([closed(3)], { sync: true });
    expect(reader.readNew()).toEqual([closed(3)]);
    expect(writer.readNew()).toEqual([closed(1), closed(2), closed(3)]);
  });

  it('waits for the rest of a line that is only partly there', () => {
    const path = join(folder, 'file.jsonl');
    const reader = new LineFile<Fact>(path);
    appendFileSync(path, '{"e":"dropped","key":"ü');
    expect(reader.readNew()).toEqual([]);
    appendFileSync(path, '","at":1}\n');
    expect(reader.readNew()).toEqual([{ e: 'dropped', key: 'ü', at: 1 }]);
  });

  it('skips a line torn by a power cut and keeps what is written after it', () => {
    const path = join(folder, 'file.jsonl');
    const file = new LineFile<Fact>(path);
    file.append([closed(1)]);
    appendFileSync(path, '{"e":"ended","key":"a","co');
    expect(new LineFile<Fact>(path).readNew()).toEqual([closed(1)]);
    file.append([closed(2)]);
    expect(new LineFile<Fact>(path).readNew()).toEqual([closed(1), closed(2)]);
    appendFileSync(path, '\0\0\0\0\n[1]\n{"no":1}\n');
    file.append([closed(3)]);
    expect(new LineFile<Fact>(path).readNew()).toEqual([closed(1), closed(2), closed(3)]);
    expect(readFileSync(path, 'utf8')).toContain('"co\n');
  });
});
