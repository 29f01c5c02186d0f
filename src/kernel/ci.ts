/** What the variables of the common CI systems say about the build this process runs in. */
export interface CiFacts {
  readonly system: 'github' | 'azure-devops' | 'gitlab' | 'other' | null;
  /** A build of a pull or merge request: nothing of it counts as good or is promoted. */
  readonly pr: boolean;
  /** What the build should be compared with, as git knows it here; null when the CI does not say. */
  readonly base_ref: string | null;
}

/** Whether agents of this system look for commands in what a step prints. */
export const readsCommands = ({ system }: CiFacts): boolean =>
  system === 'github' || system === 'azure-devops';

type Env = Readonly<Record<string, string | undefined>>;

export function ciFacts(env: Env): CiFacts {
  if (env['GITHUB_ACTIONS'] === 'true') {
    return {
      system: 'github',
      pr: /^pull_request/.test(env['GITHUB_EVENT_NAME'] ?? ''),
      base_ref: remoteBranch(env['GITHUB_BASE_REF']),
    };
  }
  if (env['TF_BUILD'] !== undefined) {
    return {
      system: 'azure-devops',
      pr: env['BUILD_REASON'] === 'PullRequest',
      base_ref: remoteBranch(env['SYSTEM_PULLREQUEST_TARGETBRANCH']),
    };
  }
  if (env['GITLAB_CI'] !== undefined) {
    const before = env['CI_MERGE_REQUEST_DIFF_BASE_SHA'] ?? env['CI_COMMIT_BEFORE_SHA'];
    return {
      system: 'gitlab',
      pr: env['CI_MERGE_REQUEST_ID'] !== undefined,
      // All zeros stand for "no commit before this one".
      base_ref: before === undefined || /^0*$/.test(before) ? null : before,
    };
  }
  return { system: env['CI'] === 'true' ? 'other' : null, pr: false, base_ref: null };
}

function remoteBranch(name: string | undefined): string | null {
  if (name === undefined || name === '') return null;
  return `origin/${name.replace(/^refs\/heads\//, '')}`;
}
