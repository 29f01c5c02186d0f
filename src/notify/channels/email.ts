import type { SmtpSettings } from '../../config/index.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Outcome, Parcel, Sender } from '../sender.ts';
import type { NotifyWorld } from '../world.ts';
import { htmlBody, plainBody, headerText } from './email-body.ts';
import { fit } from './fit.ts';
import { cleaner } from './http.ts';
import { withTimeLimit } from './time-limit.ts';

/** An e-mail channel with every `${env:NAME}` filled in. */
export interface EmailSettings {
  readonly to: readonly string[];
  readonly from: string | null;
  readonly smtp: SmtpSettings;
}

/** SMTP: a mail with plain and HTML text per message; the mails about one run are one conversation. */
export function emailSender(world: NotifyWorld, settings: EmailSettings): Sender {
  const { smtp } = settings;
  const clean = cleaner(smtp.password === null ? [] : [smtp.password]);
  const from = settings.from ?? smtp.from ?? smtp.user;
  return {
    send: async (parcel, cut) => {
      if (parcel.kind !== 'message')
        return { kind: 'never', error: 'e-mail takes whole messages alone', hint: null };
      const domain = from === null ? undefined : /@([^@\s<>]+)>?\s*$/.exec(from)?.[1];
      if (from === null || domain === undefined)
        return {
          kind: 'never',
          error: 'it has no sender',
          hint: 'Set notifications.smtp.from to an e-mail address.',
        };
      return withTimeLimit(world.clock, world.timing.attempt_ms, cut, async (signal) => {
        const { createTransport } = await import('nodemailer');
        const transport = createTransport({
          host: smtp.host,
          port: smtp.port,
          secure: smtp.tls === 'implicit',
          requireTLS: smtp.tls === 'starttls',
          ignoreTLS: smtp.tls === 'none',
          connectionTimeout: world.timing.attempt_ms,
          greetingTimeout: world.timing.attempt_ms,
          socketTimeout: world.timing.attempt_ms,
          disableFileAccess: true,
          disableUrlAccess: true,
          ...(smtp.user === null || smtp.password === null
            ? {}
            : { auth: { user: smtp.user, pass: smtp.password } }),
        });
        try {
          const sent = await transport.sendMail({
            ...mailOf(parcel, domain),
            from,
            to: [...settings.to],
            signal,
          });
          return {
            kind: 'delivered',
            answer: clean(sent.response),
            ...(sent.rejected.length === 0 ? {} : { flaw: clean(`refused: ${sent.rejected.join(', ')}`) }),
          };
        } catch (error) {
          return failure(error, clean);
        } finally {
          transport.close();
        }
      });
    },
  };
}

function mailOf(parcel: Extract<Parcel, { kind: 'message' }>, domain: string) {
  const { thread } = parcel;
  // Mail programs put a reply to its thread by the ids, and only where the subject is the same.
  const subject = headerText(thread?.subject ?? parcel.message.title);
  const root = thread === null ? null : `<${thread.id}@${domain}>`;
  const isReply = root !== null && thread?.opens === false;
  const { text, html } = fit(
    parcel.message,
    (m) => ({ text: plainBody(m), html: htmlBody(m) }),
    (body) => body.html.length < 100_000,
  );
  return {
    subject: isReply ? `Re: ${subject}` : subject,
    text,
    html,
    messageId: root !== null && !isReply ? root : `<${parcel.id}@${domain}>`,
    ...(isReply ? { inReplyTo: root, references: [root] } : {}),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  };
}

/** A 4xx answer of a mail server means later, a 5xx one never. */
function failure(error: unknown, clean: (text: string) => string): Outcome {
  const { responseCode, code } = facets(error);
  const said = clean(messageOf(error));
  if (code === 'ETLS')
    return {
      kind: 'never',
      error: said,
      hint: 'The server offers no TLS at this port; see `tls` and `port` of `smtp`.',
    };
  if (code === 'EAUTH' && (responseCode ?? 535) >= 500)
    return {
      kind: 'never',
      error: said,
      hint: 'The mail server does not accept user and password of `smtp`.',
    };
  if (responseCode !== null && responseCode >= 500)
    return {
      kind: 'never',
      error: said,
      hint: code === 'EENVELOPE' ? 'Check the addresses of the channel.' : null,
    };
  return { kind: 'later', error: said, retry_after_ms: null };
}

function facets(error: unknown): { responseCode: number | null; code: string | null } {
  if (!(error instanceof Error)) return { responseCode: null, code: null };
  const responseCode =
    'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : null;
  return { responseCode, code: 'code' in error && typeof error.code === 'string' ? error.code : null };
}
