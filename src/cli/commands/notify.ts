import type { Command } from 'commander';
import { ok } from '../../client/index.ts';
import { ask, collect, commonAnywhere, wholeNumber } from '../options.ts';
import type { CommonOptions } from '../options.ts';
import { print, printJson } from '../render/output.ts';

export interface ListFlags extends CommonOptions {
  readonly dead?: boolean;
  readonly all?: boolean;
  readonly channel?: string;
  readonly run?: string;
  readonly before?: string;
  readonly limit: number;
}

export interface DeadFlags extends CommonOptions {
  readonly dead?: boolean;
  readonly channel?: string;
}

export function define(parent: Command): void {
  const notify = parent
    .command('notify')
    .description(
      'Messages about runs: what waits to be sent, what could not be, and whether a channel works.',
    );
  commonAnywhere(
    notify
      .command('list', { isDefault: true })
      .description('messages that wait or could not be delivered, newest first')
      .option('--dead', 'only those that could not be delivered')
      .option('--all', 'delivered ones too')
      .option('--channel <name>', 'to this channel')
      .option('--run <run>', 'about this run')
      .option('--limit <n>', 'how many', wholeNumber, 20)
      .option('--before <id>', 'messages older than this one'),
    `
    trainyard notify
    trainyard notify --dead --channel ops`,
  ).action(async (flags: ListFlags) => {
    const { listMessages } = await import('../notifying.ts');
    await listMessages(flags);
  });
  commonAnywhere(
    notify
      .command('test')
      .argument('<channel>', 'as trainyard.yaml names it')
      .description(
        'send one real message now, and show what the other end says; ends with 8 when it was not taken',
      ),
    'trainyard notify test ops',
  ).action(async (channel: string, flags: CommonOptions) => {
    const told = await ask(flags, 'read', {
      here: async (project) => {
        const { testChannel } = await import('../../actions/index.ts');
        return testChannel(project, channel, await project.actor());
      },
      there: ({ api }) => ok(api.channels[':name'].test.$post({ param: { name: channel } })),
    });
    if (flags.json === true) printJson(told);
    else print(`${channel} took the test message: ${told.answer}`);
  });
  commonAnywhere(
    notify
      .command('replay')
      .argument('[id...]', 'of messages that could not be delivered')
      .option('--dead', 'all of them')
      .option('--channel <name>', 'with --dead: only those to this channel')
      .description('send again what could not be delivered'),
    `
    trainyard notify replay ntf_06h02xdm0008s4egf
    trainyard notify replay --channel ops --dead`,
  ).action(async (ids: string[], flags: DeadFlags) => {
    const { replay } = await import('../notifying.ts');
    await replay(ids, flags);
  });
  commonAnywhere(
    notify
      .command('drop')
      .argument('[id...]', 'of messages that could not be delivered')
      .option('--dead', 'all of them')
      .option('--channel <name>', 'with --dead: only those to this channel')
      .description('forget what could not be delivered'),
    'trainyard notify drop --channel ops --dead',
  ).action(async (ids: string[], flags: DeadFlags) => {
    const { drop } = await import('../notifying.ts');
    await drop(ids, flags);
  });
  commonAnywhere(
    notify
      .command('send')
      .description(
        'send now what waits, without waiting for its next try; ends with 8 when something still waits',
      )
      .option('--channel <names>', 'only to these channels', collect),
    'trainyard notify send',
  ).action(async (flags: CommonOptions & { channel?: readonly string[] }) => {
    const { sendNow } = await import('../notifying.ts');
    await sendNow(flags);
  });
}
