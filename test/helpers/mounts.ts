import { spawnSync } from 'node:child_process';

const MAY_MOUNT =
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { stdio: 'ignore' }).status === 0;

/** Why tests with file systems of their own cannot run here, or null where they can. */
export const whyNoMounts = MAY_MOUNT
  ? null
  : 'this machine lets nobody mount a file system in a namespace of its own';

/**
 * A wrapper for a command line: the shell commands of `script` come first, in a mount namespace that nobody else sees;
 * `"$@"` in it is the command line.
 */
export const inNamespace = (script: string): readonly string[] => [
  'unshare',
  '-rm',
  'sh',
  '-c',
  script,
  'sh',
];
