import type { Message, Tone } from '../message.ts';
import type { Section } from '../sections.ts';
import { fit } from './fit.ts';

/** Teams takes 28 KB for a whole message; a little room is left for what the workflow adds. */
const MOST_BYTES = 27_000;
const MOST_BUTTONS = 6;

interface Run {
  readonly type: 'TextRun';
  readonly text: string;
  readonly [property: string]: unknown;
}

/** What a workflow's webhook takes: a message with one Adaptive Card. */
export function teamsMessage(message: Message): string {
  return fit(
    message,
    (m) =>
      JSON.stringify({
        type: 'message',
        attachments: [
          {
            contentType: 'application/vnd.microsoft.card.adaptive',
            contentUrl: null,
            content: teamsCard(m),
          },
        ],
      }),
    (text) => Buffer.byteLength(text) <= MOST_BYTES,
  );
}

/**
 * An Adaptive Card of version 1.4 out of elements that Teams shows and workflows pass on: no inputs, no `Action.Execute`.
 * All text stands in text runs, which know no markdown: what strangers wrote is shown as it is, on every client.
 */
export function teamsCard(message: Message): Record<string, unknown> {
  const links = message.actions.filter((action) => action.url !== null).slice(0, MOST_BUTTONS);
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    fallbackText: escapeMarkdown(message.title),
    body: [
      {
        type: 'ColumnSet',
        columns: [
          {
            type: 'Column',
            width: 'stretch',
            items: [text([run(message.title, { weight: 'bolder', size: 'medium' })])],
          },
          {
            type: 'Column',
            width: 'auto',
            items: [text([run(message.state, { color: COLORS[message.tone], weight: 'bolder' })])],
          },
        ],
      },
      ...message.facts.map(factOf),
      ...message.sections.map(sectionOf),
      ...(message.actions.length === 0
        ? []
        : [
            {
              type: 'Container',
              separator: true,
              items: message.actions.map((action) =>
                text([
                  run(`${action.label}: `, { isSubtle: true }),
                  run(action.command, { fontType: 'monospace' }),
                ]),
              ),
            },
          ]),
    ],
    ...(links.length === 0
      ? {}
      : {
          actions: links.map((action) => ({ type: 'Action.OpenUrl', title: action.label, url: action.url })),
        }),
  };
}

const COLORS: Readonly<Record<Tone, string>> = {
  good: 'good',
  bad: 'attention',
  attention: 'warning',
  neutral: 'default',
};

const text = (inlines: readonly Run[]) => ({ type: 'RichTextBlock', inlines });
const run = (words: string, style: Readonly<Record<string, unknown>> = {}): Run => ({
  type: 'TextRun',
  text: words === '' ? ' ' : words,
  ...style,
});

/** A `FactSet` would read markdown. */
const factOf = ({ label, value }: Message['facts'][number]) => ({
  type: 'ColumnSet',
  spacing: 'small',
  columns: [
    { type: 'Column', width: '90px', items: [text([run(label, { isSubtle: true })])] },
    { type: 'Column', width: 'stretch', items: [text([run(value)])] },
  ],
});

const sectionOf = ({ heading, lines }: Section) => ({
  type: 'Container',
  spacing: 'medium',
  items: [
    ...(heading === null ? [] : [text([run(heading, { weight: 'bolder' })])]),
    ...lines.map((line) => text([run(line)])),
  ],
});

/** Every character that may mean something in markdown, as itself; on one line. */
export const escapeMarkdown = (words: string): string =>
  words.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_{}[\]()#+\-.!<>|~&]/g, '\\$&');
