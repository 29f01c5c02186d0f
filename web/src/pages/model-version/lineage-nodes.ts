import type { VersionView } from '../../models/index.ts';
import { approvalPath, circuitPath, jobPath, runPath, versionPath } from '../../paths.ts';

/** One thing on the way from data to a shared model. */
export interface LineageNode {
  readonly key: string;
  /** What it is: `Commit`. */
  readonly kind: string;
  /** Which one. */
  readonly text: string;
  /** All of it, where the text is a part or names alone say too little. */
  readonly hint: string;
  /** Its page, where it has one. */
  readonly to: string | null;
  /** `ahead`: not there yet; `gone`: it was taken away or out of use. */
  readonly state: 'there' | 'ahead' | 'gone';
}

/** What a version was made from, and the line from its run to the shared registry. */
export interface LineageParts {
  readonly sources: readonly LineageNode[];
  readonly line: readonly LineageNode[];
}

export function lineageParts(version: VersionView): LineageParts {
  const { lineage } = version;
  return {
    sources: [
      node('settings', 'Settings', lineage.training_hash, {
        hint: `Training hash ${lineage.training_hash} of circuit ${lineage.circuit_id}`,
        to: circuitPath(lineage.circuit_id),
      }),
      ...source('data', 'Data', lineage.data_version, cutoff(lineage.cutoff_date)),
      ...source('commit', 'Commit', lineage.git_commit),
      ...source('component', 'Component', lineage.component_version),
      ...source('environment', 'Environment', lineage.environment_version),
    ],
    line: [runNode(version), jobNode(version), modelNode(version), ...sharing(version)],
  };
}

const node = (
  key: string,
  kind: string,
  text: string,
  more: Partial<Pick<LineageNode, 'hint' | 'to' | 'state'>> = {},
): LineageNode => ({ key, kind, text, hint: `${kind} ${text}`, to: null, state: 'there', ...more });

/** Left out where the run did not say. */
const source = (key: string, kind: string, value: string | null, more = ''): LineageNode[] =>
  value === null ? [] : [node(key, kind, short(value), { hint: `${kind} ${value}${more}` })];

const cutoff = (date: string | null): string => (date === null ? '' : `, up to ${date}`);

/** Long hashes by their first digits. */
const short = (value: string): string => (/^[\da-f]{16,}$/.test(value) ? value.slice(0, 12) : value);

const runNode = ({ run, lineage }: VersionView): LineageNode =>
  run === null
    ? node('run', 'Run', 'removed', { state: 'gone', hint: `Run ${lineage.run_id} was removed by retention` })
    : node('run', 'Run', String(run), { to: runPath(run) });

const jobNode = ({ run, lineage }: VersionView): LineageNode =>
  node('job', lineage.retry ? 'Job, a retry' : 'Job', lineage.job_name, {
    to: run === null ? null : jobPath(lineage.job_name),
    state: run === null ? 'gone' : 'there',
  });

const modelNode = ({ registry, model_name, version, withdrawn }: VersionView): LineageNode =>
  node('version', withdrawn === null ? 'Version' : 'Version, withdrawn', `v${version}`, {
    hint: `${model_name} v${version}`,
    // One of a rehearsal has its page elsewhere, and this is it.
    to: registry === 'dev' ? versionPath(model_name, version) : null,
    state: withdrawn === null ? 'there' : 'gone',
  });

function sharing({ model_name, version, lineage, withdrawn, promotion }: VersionView): LineageNode[] {
  if (promotion === null) {
    if (lineage.pr || withdrawn !== null) return [];
    const hint = 'It was not promoted, or is not yet';
    return [node('promotion', 'Promotion', 'not promoted', { hint, state: 'ahead' })];
  }
  const { approval_id, withdrawn: out } = promotion;
  return [
    node('promotion', 'Promotion', 'approved', {
      hint: approval_id === null ? 'Its request is gone' : `Request ${approval_id}`,
      to: approval_id === null ? null : approvalPath(approval_id),
    }),
    node('shared', out ? 'Shared, withdrawn' : 'Shared', `v${version}`, {
      hint: `${model_name} v${version} in the shared registry`,
      state: out ? 'gone' : 'there',
    }),
  ];
}
