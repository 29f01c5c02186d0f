import type { Command } from 'commander';
import { ExitWith } from '../exit.ts';
import { commonAnywhere, wholeNumber } from '../options.ts';
import type { CommonOptions } from '../options.ts';

export function define(parent: Command): void {
  const schedules = parent
    .command('schedules')
    .description(
      'Lists the schedules of trainyard.yaml and when they come; pauses, resumes or runs one. They fire while `trainyard serve` or `trainyard worker` runs.',
    );
  commonAnywhere(
    schedules
      .command('list', { isDefault: true })
      .description('every schedule: when it comes next, and what became of the last time'),
    'trainyard schedules',
  ).action(async (flags: CommonOptions) => {
    const { listSchedules } = await import('../scheduling.ts');
    await listSchedules(flags);
  });
  commonAnywhere(
    schedules
      .command('next')
      .argument('<name>', 'of the schedule')
      .option('--count <n>', 'how many', wholeNumber, 5)
      .description('when it comes, on the clock of its zone and in UTC'),
    'trainyard schedules next nightly --count 10',
  ).action(async (name: string, flags: CommonOptions & { count: number }) => {
    const { showNext } = await import('../scheduling.ts');
    await showNext(name, flags);
  });
  commonAnywhere(
    schedules
      .command('history')
      .argument('<name>', 'of the schedule, also of one that is gone')
      .option('--limit <n>', 'how many', wholeNumber, 20)
      .description('what became of its times, the newest first'),
    'trainyard schedules history nightly',
  ).action(async (name: string, flags: CommonOptions & { limit: number }) => {
    const { showHistory } = await import('../scheduling.ts');
    await showHistory(name, flags);
  });
  commonAnywhere(
    schedules
      .command('pause')
      .argument('<name>', 'of the schedule')
      .option('--reason <text>', 'why')
      .description('let it fire no more until it is resumed; on record with who said so'),
    'trainyard schedules pause nightly --reason "the plant stands still"',
  ).action(async (name: string, flags: CommonOptions & { reason?: string }) => {
    const { pause } = await import('../scheduling.ts');
    await pause(name, flags);
  });
  commonAnywhere(
    schedules
      .command('resume')
      .argument('<name>', 'of the schedule')
      .description('let it fire again from now on; what passed meanwhile is not made up for'),
    'trainyard schedules resume nightly',
  ).action(async (name: string, flags: CommonOptions) => {
    const { resume } = await import('../scheduling.ts');
    await resume(name, flags);
  });
  commonAnywhere(
    schedules
      .command('run')
      .argument('<name>', 'of the schedule')
      .option('--force', 'although a run that it started is not over')
      .description('do now what it is for, and follow it as `trainyard run` does'),
    'trainyard schedules run nightly',
  ).action(async (name: string, flags: CommonOptions & { force?: boolean }) => {
    const { runNow } = await import('../scheduling.ts');
    const code = await runNow(name, flags);
    if (code !== 0) throw new ExitWith(code);
  });
}
