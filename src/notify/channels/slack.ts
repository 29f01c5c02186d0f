import { z } from 'zod';
import { sha256 } from '../../kernel/digest.ts';
import type { Message } from '../message.ts';
import type { Outcome, Parcel, Sender } from '../sender.ts';
import type { NotifyWorld } from '../world.ts';
import { cleaner, outcomeOf, postJson, retryAfter } from './http.ts';
import type { HttpAnswer } from './http.ts';
import { slackMessage } from './slack-blocks.ts';
import { withTimeLimit } from './time-limit.ts';

/** An incoming webhook of Slack: it posts, and cannot edit. */
export function slackWebhookSender(world: NotifyWorld, url: string): Sender {
  const clean = cleaner([url]);
  return {
    send: async (parcel, cut) => {
      if (parcel.kind !== 'message')
        return { kind: 'never', error: 'a webhook of Slack takes whole messages alone', hint: null };
      const body = JSON.stringify(slackMessage(parcel.message));
      return withTimeLimit(world.clock, world.timing.attempt_ms, cut, async (signal) =>
        outcomeOf(await postJson({ url, body }, signal), world.clock, clean),
      );
    },
  };
}

/** Where a posted message is found again, and what it shows. */
const Ref = z.object({ channel: z.string(), ts: z.string() });
const Said = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  ts: z.string().optional(),
  channel: z.string().optional(),
});

/** Slack's own methods: a bot posts, and edits what it posted. */
export function slackBotSender(
  world: NotifyWorld,
  settings: { readonly token: string; readonly channel: string },
): Sender {
  const clean = cleaner([settings.token]);
  const call = async (method: string, body: Readonly<Record<string, unknown>>, signal: AbortSignal) => {
    const answer = await postJson(
      {
        url: `${world.links.slack_api}/${method}`,
        headers: {
          authorization: `Bearer ${settings.token}`,
          'content-type': 'application/json; charset=utf-8',
        },
        body: JSON.stringify({ ...body, unfurl_links: false, unfurl_media: false }),
      },
      signal,
    );
    return { answer, said: saidIn(answer) };
  };
  const post = async (parcel: Exclude<Parcel, { kind: 'event' }>, signal: AbortSignal): Promise<Outcome> => {
    const shown = slackMessage(parcel.message);
    const below =
      parcel.kind === 'message' && parcel.below !== null
        ? Ref.safeParse(JSON.parse(parcel.below)).data
        : undefined;
    const { answer, said } = await call(
      'chat.postMessage',
      { channel: settings.channel, ...shown, ...(below === undefined ? {} : { thread_ts: below.ts }) },
      signal,
    );
    if (said?.ok === true && said.ts !== undefined)
      return {
        kind: 'delivered',
        answer: 'ok',
        ref: JSON.stringify({ channel: said.channel ?? settings.channel, ts: said.ts }),
      };
    return refusal(answer, said, world, clean);
  };
  return {
    send: async (parcel, cut) => {
      if (parcel.kind === 'event')
        return { kind: 'never', error: 'Slack takes whole messages alone', hint: null };
      return withTimeLimit(world.clock, world.timing.attempt_ms, cut, async (signal) => {
        const ref =
          parcel.kind === 'living' && parcel.ref !== null
            ? Ref.safeParse(JSON.parse(parcel.ref)).data
            : undefined;
        if (ref === undefined) return post(parcel, signal);
        const { answer, said } = await call(
          'chat.update',
          { ...ref, ...slackMessage(parcel.message) },
          signal,
        );
        if (said?.ok === true) return { kind: 'delivered', answer: 'ok', ref: JSON.stringify(ref) };
        // Somebody deleted it, or it is too old to be edited: the run gets another one.
        if (said?.error !== undefined && GONE.includes(said.error)) return post(parcel, signal);
        return refusal(answer, said, world, clean);
      });
    },
  };
}

/** What a message shows, in short, so that an edit that changes nothing is not made. */
export const shownAs = (message: Message): string => sha256(JSON.stringify(slackMessage(message)));

function saidIn(answer: HttpAnswer): z.infer<typeof Said> | null {
  if (answer.kind !== 'answered') return null;
  try {
    return Said.safeParse(JSON.parse(answer.text)).data ?? null;
  } catch {
    return null;
  }
}

const GONE = ['message_not_found', 'cant_update_message', 'edit_window_closed'];
const PASSING = [
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
];
const HINTS: Readonly<Record<string, string>> = {
  channel_not_found: 'Check `channel` of this channel; invite the bot with /invite.',
  not_in_channel: 'Invite the bot to the channel with /invite.',
  is_archived: 'The channel is archived; name another one.',
  missing_scope: 'Give the bot the scope chat:write, and install it again.',
  invalid_auth: 'The token is not accepted; make a new one.',
  not_authed: 'The token is not accepted; make a new one.',
  account_inactive: 'The token is not accepted; make a new one.',
  token_revoked: 'The token is not accepted; make a new one.',
  token_expired: 'The token is not accepted; make a new one.',
};

/** Slack says no with status 200 and a word. */
function refusal(
  answer: HttpAnswer,
  said: z.infer<typeof Said> | null,
  world: NotifyWorld,
  clean: (text: string) => string,
): Outcome {
  if (answer.kind !== 'answered' || said?.error === undefined) {
    const outcome = outcomeOf(answer, world.clock, clean);
    return outcome.kind === 'delivered'
      ? { kind: 'later', error: `not an answer of Slack: ${outcome.answer}`, retry_after_ms: null }
      : outcome;
  }
  const error = clean(`Slack says ${said.error}`);
  return PASSING.includes(said.error)
    ? { kind: 'later', error, retry_after_ms: retryAfter(answer.retry_after, world.clock.now()) }
    : { kind: 'never', error, hint: HINTS[said.error] ?? null };
}
