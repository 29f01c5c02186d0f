import { describe, expect, it } from 'vitest';
import { TRAIN, problemsOf, read } from './test-config.ts';

describe('schedules in trainyard.yaml', () => {
  it('need a time and nothing else', () => {
    expect(read('schedules: {nightly: {cron: "0 2 * * *"}}').schedules).toEqual({
      nightly: { cron: '0 2 * * *', timezone: 'UTC', run: TRAIN, catch_up: 'none', enabled: true },
    });
  });

  it('say what is run, as its command does', () => {
    const { schedules } = read(`schedules:
  nightly:
    cron: 0 2 * * mon-fri
    timezone: Europe/Berlin
    catch_up: once
    enabled: false
    run: {circuits: ["kiln_*"], if_changed: true, include_failed: true, approve: [all], allow_wide: season}
  compared: {cron: "@daily", run: {detection: git, base: origin/main}}
  weekly: {cron: "@weekly", run: {pipeline: scripts, only: als, epochs: 5, timeout: 2h, gpus: 2}}
`);
    expect(schedules['nightly']).toEqual({
      cron: '0 2 * * mon-fri',
      timezone: 'Europe/Berlin',
      catch_up: 'once',
      enabled: false,
      run: {
        ...TRAIN,
        circuits: ['kiln_*'],
        if_changed: true,
        include_failed: true,
        approve: ['all'],
        allow_wide: 'season',
      },
    });
    expect(schedules['compared']?.run).toEqual({ ...TRAIN, detection: 'git', base: 'origin/main' });
    expect(schedules['weekly']?.run).toEqual({
      pipeline: 'scripts',
      settings: { only: ['als'], epochs: 5, timeout: 7200, gpus: '2' },
    });
  });

  it('report every mistake with its place and what to write instead', () => {
    expect(
      problemsOf(`schedules:
  nightly:
    cron: 61 2 * * *
    timezone: Europe/Berln
    catchup: once
    catch_up: twice
    run: {circuit: [a], epochs: 5, approve: [registry-promtion]}
  fine: {cron: "0 2 * * *"}
  empty: {}
  compared: {cron: "@daily", run: {detection: git}}
  weekly: {cron: "0 0 31 2 *", run: {pipeline: scripts, include_failed: true, epoch: 5}}
  other: {cron: "0 2 * * * *", run: {pipeline: scripst}}
`),
    ).toEqual([
      '3:11 schedules.nightly.cron: must be a cron expression: invalid value for minute: 61 -> Write minute, hour, day of month, month, day of week: "0 2 * * *" is every day at 02:00, "30 6 * * mon-fri" on weekdays at 06:30.',
      '4:15 schedules.nightly.timezone: must be a time zone, is `Europe/Berln` -> Did you mean Europe/Berlin, Europe/Dublin or Europe/Jersey?',
      '5:5 schedules.nightly.catchup: unknown key `catchup` -> Did you mean catch_up?',
      '6:15 schedules.nightly.catch_up: must be one of none, once, is `twice` -> Write none or once.',
      '7:11 schedules.nightly.run.circuit: unknown key `circuit` -> Did you mean circuits?',
      '7:33 schedules.nightly.run.epochs: `epochs` is a setting of pipeline scripts, and this one is train -> Write pipeline: scripts, or leave `epochs` out.',
      '9:10 schedules.empty.cron: must be a cron expression, is missing -> Write cron: "0 2 * * *" for every day at 02:00.',
      '10:47 schedules.compared.run.detection: detection git needs something to compare with -> Add base: origin/main, or write detection: hash.',
      '11:18 schedules.weekly.cron: `0 0 31 2 *` never comes -> Write minute, hour, day of month, month, day of week: "0 2 * * *" is every day at 02:00, "30 6 * * mon-fri" on weekdays at 06:30.',
      '11:73 schedules.weekly.run.include_failed: `include_failed` is a setting of pipeline train, and this one is scripts -> Write pipeline: train, or leave `include_failed` out.',
      '11:79 schedules.weekly.run.epoch: unknown key `epoch` -> Did you mean epochs?',
      '12:17 schedules.other.cron: must be a cron expression of five fields, has 6 -> Write minute, hour, day of month, month, day of week: "0 2 * * *" is every day at 02:00, "30 6 * * mon-fri" on weekdays at 06:30.',
      '12:48 schedules.other.run.pipeline: must be one of train, scripts, is `scripst` -> Did you mean scripts?',
    ]);
    expect(problemsOf('schedules:\n  "night shift": {cron: "@daily"}\n')).toEqual([
      '2:18 schedules.night shift: `night shift` cannot name a schedule -> Use letters, digits, dashes, dots and underscores, at most 64.',
    ]);
    expect(problemsOf('schedules:\n  a: {cron: "@daily", run: {approve: [registry-promtion]}}\n')).toEqual([
      '2:39 schedules.a.run.approve[0]: there is no gate registry-promtion -> Did you mean registry-promotion?',
    ]);
  });
});

describe('retention in trainyard.yaml', () => {
  it('takes durations and never, and takes nothing at all for never', () => {
    expect(read('retention: {models: never, logs: 2w, runs: 365d}').retention).toEqual({
      models_s: null,
      logs_s: 1_209_600,
      runs_s: 31_536_000,
    });
    expect(read('retention:\n  models:\n  logs: null\n').retention).toEqual({
      models_s: null,
      logs_s: null,
      runs_s: null,
    });
    expect(read('retention:\n').retention.models_s).toBe(2_592_000);
  });

  it('refuses anything else', () => {
    expect(problemsOf('retention: {models: 30, log: 3d, runs: forever}')).toEqual([
      '1:21 retention.models: must be a duration, is `30` -> Write a unit: 30s, 30m or 30h.',
      '1:25 retention.log: unknown key `log` -> Did you mean logs?',
      '1:40 retention.runs: must be a duration, is `forever` -> Write a number and a unit, for example 30s, 5m, 4h or 30d.',
    ]);
  });
});
