import { describe, expect, it } from 'vitest';
import { ConfigError } from '../kernel/errors.ts';
import { isRetiredConnector } from './channel-schema.ts';
import { parseProjectConfig } from './load-project-config.ts';

const read = (source: string, env: Record<string, string> = {}) =>
  parseProjectConfig(source, env).notifications;

/** `line:column path: message -> hint` of everything that is wrong. */
const problemsOf = (source: string): string[] => {
  try {
    read(source);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((p) => `${p.line}:${p.column} ${p.path}: ${p.message} -> ${p.hint}`);
  }
  return [];
};

describe('notifications in trainyard.yaml', () => {
  it('are channels, routes, a mail server and where the web UI is', () => {
    expect(
      read(`notifications:
  base_url: https://yard.example.com/
  smtp: {host: mail.example.com, user: yard@example.com, password: "\${env:SMTP_PASSWORD}"}
  channels:
    ops: {type: teams, url: "\${env:TEAMS_URL}"}
    chat: {type: slack, url: "https://hooks.slack.com/services/x"}
    room: {type: slack, token: "\${env:SLACK_TOKEN}", channel: "#training"}
    mail: {type: email, to: [ml@example.com, "\${env:BOSS}"], smtp: {host: localhost, tls: none, from: "Yard <yard@example.com>"}}
    hook: {type: webhook, url: "http://10.0.0.5:8080/in", secret: "\${env:HOOK_SECRET}"}
  routes:
    - {channel: ops, events: [run.failed, "approval.*"], severity: warning}
    - {channels: [room, mail], circuits: ["kiln_*"], rehearsals: true}
  long_running_alert_every: 2h
`),
    ).toEqual({
      base_url: 'https://yard.example.com',
      smtp: {
        host: 'mail.example.com',
        port: 587,
        user: 'yard@example.com',
        password: '${env:SMTP_PASSWORD}',
        from: null,
        tls: 'starttls',
      },
      channels: {
        ops: { type: 'teams', url: '${env:TEAMS_URL}' },
        chat: { type: 'slack', url: 'https://hooks.slack.com/services/x' },
        room: { type: 'slack', token: '${env:SLACK_TOKEN}', channel: '#training' },
        mail: {
          type: 'email',
          to: ['ml@example.com', '${env:BOSS}'],
          smtp: {
            host: 'localhost',
            port: 25,
            user: null,
            password: null,
            from: 'Yard <yard@example.com>',
            tls: 'none',
          },
        },
        hook: { type: 'webhook', url: 'http://10.0.0.5:8080/in', secret: '${env:HOOK_SECRET}' },
      },
      routes: [
        {
          channels: ['ops'],
          events: ['run.failed', 'approval.*'],
          circuits: null,
          severity: 'warning',
          rehearsals: false,
        },
        {
          channels: ['room', 'mail'],
          events: null,
          circuits: ['kiln_*'],
          severity: 'info',
          rehearsals: true,
        },
      ],
      long_running_alert_every_s: 7200,
    });
  });

  it('come with every mistake in its place, and what to write instead', () => {
    expect(
      problemsOf(`notifications:
  chanels: {}
  base_url: yard
  channels:
    a: {type: teems}
    b: {type: teams}
    c: {type: teams, url: x, urll: y}
    d: {type: email, to: [nobody]}
    e: {type: slack, url: "https://x.example.com", token: "\${env:T}", channel: "#x"}
    f: {type: webhook, url: "https://x.example.com", to: [a@example.com]}
    g: {type: slack, token: "\${env:T}"}
    h: {type: email, to: [a@example.com], smtp: {host: m, tls: none, user: u, password: "\${env:P}"}}
    i: {type: email, to: [a@example.com], smtp: {host: m, user: u}}
  routes:
    - {events: [run.failed]}
    - {channel: a, channels: [b]}
    - {channel: a, severity: fatal, circuits: kiln_1}
`),
    ).toEqual([
      '2:3 notifications.chanels: unknown key `chanels` -> Did you mean channels?',
      '3:13 notifications.base_url: must be a URL, is `yard` -> Write something like https://trainyard.example.com.',
      '5:15 notifications.channels.a.type: must be one of teams, slack, email, webhook, is `teems` -> Did you mean teams?',
      '6:8 notifications.channels.b: a teams channel needs `url` -> Write url: ${env:TEAMS_URL}.',
      '7:27 notifications.channels.c.url: must be a URL that begins with https:// -> Write https://… or ${env:NAME}.',
      '7:30 notifications.channels.c.urll: unknown key `urll` -> Did you mean url?',
      '8:27 notifications.channels.d.to[0]: must be an e-mail address, is `nobody` -> Write something like ml-team@example.com.',
      '9:8 notifications.channels.e: a slack channel needs `url`, or `token` and `channel` -> Write url: ${env:SLACK_URL}, or token: ${env:SLACK_TOKEN} with channel: "#training".',
      '10:58 notifications.channels.f.to: a webhook channel has no `to` -> It takes url, secret.',
      '11:8 notifications.channels.g: a slack channel needs `url`, or `token` and `channel` -> Write url: ${env:SLACK_URL}, or token: ${env:SLACK_TOKEN} with channel: "#training".',
      '12:89 notifications.channels.h.smtp.password: a password does not go over a connection without TLS -> Use tls: starttls or tls: implicit, or leave user and password out.',
      '13:65 notifications.channels.i.smtp.user: `user` and `password` go together -> Write both, or neither for a server that asks for none.',
      '15:7 notifications.routes[0]: leads nowhere -> Write channel: name, or channels: [name, name].',
      '16:7 notifications.routes[1]: `channel` and `channels` do not go together -> Write channel: name, or channels: [name, name].',
      '17:30 notifications.routes[2].severity: must be one of info, warning, error, is `fatal` -> Write info or warning or error.',
      '17:47 notifications.routes[2].circuits: must be a list, is text -> Write a list: [kiln_1].',
    ]);
  });

  it.each([
    ['a webhook', 'channels: {x: {type: webhook, url: "https://x.example.com", secret: hunter2hunter2}}'],
    ['a bot', 'channels: {x: {type: slack, token: xoxb-hunter2, channel: "#x"}}'],
    ['a mail server', 'smtp: {host: m, user: u, password: hunter2}'],
  ])('refuse a secret of %s that stands in the file, without repeating it', (_, line) => {
    const [problem, ...more] = problemsOf(`notifications:\n  ${line}\n`);
    expect(more).toEqual([]);
    expect(problem).toMatch(/a secret must not stand in the file -> .*\$\{env:NAME\}/);
    expect(problem).not.toContain('hunter2');
  });

  it.each([
    'https://outlook.office.com/webhook/1@2/IncomingWebhook/3/4',
    'https://outlook.office365.com/webhook/1@2/IncomingWebhook/3/4',
    'https://contoso.webhook.office.com/webhookb2/1@2/IncomingWebhook/3/4',
  ])('say what replaces a retired connector: %s', (url) => {
    expect(isRetiredConnector(url)).toBe(true);
    const [problem] = problemsOf(`notifications:\n  channels:\n    t: {type: teams, url: "${url}"}\n`);
    expect(problem).toMatch(/^3:\d+ .*Microsoft has retired -> .*choose Workflows/);
    expect(problem).not.toContain('IncomingWebhook');
  });

  it('take a workflow for what it is', () => {
    const url =
      'https://prod-23.westeurope.logic.azure.com:443/workflows/a/triggers/manual/paths/invoke?sig=b';
    expect(isRetiredConnector(url)).toBe(false);
    expect(isRetiredConnector('https://outlook.office.com.example.com/x')).toBe(false);
    expect(read(`notifications: {channels: {t: {type: teams, url: "${url}"}}}`).channels['t']).toEqual({
      type: 'teams',
      url,
    });
  });

  it('refuse a route to a channel that is not there, except to those of environment variables', () => {
    expect(
      problemsOf(
        'notifications:\n  channels: {ops: {type: teams, url: "${env:X}"}}\n  routes:\n    - {channel: osp}\n    - {channel: ml_engineers}\n',
      ),
    ).toEqual(['4:7 notifications.routes[0]: there is no channel osp -> Did you mean ops?']);
    expect(problemsOf('notifications:\n  channels: {"a b": {type: teams, url: "${env:X}"}}\n')).toEqual([
      '2:21 notifications.channels.a b: `a b` is no name for a channel -> Use letters, digits, _ and -.',
    ]);
  });

  it('have one channel for a webhook, also where the file and teamsWebhookUrl both mean it', () => {
    const source = 'notifications: {channels: {ops: {type: teams, url: "${env:TEAMS_WEBHOOK_URL}"}}}';
    const env = { TEAMS_WEBHOOK_URL: 'https://flow.example.com/x' };
    expect(Object.keys(read(source, env).channels)).toEqual(['ops']);
    expect(Object.keys(read(source.replace('TEAMS_WEBHOOK_URL', 'OTHER'), env).channels)).toEqual([
      'ops',
      'teams',
    ]);
  });

  it('tolerate a retired connector in teamsWebhookUrl: the runs of that build are not to fail for it', () => {
    const config = read('', { teamsWebhookUrl: 'https://outlook.office.com/webhook/1' });
    expect(config.channels).toEqual({ teams: { type: 'teams', url: '${env:teamsWebhookUrl}' } });
  });
});
