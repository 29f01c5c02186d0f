import { describe, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';
import { serving } from '../helpers/serving.ts';

const KEY = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const SETTINGS = `hooks:
  pushed: {sender: github, secret: "\${env:KEY}", branches: [main], run: {approve: [all]}}
  arrived: {secret: "\${env:KEY}", circuits_from_body: true}
`;
const env = { KEY };

describe('trainyard hooks', () => {
  it('lists them, tries them, and tells what became of calls', { timeout: 60_000 }, async () => {
    await using project = TestProject.create({ circuits: ['kiln_1', 'kiln_2'], settings: SETTINGS });
    const before = await project.ok(['hooks'], { env });
    expect(before.stdout).toMatch(/pushed +github +\/hooks\/pushed +all events on main +not yet/);
    expect(before.stdout).toContain('Nothing serves: nobody can call them until `trainyard serve` runs.');
    const nobody = await project.ends(8, ['hooks', 'test', 'pushed', '--url', 'http://127.0.0.1:9/x'], {
      env,
    });
    expect(nobody.stderr).toContain('http://127.0.0.1:9/x cannot be reached');

    const { process, url } = await serving(project, [], { env });
    for (const name of ['pushed', 'arrived']) {
      const told = await project.ok(['hooks', 'test', name, '--url', `${url}/hooks/${name}`], { env });
      expect(told.stdout).toContain(
        `${url}/hooks/${name} took the call: the secret is the same here and there.`,
      );
    }
    const wrong = await project.ends(8, ['hooks', 'test', 'pushed', '--url', `${url}/hooks/pushed`], {
      env: { KEY: KEY.replace('M', 'N') },
    });
    expect(wrong.stderr).toContain('It answered 401');
    expect(wrong.stderr + wrong.stdout).not.toContain(KEY);

    const there = { env: { TRAINYARD_SERVER: url } };
    const history = await project.ok(['hooks', 'history', 'pushed'], there);
    expect(history.stdout).toMatch(/dlv_\w+ .* ping .* · ignored .*a ping: the secret is right/);
    expect((await project.ok(['hooks', '--json'], there)).json()).toMatchObject({
      hooks: [{ name: 'pushed', secret_problem: null, last: { outcome: 'ignored' } }, { name: 'arrived' }],
    });
    const none = await project.ends(5, ['hooks', 'retry', 'pushed'], there);
    expect(none.stderr).toContain('No call of hook pushed failed.');
    process.kill('SIGTERM');
    expect((await process.ended).code).toBe(0);
  });

  it('says what to write where there are none, and which name was meant', async () => {
    await using project = TestProject.create({ circuits: ['kiln_1'] });
    expect((await project.ok(['hooks'])).stdout).toBe(
      'No hooks. Write them under `hooks:` in trainyard.yaml: docs/hooks.md\n',
    );
    project.write('trainyard.yaml', `provider: simulated\n${SETTINGS}`);
    const close = await project.ends(5, ['hooks', 'history', 'pushd']);
    expect(close.stderr).toContain('Did you mean pushed?');
  });

  it('are looked at by doctor', async () => {
    await using project = TestProject.create({ circuits: ['kiln_1'], settings: SETTINGS });
    const { stdout } = await project.ends(8, ['doctor']);
    expect(stdout).toMatch(/hook pushed +KEY is not set/);
    expect((await project.ok(['doctor'], { env })).stdout).toMatch(
      /hook pushed.*called by github at \/hooks\/pushed/,
    );
  });
});
