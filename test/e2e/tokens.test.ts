import { describe, expect, it } from 'vitest';
import { TestProject } from '../helpers/project.ts';

describe('trainyard tokens', () => {
  it('makes a token, shows its secret once, and revokes it', async () => {
    await using p = TestProject.create({ environment: false });
    const made = await p.ok([
      'tokens',
      'create',
      'github-ci',
      '--role',
      'operator,approver',
      '--expires',
      '90d',
    ]);
    expect(made.stdout).toMatch(/^ty_[\w-]{43}\n$/);
    expect(made.stderr).toMatch(/^Token github-ci: operator, approver, until \d{4}-\d\d-\d\d\./);
    const secret = made.stdout.trim();

    const json = await p.ok([
      'tokens',
      'create',
      'board',
      '--role',
      'viewer',
      '--expires',
      'never',
      '--json',
    ]);
    expect(json.json()).toMatchObject({
      name: 'board',
      state: 'active',
      roles: ['viewer'],
      expires_at: null,
      secret: expect.stringMatching(/^ty_/),
    });

    const list = await p.ok(['tokens']);
    expect(list.stdout).toMatch(/github-ci +operator, approver +active +\d{4}-\d\d-\d\d +never/);
    expect(list.stdout).toMatch(/board +viewer +active +never/);
    expect((await p.ok(['tokens', 'revoke', 'github-ci'])).stdout).toBe(
      'Token github-ci lets nobody in any more.\n',
    );
    expect((await p.ok(['tokens', 'list', '--json'])).json()).toMatchObject([{ name: 'board' }]);
    expect((await p.ok(['tokens', 'list', '--all', '--json'])).json()).toMatchObject([
      { name: 'board' },
      { name: 'github-ci', state: 'revoked' },
    ]);
    const audit = await p.ok(['audit', '--json']);
    expect(audit.stdout).toContain('access.token_created');
    expect(audit.stdout).not.toContain(secret);
    await p.ok(['audit', 'verify']);
  });

  it.each([
    [['tokens', 'create', 'ci'], 2, /--role/],
    [['tokens', 'create', 'ci', '--role', 'god'], 2, /none of viewer, operator, approver, admin/],
    [['tokens', 'create', 'CI', '--role', 'viewer'], 2, /small letters/],
    [['tokens', 'create', 'ci', '--role', 'viewer', '--expires', 'soon'], 2, /30s, 10m or 4h/],
    [['tokens', 'create', 'ci', '--role', 'viewer', '--expires', '0s'], 2, /over at once/],
    [['tokens', 'revoke', 'ci'], 5, /There is no token ci/],
  ])('says what is wrong with %j', async (args, code, told) => {
    await using p = TestProject.create({ environment: false });
    expect((await p.ends(code, args)).stderr).toMatch(told);
  });

  it('is what serve asks for before others reach it', async () => {
    await using p = TestProject.create({ environment: false });
    const refused = await p.ends(2, ['serve', '--host', '0.0.0.0', '--port', '0']);
    expect(refused.stderr).toMatch(/Others reach 0\.0\.0\.0[^]*trainyard tokens create NAME --role admin/);
  });
});
