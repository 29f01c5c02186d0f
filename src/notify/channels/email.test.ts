import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SmtpSettings } from '../../config/index.ts';
import type { Message } from '../message.ts';
import type { Outcome, Parcel } from '../sender.ts';
import { HOSTILE, KINDS } from '../test-messages.ts';
import { settingsOf, until, yard } from '../test-notify.ts';
import type { Yard } from '../test-notify.ts';
import { CERTIFICATE, MailServer } from '../test-servers.ts';
import type { ReceivedMail } from '../test-servers.ts';
import { escapeHtml, htmlBody, plainBody } from './email-body.ts';
import { emailSender } from './email.ts';

const trusted = tls.getCACertificates();
beforeAll(() => tls.setDefaultCACertificates([...trusted, CERTIFICATE]));
afterAll(() => tls.setDefaultCACertificates(trusted));

let y: Yard;
let server: MailServer;
beforeEach(async () => {
  y = yard();
  server = await MailServer.start();
});
afterEach(async () => {
  await server.stop();
  await y.store.close();
});

const smtp = (more: Partial<SmtpSettings> = {}): SmtpSettings => ({
  host: 'localhost',
  port: server.port,
  user: null,
  password: null,
  from: 'Yard <yard@example.com>',
  tls: 'starttls',
  ...more,
});
const kind = (name: string): Message => {
  const message = KINDS[name];
  if (message === undefined) throw new Error(`no message ${name}`);
  return message;
};
const send = (
  more: {
    smtp?: Partial<SmtpSettings>;
    to?: string[];
    from?: string;
    parcel?: Partial<Parcel & { kind: 'message' }>;
  } = {},
): Promise<Outcome> =>
  emailSender(y.world(settingsOf({})), {
    to: more.to ?? ['ml@example.com'],
    from: more.from ?? null,
    smtp: smtp(more.smtp),
  }).send(
    {
      kind: 'message',
      id: 'ntf_2',
      message: kind('an approval'),
      thread: { id: 'run_1.mail', subject: '[kilns] Run 12', opens: true },
      below: null,
      ...more.parcel,
    },
    new AbortController().signal,
  );

/** Headers of a raw mail, unfolded. */
function headersOf(mail: ReceivedMail | undefined): Record<string, string> {
  const head = (mail?.raw ?? '').split('\r\n\r\n', 1)[0] ?? '';
  return Object.fromEntries(
    head
      .replaceAll(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
}
/** The two parts of a mail, decoded. */
function partsOf(mail: ReceivedMail | undefined): { plain: string; html: string } {
  const raw = mail?.raw ?? '';
  const boundary = /boundary="([^"]+)"/.exec(raw)?.[1] ?? '';
  const decoded = raw
    .split(`--${boundary}`)
    .slice(1, 3)
    .map((part) => {
      const [head = '', ...body] = part.split('\r\n\r\n');
      const text = body.join('\r\n\r\n');
      if (/base64/i.test(head)) return Buffer.from(text, 'base64').toString('utf8');
      const bytes = text
        .replaceAll(/=\r\n/g, '')
        .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
      return /quoted-printable/i.test(head) ? Buffer.from(bytes, 'latin1').toString('utf8') : text;
    });
  return { plain: decoded[0] ?? '', html: decoded[1] ?? '' };
}

describe('a mail', () => {
  it('has plain and HTML text, over TLS', async () => {
    expect(await send()).toMatchObject({ kind: 'delivered', answer: expect.stringMatching(/^250/) });
    const [mail] = server.received;
    expect(mail).toMatchObject({ from: 'yard@example.com', to: ['ml@example.com'], secure: true });
    const { plain, html } = partsOf(mail);
    expect(plain).toContain('Run 12 waits for a decision: Promote 8 models (waits)');
    expect(plain).toContain('    trainyard approve apr_06h02xdm0008s4egf');
    expect(plain).toContain('    https://yard.example.com/approvals/apr_06h02xdm0008s4egf');
    expect(html).toContain('<a href="https://yard.example.com/approvals/apr_06h02xdm0008s4egf">Approve</a>');
    expect(html).toContain('trainyard approve apr_06h02xdm0008s4egf</code>');
  });

  it('says that a machine wrote it', async () => {
    await send();
    expect(headersOf(server.received[0])).toMatchObject({
      'auto-submitted': 'auto-generated',
      'x-auto-response-suppress': 'All',
      from: 'Yard <yard@example.com>',
    });
  });

  it('opens the conversation about its run, or answers in it', async () => {
    await send();
    await send({ parcel: { thread: { id: 'run_1.mail', subject: '[kilns] Run 12', opens: false } } });
    const [first, second] = server.received.map(headersOf);
    expect(first).toMatchObject({ subject: '[kilns] Run 12', 'message-id': '<run_1.mail@example.com>' });
    expect(first?.['in-reply-to']).toBeUndefined();
    expect(second).toMatchObject({
      subject: 'Re: [kilns] Run 12',
      'message-id': '<ntf_2@example.com>',
      'in-reply-to': '<run_1.mail@example.com>',
      references: '<run_1.mail@example.com>',
    });
  });

  it('about no run stands for itself', async () => {
    await send({ parcel: { thread: null, message: kind('what concerns no run') } });
    const headers = headersOf(server.received[0]);
    expect(headers['subject']).toBe('ada withdrew kiln-1 v3: drifts');
    expect(headers['message-id']).toBe('<ntf_2@example.com>');
  });

  it('lets nobody write into its headers', async () => {
    const strange = { ...kind('strangers'), title: HOSTILE };
    await send({ parcel: { thread: null, message: strange } });
    await send({
      parcel: {
        thread: { id: 'run_1.mail', subject: `x\r\nBcc: all@example.com\r\n\r\nbody`, opens: true },
        message: strange,
      },
    });
    for (const mail of server.received) {
      expect(mail.to).toEqual(['ml@example.com']);
      expect(Object.keys(headersOf(mail)).toSorted()).toEqual([
        'auto-submitted',
        'content-type',
        'date',
        'from',
        'message-id',
        'mime-version',
        'subject',
        'to',
        'x-auto-response-suppress',
      ]);
    }
  });

  it.each(Object.keys(KINDS))('has nothing in it that its reader would run: %s', (name) => {
    const html = htmlBody(kind(name));
    const tags = new Set([...html.matchAll(/<\/?([a-z!][\w]*)/gi)].map(([, tag]) => tag?.toLowerCase()));
    for (const known of [
      '!doctype',
      'html',
      'head',
      'meta',
      'title',
      'body',
      'p',
      'strong',
      'span',
      'table',
      'tr',
      'td',
      'div',
      'a',
      'code',
    ])
      tags.delete(known);
    expect([...tags]).toEqual([]);
    expect(
      [...html.matchAll(/href="([^"]*)"/g)].every(([, url]) => url?.startsWith('https://yard.example.com/')),
    ).toBe(true);
    // oxlint-disable-next-line no-control-regex
    expect(html + plainBody(kind(name))).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F]/);
  });

  it('escapes what means something in HTML', () => {
    expect(escapeHtml(`<b a="1" c='2'>&\``)).toBe('&#60;b a=&#34;1&#34; c=&#39;2&#39;&#62;&#38;&#96;');
  });
});

describe('a mail server', () => {
  it('is signed in to where it asks for that', async () => {
    await server.stop();
    server = await MailServer.start({ authOptional: false });
    expect(await send({ smtp: { user: 'yard', password: 'correct horse' } })).toMatchObject({
      kind: 'delivered',
    });
    expect(server.received[0]?.user).toBe('yard');
  });

  it('that knows neither user nor password is not asked again', async () => {
    const outcome = await send({ smtp: { user: 'yard', password: 'wrong battery' } });
    expect(outcome).toMatchObject({ kind: 'never', hint: expect.stringMatching(/user and password/) });
    expect(JSON.stringify(outcome)).not.toContain('wrong battery');
  });

  it('without TLS gets nothing unless TLS is switched off', async () => {
    await server.stop();
    server = await MailServer.start({ disabledCommands: ['STARTTLS'] });
    expect(await send()).toMatchObject({ kind: 'never', hint: expect.stringMatching(/TLS/) });
    expect(await send({ smtp: { tls: 'none' } })).toMatchObject({ kind: 'delivered' });
    expect(server.received.map((m) => m.secure)).toEqual([false]);
  });

  it('may speak TLS from the start', async () => {
    await server.stop();
    server = await MailServer.start({ secure: true });
    expect(await send({ smtp: { tls: 'implicit' } })).toMatchObject({ kind: 'delivered' });
    expect(server.received[0]?.secure).toBe(true);
  });

  it('whose certificate nobody knows is not trusted', async () => {
    tls.setDefaultCACertificates(trusted);
    try {
      expect(await send()).toMatchObject({ kind: 'later', error: expect.stringMatching(/certificate/) });
    } finally {
      tls.setDefaultCACertificates([...trusted, CERTIFICATE]);
    }
    expect(server.received).toEqual([]);
  });

  it('that refuses every address for good is not asked again; for now, later', async () => {
    const refuse = (responseCode: number) =>
      MailServer.start({
        onRcptTo: (_a, _s, done) => done(Object.assign(new Error('no such mailbox'), { responseCode })),
      });
    await server.stop();
    server = await refuse(550);
    expect(await send()).toMatchObject({ kind: 'never', hint: 'Check the addresses of the channel.' });
    await server.stop();
    server = await refuse(450);
    expect(await send()).toMatchObject({ kind: 'later' });
  });

  it('that refuses one of several addresses has taken the mail, and is told of', async () => {
    await server.stop();
    server = await MailServer.start({
      onRcptTo: ({ address }, _s, done) =>
        address === 'gone@example.com'
          ? done(Object.assign(new Error('gone'), { responseCode: 550 }))
          : done(),
    });
    expect(await send({ to: ['ml@example.com', 'gone@example.com'] })).toMatchObject({
      kind: 'delivered',
      flaw: 'refused: gone@example.com',
    });
    expect(server.received[0]?.to).toEqual(['ml@example.com']);
  });

  it('that is busy is asked again, one that refuses the mail is not', async () => {
    const answer = (responseCode: number) =>
      MailServer.start({
        onData: (stream, _s, done) => {
          stream.on('data', () => undefined);
          stream.on('end', () => done(Object.assign(new Error('no'), { responseCode })));
        },
      });
    await server.stop();
    server = await answer(451);
    expect(await send()).toMatchObject({ kind: 'later' });
    await server.stop();
    server = await answer(554);
    expect(await send()).toMatchObject({ kind: 'never' });
  });

  it('that hangs is given ten seconds', async () => {
    await server.stop();
    let asked = false;
    server = await MailServer.start({
      onMailFrom: () => {
        asked = true;
      },
    });
    const sending = send();
    await until(() => asked);
    await y.clock.advance(10_000);
    expect(await sending).toEqual({ kind: 'later', error: 'no answer within 10 s', retry_after_ms: null });
  });

  it('that is not there is tried later', async () => {
    const { port } = server;
    await server.stop();
    server = await MailServer.start();
    expect(await send({ smtp: { port } })).toMatchObject({
      kind: 'later',
      error: expect.stringMatching(/ECONNREFUSED/),
    });
  });
});

describe('a sender', () => {
  it('is that of the channel, else of the server, else who signs in', async () => {
    await send({ from: 'kilns@other.example.com' });
    await send({ smtp: { from: null, user: 'yard@example.com', password: 'correct horse' } });
    expect(server.received.map((m) => m.from)).toEqual(['kilns@other.example.com', 'yard@example.com']);
    expect(headersOf(server.received[0])['message-id']).toBe('<run_1.mail@other.example.com>');
  });

  it('must be there', async () => {
    expect(await send({ smtp: { from: null } })).toMatchObject({ kind: 'never', error: 'it has no sender' });
  });
});
