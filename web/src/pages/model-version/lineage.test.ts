import { describe, expect, it } from 'vitest';
import type { VersionView } from '../../models/index.ts';
import { fitted, layAcross, layDown } from './lineage-layout.ts';
import type { LineageLayout } from './lineage-layout.ts';
import { lineageParts } from './lineage-nodes.ts';

const version = (more: Partial<VersionView> = {}): VersionView => ({
  registry: 'dev',
  model_name: 'seattle-wind',
  version: 3,
  circuit_id: 'seattle_wind',
  pr: false,
  digest: 'd',
  files: [],
  tags: {},
  metrics: {},
  job_id: 'job_1',
  job_name: 'seattle_wind_2015_12_31',
  run_id: 'run_1',
  training_hash: '03feb9efb153',
  inputs_digest: 'b99744c467c8',
  created_at: '2026-01-31T12:00:00.000Z',
  withdrawn: null,
  files_removed_at: null,
  state: 'good',
  promoted: true,
  promoted_at: '2026-01-31T13:00:00.000Z',
  run: 7,
  size: 0,
  settings: {},
  lineage: {
    model: 'seattle-wind:3',
    digest: 'd',
    circuit_id: 'seattle_wind',
    run_id: 'run_1',
    job_id: 'job_1',
    job_name: 'seattle_wind_2015_12_31',
    retry: false,
    pr: false,
    training_hash: '03feb9efb153',
    inputs_digest: 'b99744c467c8',
    cutoff_date: '2015-12-31',
    data_version: '27219f1ca8db',
    component_version: '1',
    environment_version: '1',
    git_commit: '6cc087f959a11101808343ba25ec0d5d0967c58e',
  },
  promotion: { at: '2026-01-31T13:00:00.000Z', withdrawn: false, approval_id: 'apr_1' },
  quality: [],
  ...more,
});

const told = (v: VersionView): string[] =>
  [...lineageParts(v).sources, ...lineageParts(v).line].map(
    ({ kind, text, to, state }) =>
      `${kind} ${text}${to === null ? '' : ` ${to}`}${state === 'there' ? '' : ` ${state}`}`,
  );

describe('the lineage of a version', () => {
  it('leads from what it was made from to the shared registry, by their pages', () => {
    expect(told(version())).toEqual([
      'Settings 03feb9efb153 /fleet/seattle_wind',
      'Data 27219f1ca8db',
      'Commit 6cc087f959a1',
      'Component 1',
      'Environment 1',
      'Run 7 /runs/7',
      'Job seattle_wind_2015_12_31 /jobs/seattle_wind_2015_12_31',
      'Version v3 /models/seattle-wind/3',
      'Promotion approved /approvals/apr_1',
      'Shared v3',
    ]);
  });

  it('leaves out what the run did not say', () => {
    const { lineage } = version();
    const little = { ...lineage, data_version: null, git_commit: null, environment_version: null };
    expect(lineageParts(version({ lineage: little })).sources.map((s) => s.kind)).toEqual([
      'Settings',
      'Component',
    ]);
  });

  it('links to no run that was removed, and says that it was', () => {
    expect(told(version({ run: null })).slice(5, 7)).toEqual([
      'Run removed gone',
      'Job seattle_wind_2015_12_31 gone',
    ]);
  });

  it('does not lead from a rehearsal to what runs made', () => {
    expect(told(version({ registry: 'rehearsal-dev' })).at(7)).toBe('Version v3');
  });

  it('ends where it was not promoted', () => {
    expect(told(version({ promotion: null })).slice(7)).toEqual([
      'Version v3 /models/seattle-wind/3',
      'Promotion not promoted ahead',
    ]);
  });

  it('expects no promotion of what cannot be promoted', () => {
    const { lineage } = version();
    const pr = version({ promotion: null, pr: true, lineage: { ...lineage, pr: true } });
    expect(lineageParts(pr).line.at(-1)?.kind).toBe('Version');
  });

  it('says what was withdrawn, here and where it was shared', () => {
    const withdrawn = { at: '2026-02-01T00:00:00.000Z', by: 'ada', reason: 'a broken sensor' };
    const promotion = { at: '2026-01-31T13:00:00.000Z', withdrawn: true, approval_id: null };
    expect(told(version({ state: 'withdrawn', withdrawn, promotion })).slice(7)).toEqual([
      'Version, withdrawn v3 /models/seattle-wind/3 gone',
      'Promotion approved',
      'Shared, withdrawn v3 gone',
    ]);
  });
});

/** Boxes that lie over each other, or beyond the picture. */
function misplaced({ boxes, width, height }: LineageLayout): string[] {
  const faults: string[] = [];
  for (const [i, a] of boxes.entries()) {
    if (a.x < 0 || a.y < 0 || a.x + a.width > width || a.y + a.height > height)
      faults.push(`${a.node.kind} is beyond the picture`);
    for (const b of boxes.slice(i + 1))
      if (a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)
        faults.push(`${a.node.kind} lies over ${b.node.kind}`);
  }
  return faults;
}

describe('the picture of it', () => {
  const parts = lineageParts(version());

  it('has every node once and an edge to all but the first, and nothing lies over another', () => {
    for (const layout of [layAcross(parts), layDown(parts, 311), layDown(parts, 260)]) {
      expect(layout.boxes).toHaveLength(10);
      expect(new Set(layout.edges.map((edge) => edge.key)).size).toBe(layout.edges.length);
      expect(misplaced(layout)).toEqual([]);
    }
  });

  it('is as wide as it is told to be where it goes down', () => {
    const { boxes, width } = layDown(parts, 311);
    expect(width).toBe(311);
    expect(Math.max(...boxes.map((box) => box.x + box.width))).toBe(311);
  });

  it('marks the way to what is not there yet', () => {
    const { edges } = layAcross(lineageParts(version({ promotion: null })));
    expect(edges.filter((edge) => edge.ahead).map((edge) => edge.key)).toEqual(['promotion']);
  });

  it('shortens long names in the middle', () => {
    expect(fitted('short', 100)).toBe('short');
    expect(fitted('seattle_temperature_2015_12_31', 146)).toBe('seattle_te…015_12_31');
    expect(fitted('seattle_temperature_2015_12_31', 140)).toHaveLength(19);
  });
});
