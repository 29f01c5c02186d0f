import { describe, expect, it } from 'vitest';
import { ConfigError } from '../kernel/errors.ts';
import { parseProjectConfig } from './load-project-config.ts';

const problemsOf = (text: string): string[] => {
  try {
    parseProjectConfig(text, {});
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, message, hint }) => `${path}: ${message} -> ${hint ?? ''}`);
  }
};

describe('server', () => {
  it('says where it listens, how people sign in and what they may do', () => {
    const { server } = parseProjectConfig(
      `groups: {ml: [ada@x]}
server:
  host: 0.0.0.0
  port: 443
  public_url: https://Trains.example/
  trusted_proxies: [10.0.3.7, 10.1.0.0/16, "fd00::/8"]
  oidc: {issuer: https://login.example/realms/x, client_id: t, client_secret: "\${env:S}", scopes: [email, openid]}
  roles: {viewer: ["*"], operator: ["@ml", "oidc:Crew"]}
`,
      {},
    );
    expect(server).toEqual({
      host: '0.0.0.0',
      port: 443,
      public_url: 'https://trains.example',
      trusted_proxies: ['10.0.3.7', '10.1.0.0/16', 'fd00::/8'],
      require_sign_in: false,
      oidc: {
        issuer: 'https://login.example/realms/x',
        client_id: 't',
        client_secret: '${env:S}',
        scopes: ['openid', 'email'],
        name_claim: 'email',
        groups_claim: null,
      },
      roles: { viewer: ['*'], operator: ['@ml', 'oidc:Crew'], approver: [], admin: [] },
    });
  });

  it.each([
    ['server: {address: x}', /server\.address: unknown key `address`/],
    ['server: {port: 70000}', /server\.port/],
    ['server: {public_url: "http://trains.example"}', /must begin with https/],
    ['server: {public_url: "https://trains.example/x"}', /must not have a path.*https:\/\/trains\.example\./],
    ['server: {public_url: trains}', /must be a URL/],
    [
      'server: {trusted_proxies: [nginx]}',
      /server\.trusted_proxies\[0\]: must be an address or a network, is `nginx`/,
    ],
    ['server: {trusted_proxies: [10.0.0.0/40]}', /must be an address or a network/],
    ['server: {trusted_proxies: [0.0.0.0/0]}', /must not be everybody/],
    ['server: {trusted_proxies: ["::/0"]}', /must not be everybody/],
    ['server: {oidc: {issuer: "http://login.example", client_id: x}, roles: {viewer: ["*"]}}', /https/],
    [
      'server: {oidc: {issuer: "https://a:b@login.example", client_id: x}, roles: {viewer: ["*"]}}',
      /nothing else/,
    ],
    ['server: {oidc: {issuer: "https://login.example"}, roles: {viewer: ["*"]}}', /client_id/],
    [
      'server: {oidc: {issuer: "https://login.example", client_id: x, client_secret: hunter2}, roles: {viewer: ["*"]}}',
      /must not stand in the file/,
    ],
    [
      'server: {oidc: {issuer: "https://login.example", client_id: x}}',
      /nobody who signs in may do anything/,
    ],
    ['server: {roles: {owner: [x]}}', /unknown key `owner`/],
    ['server: {roles: {viewer: ["@gone"]}}', /server\.roles\.viewer\[0\]: there is no group gone/],
  ])('does not take %s', (text, told) => {
    const problems = problemsOf(text).join('\n');
    expect(problems).toMatch(told);
    expect(problems).not.toContain('hunter2');
  });

  it('takes http for what never leaves this machine', () => {
    expect(problemsOf('server: {public_url: "http://localhost:8080"}')).toEqual([]);
    expect(
      problemsOf('server: {oidc: {issuer: "http://127.0.0.1:9000", client_id: x}, roles: {admin: [a]}}'),
    ).toEqual([]);
  });
});
