import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TRAINS_WHEN_LET, TestProject } from '../helpers/project.ts';
import { openRequest } from '../helpers/rows.ts';
import { CTRL_C, inTerminal } from '../helpers/terminal.ts';

const TWO = { circuits: ['kiln_1', 'kiln_2'], environment: false } as const;
const RUNS = '1/2|2 running|kiln_1_2026_03_31';

describe('a run in a terminal', () => {
  it('asks on the spot, and goes on with the answer', async () => {
    await using project = TestProject.create(TWO);
    const { code, screen } = await inTerminal(
      project.folder,
      ['run', '--fail', 'kiln_2:1'],
      [
        ['Train 1 failed circuit again[\\s\\S]*decide later\\? ', 'a\r'],
        ['Promote 2 models[\\s\\S]*decide later\\? ', 'a\r'],
      ],
    );
    expect(code, screen).toBe(0);
    expect((await project.ok(['models', '--registry', 'shared', '--json'])).json()).toMatchObject({
      models: [{ model_name: 'kiln-1' }, { model_name: 'kiln-2' }],
    });
  });

  it('takes no answer that was typed before it asked', async () => {
    await using project = TestProject.create({ ...TWO, provider: 'local', train: TRAINS_WHEN_LET });
    const { code, screen } = await inTerminal(
      project.folder,
      ['run'],
      [
        [RUNS, 'a\r', 'go'],
        ['decide later\\? ', '\r'],
      ],
    );
    expect(code, screen).toBe(11);
    expect((await project.ok(['approvals', '--json'])).json()).toMatchObject({
      approvals: [{ status: 'waiting' }],
    });
  });

  it('stops asking once somebody else has decided, and goes on', async () => {
    await using project = TestProject.create(TWO);
    const elsewhere = (async () => {
      while (!project.has('asked')) await sleep(50);
      return project.ok(['approve', await openRequest(project, 'registry-promotion')]);
    })();
    const { code, screen } = await inTerminal(project.folder, ['run'], [['decide later\\? ', '', 'asked']]);
    expect((await elsewhere).stdout).toMatch(/`trainyard run` \(process \d+\) goes on with the run/);
    expect(screen).toContain('Settled meanwhile');
    expect(code, screen).toBe(0);
  });

  it('leaves it waiting when nobody wants to decide yet', async () => {
    await using project = TestProject.create(TWO);
    expect((await inTerminal(project.folder, ['run'], [['decide later\\? ', '\r']])).code).toBe(11);
    expect((await project.ok(['approvals', '--json'])).json()).toMatchObject({
      approvals: [{ status: 'waiting' }],
    });
  });

  it('on Ctrl-C asks whether to detach: then jobs go on by themselves', async () => {
    await using project = TestProject.create({ ...TWO, provider: 'local', train: TRAINS_WHEN_LET });
    const { code, screen } = await inTerminal(
      project.folder,
      ['run', '--approve', 'all'],
      [
        [RUNS, CTRL_C],
        ['Enter to go on\\? ', 'd\r'],
      ],
    );
    expect(code, screen).toBe(130);
    expect(screen).toContain('Detached. Jobs that run go on');
    expect(project.processes().length).toBeGreaterThan(0);
    project.write('go', '');
    expect((await project.ok(['worker', '--until-idle', '--json'])).json()).toEqual({ open_runs: [] });
    expect((await project.ok(['runs', '--json'])).json()).toMatchObject({
      runs: [{ number: 1, status: 'succeeded' }],
    });
  });

  it('on Ctrl-C asks whether to cancel: then nothing is left running', async () => {
    await using project = TestProject.create({ ...TWO, provider: 'local', train: TRAINS_WHEN_LET });
    const { code, screen } = await inTerminal(
      project.folder,
      ['run', '--approve', 'all'],
      [
        [RUNS, CTRL_C],
        ['Enter to go on\\? ', 'c\r'],
      ],
    );
    expect(code, screen).toBe(130);
    expect((await project.ok(['runs', '--json'])).json()).toMatchObject({
      runs: [{ number: 1, status: 'canceled' }],
    });
    expect(await project.settled()).toEqual([]);
  });
});
