import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { Role } from '../../kernel/roles.ts';
import { collectNamed, commonAnywhere, duration } from '../options.ts';
import type { CommonOptions } from '../options.ts';

export interface CreateFlags extends CommonOptions {
  readonly role: readonly Role[];
  readonly expires: number | 'never';
}

export function define(parent: Command): void {
  const tokens = parent
    .command('tokens')
    .description(
      'Tokens that programs ask the HTTP API with. They act as `token:NAME`, with the roles they were made for.',
    );
  commonAnywhere(
    tokens
      .command('list', { isDefault: true })
      .description('every token: what it may do, until when, when it was last used')
      .option('--all', 'those that were revoked as well'),
    'trainyard tokens',
  ).action(async (flags: CommonOptions & { all?: boolean }) => {
    const { showTokens } = await import('../tokens.ts');
    await showTokens(flags);
  });
  commonAnywhere(
    tokens
      .command('create')
      .argument('<name>', 'what it is called, in small letters: it acts as token:<name>')
      .requiredOption('--role <role>', 'viewer, operator, approver or admin; several with commas', roles)
      .addOption(
        new Option('--expires <duration>', 'how long it lasts, or never')
          .argParser(lifetime)
          .default(90 * 86_400, '90d'),
      )
      .description('make a token; its secret is printed this once and kept nowhere'),
    `
    trainyard tokens create github-ci --role operator --expires 90d
    trainyard tokens create dashboard --role viewer --expires never`,
  ).action(async (name: string, flags: CreateFlags) => {
    const { makeToken } = await import('../tokens.ts');
    await makeToken(name, flags);
  });
  commonAnywhere(
    tokens
      .command('revoke')
      .argument('<name>', 'of the token, or its id')
      .description('let it in no more, at once'),
    'trainyard tokens revoke github-ci',
  ).action(async (name: string, flags: CommonOptions) => {
    const { revoke } = await import('../tokens.ts');
    await revoke(name, flags);
  });
}

function roles(value: string, before: readonly Role[] = []): Role[] {
  const named = collectNamed(value).map((role) => {
    const known = Role.safeParse(role);
    if (!known.success) throw new InvalidArgumentError(`${role} is none of ${Role.options.join(', ')}.`);
    return known.data;
  });
  return [...before, ...named];
}

const lifetime = (value: string): number | 'never' => {
  if (value === 'never') return value;
  const seconds = duration(value);
  if (seconds > 0) return seconds;
  throw new InvalidArgumentError('It would be over at once.');
};
