import type { Message } from '../message.ts';
import type { Section } from '../sections.ts';
import { clip } from '../digest.ts';
import { fit } from './fit.ts';

/** Slack's limits: of a text, of a header, of fields in a section, of blocks, and of all of them together. */
const MOST = { text: 3000, header: 150, field: 2000, fields: 10, blocks: 50, together: 11_000 } as const;

export interface SlackMessage {
  /** For notifications and for clients that show no blocks. */
  readonly text: string;
  readonly blocks: readonly Readonly<Record<string, unknown>>[];
}

/**
 * A message as Block Kit. What strangers wrote stands in plain text, which knows neither markup nor mentions; in the
 * few lines of mrkdwn it is escaped.
 */
export function slackMessage(message: Message): SlackMessage {
  return fit(
    message,
    (m) => ({ text: escapeMrkdwn(`${m.title} (${m.state})`), blocks: blocksOf(m).slice(0, MOST.blocks) }),
    ({ blocks }) => JSON.stringify(blocks).length <= MOST.together,
  );
}

function blocksOf(message: Message): Readonly<Record<string, unknown>>[] {
  return [
    { type: 'header', text: plain(`${SIGNS[message.tone]} ${message.title}`, MOST.header) },
    ...(message.facts.length === 0
      ? []
      : [
          {
            type: 'section',
            fields: message.facts
              .slice(0, MOST.fields)
              .map(({ label, value }) => plain(`${label}: ${value}`, MOST.field)),
          },
        ]),
    ...message.sections.flatMap(sectionBlocks),
    ...(message.actions.length === 0
      ? []
      : [
          {
            type: 'section',
            text: { type: 'mrkdwn', text: clip(message.actions.map(actionLine).join('\n'), MOST.text) },
          },
        ]),
  ];
}

/** A shape beside the words, because colours are not there. */
const SIGNS = { good: '✓', bad: '✗', attention: '‖', neutral: '·' } as const;

function sectionBlocks({ heading, lines }: Section): Readonly<Record<string, unknown>>[] {
  return [
    ...(heading === null
      ? []
      : [{ type: 'section', text: { type: 'mrkdwn', text: `*${clip(escapeMrkdwn(heading), 600)}*` } }]),
    ...(lines.length === 0 ? [] : [{ type: 'section', text: plain(lines.join('\n'), MOST.text) }]),
  ];
}

const plain = (text: string, most: number) => ({
  type: 'plain_text',
  text: clip(text === '' ? ' ' : text, most),
  emoji: false,
});

const actionLine = ({ label, command, url }: Message['actions'][number]): string =>
  `${url === null ? label : `<${escapeMrkdwn(url)}|${escapeMrkdwn(label)}>`}:  \`${escapeMrkdwn(command)}\``;

/** No mention, no link, no markup: `&`, `<` and `>` as Slack asks, and the marks themselves cannot begin anything. */
export const escapeMrkdwn = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[*~`]/g, (mark) => LOOKALIKES[mark] ?? mark)
    .replaceAll(/\s+/g, ' ');

const LOOKALIKES: Readonly<Record<string, string>> = { '*': '∗', '~': '∼', '`': 'ˋ' };
