import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FAILURE_CLASSES, Failure, analyzeFailure, groupFailures } from '../index.ts';

const folder = join(import.meta.dirname, '../../../test/fixtures/failures');
const Label = z.object({
  reason: z.string().nullable(),
  message: z.string().nullable(),
  exit_code: z.number().nullable(),
  class: z.enum(FAILURE_CLASSES),
  cause: z.string(),
  set: z.string(),
});
const labels = z
  .record(z.string(), Label)
  .parse(JSON.parse(readFileSync(join(folder, 'labels.json'), 'utf8')));
const logs = Object.entries(labels).map(([file, label]) => {
  const log_tail = readFileSync(join(folder, file), 'utf8');
  return { file, label, log_tail, failure: analyzeFailure({ ...label, log_tail }) };
});

describe('the labelled corpus', () => {
  it('has a label for every log, and logs of every class', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.log'));
    expect(Object.keys(labels).toSorted()).toEqual(files.toSorted());
    expect(files.length).toBeGreaterThan(350);
    for (const of of FAILURE_CLASSES)
      expect(logs.filter(({ label }) => label.class === of).length).toBeGreaterThan(5);
  });

  it('is put into the right class, nine times out of ten and more', () => {
    const wrong = logs.filter(({ label, failure }) => label.class !== failure.class);
    const told = wrong.map(
      ({ file, label, failure }) => `${file}: ${failure.class} for ${label.class} (${failure.title})`,
    );
    expect(1 - wrong.length / logs.length, told.join('\n')).toBeGreaterThanOrEqual(0.9);
  });

  it('never has two causes in one group', () => {
    const causes = new Map<string, Map<string, string>>();
    for (const { file, label, failure } of logs) {
      const group = causes.get(failure.signature) ?? new Map<string, string>();
      causes.set(failure.signature, group.set(label.cause, file));
    }
    const mixed = [...causes.values()].filter((group) => group.size > 1);
    expect(
      mixed.map((group) => [...group].map(([cause, file]) => `${cause} (${file})`).join(' and ')),
    ).toEqual([]);
  });

  it('has one group for each cause, whatever paths, numbers and ids its logs have', () => {
    const signatures = new Map<string, Set<string>>();
    for (const { label, failure } of logs)
      signatures.set(label.cause, (signatures.get(label.cause) ?? new Set()).add(failure.signature));
    const split = [...signatures].filter(([, of]) => of.size > 1).map(([cause]) => cause);
    expect(split).toEqual([]);
    const groups = groupFailures(logs.map(({ file, failure }) => ({ circuit_id: file, failure })));
    expect(groups.length).toBe(signatures.size);
  });

  it('gives failures that can be stored and shown', () => {
    for (const { file, failure } of logs) {
      expect(Failure.safeParse(JSON.parse(JSON.stringify(failure))), file).toMatchObject({ success: true });
      expect(failure.title, file).toMatch(/^[^\x00-\x1f\x7f]+$/);
    }
  });

  it('shows the line of the cause among the lines around it', () => {
    const shown = (file: string): string =>
      logs.find((log) => log.file === file)?.failure.sample.join('\n') ?? '';
    expect(shown('nan-with-cleanup-noise.log')).toContain('ValueError: Input X contains NaN.');
    expect(shown('torchrun-rank-traceback.log')).toContain('KeyError: "[\'pump_speed\'] not in index"');
    expect(shown('spark-executor-lost-memory.log')).toContain('Container killed by YARN');
    expect(shown('killed-silent.log')).toContain('INFO:train:features: 11');
  });

  it('has the same signatures with other line numbers, addresses, ids and times', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...logs),
        fc.integer({ min: 1, max: 9 }),
        ({ label, log_tail, failure }, n) => {
          const again = analyzeFailure({
            ...label,
            message: label.message === null ? null : otherwise(label.message, n),
            log_tail: otherwise(log_tail, n),
          });
          expect(again).toMatchObject({ class: failure.class, signature: failure.signature });
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** The text as another attempt, on another day and machine, would have printed it. */
function otherwise(text: string, n: number): string {
  return text
    .replaceAll(/\bline (\d+)/g, (_, line: string) => `line ${Number(line) + 10 * n + 1}`)
    .replaceAll(/\b0x[0-9a-f]{6,}/g, `0x7f${n}0aa0${n}c400`)
    .replaceAll(
      /\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g,
      `${n}b0c9d8e-1f2a-4b3c-8d4e-5f6a7b8c9d0${n}`,
    )
    .replaceAll(/\b[0-9a-f]{32}\b/g, `${n}0e1f2a3b4c5d6e7f8091a2b3c4d5e6f${n}`)
    .replaceAll(/\b\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d/g, `2027-0${n}-11$113:0${n}:59`)
    .replaceAll(/\bpid([=:] ?)\d+/g, `pid$1${n}4711`);
}
