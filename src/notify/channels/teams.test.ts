import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Outcome, Parcel } from '../sender.ts';
import { HOSTILE, KINDS } from '../test-messages.ts';
import { settingsOf, until, yard } from '../test-notify.ts';
import type { Yard } from '../test-notify.ts';
import { HttpServer } from '../test-servers.ts';
import { escapeMarkdown, teamsCard, teamsMessage } from './teams-card.ts';
import { teamsSender } from './teams.ts';

const folder = join(import.meta.dirname, '../../../test/fixtures/adaptive-card');
const read = (path: string): Record<string, unknown> =>
  z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(path, 'utf8')));
const { id: _id, ...schema } = read(join(folder, 'schema.json'));
const ajv = new Ajv({ strict: false, validateFormats: false });
ajv.addMetaSchema(
  read(join(import.meta.dirname, '../../../node_modules/ajv/dist/refs/json-schema-draft-06.json')),
);
const isCard = ajv.compile(schema);

/** Every element and action in a card, with its type. */
function elementsIn(value: unknown): { type: string; [key: string]: unknown }[] {
  if (Array.isArray(value)) return value.flatMap(elementsIn);
  if (typeof value !== 'object' || value === null) return [];
  const own = z.looseObject({ type: z.string() }).safeParse(value).data;
  return [...(own === undefined ? [] : [own]), ...Object.values(value).flatMap(elementsIn)];
}
const KnownText = z.object({ text: z.string() });
const runsIn = (card: unknown): string[] =>
  elementsIn(card)
    .filter((e) => e.type === 'TextRun')
    .map((e) => KnownText.parse(e).text);

describe('the schema in the tests', () => {
  it('refuses what is no card', () => {
    const card = (body: unknown): unknown => ({ type: 'AdaptiveCard', version: '1.4', body: [body] });
    expect(isCard(card({ type: 'TextBlock', text: 'x' }))).toBe(true);
    for (const wrong of [
      { type: 'TextBlok', text: 'x' },
      { type: 'TextBlock', text: 'x', colour: 'good' },
      { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: 'x', color: 'green' }] },
      { type: 'FactSet', facts: [{ title: 'x' }] },
    ])
      expect(isCard(card(wrong))).toBe(false);
  });
});

describe('a card', () => {
  it.each(Object.entries(KINDS))('is an Adaptive Card: %s', (_, message) => {
    const card = teamsCard(message);
    expect(isCard(card) ? [] : isCard.errors).toEqual([]);
    expect(card['version']).toBe('1.4');
    // What a workflow passes on and Teams shows; nothing that would have to be answered.
    const types = new Set(elementsIn(card).map((e) => e.type));
    for (const known of [
      'AdaptiveCard',
      'ColumnSet',
      'Column',
      'RichTextBlock',
      'TextRun',
      'Container',
      'Action.OpenUrl',
    ])
      types.delete(known);
    expect([...types]).toEqual([]);
  });

  it.each(Object.entries(KINDS))('keeps within what Teams takes: %s', (_, message) => {
    expect(Buffer.byteLength(teamsMessage(message))).toBeLessThan(28_000);
  });

  it('is cut down to what Teams takes, and says how much is missing', () => {
    const sections = Array.from({ length: 60 }, (_, i) => ({
      heading: `section ${i}`,
      lines: Array.from({ length: 60 }, () => 'ä'.repeat(5000)),
    }));
    const message = { ...(KINDS['an approval'] ?? { title: '' }), sections };
    const text = teamsMessage({
      ...message,
      title: 't'.repeat(9000),
      state: 'waits',
      tone: 'attention',
      facts: [],
      actions: KINDS['an approval']?.actions ?? [],
    });
    expect(Buffer.byteLength(text)).toBeLessThan(28_000);
    expect(text).toMatch(/and \d+ more/);
    expect(text).toContain('trainyard approve apr_06h02xdm0008s4egf');
  });

  it('has a button for every page, and every command as it is typed', () => {
    const approval = KINDS['an approval'];
    if (approval === undefined) throw new Error('no such kind');
    const card = teamsCard(approval);
    expect(elementsIn(card).filter((e) => e.type === 'Action.OpenUrl')).toEqual([
      {
        type: 'Action.OpenUrl',
        title: 'Approve',
        url: 'https://yard.example.com/approvals/apr_06h02xdm0008s4egf',
      },
      { type: 'Action.OpenUrl', title: 'Run 12', url: 'https://yard.example.com/runs/12' },
    ]);
    expect(runsIn(card)).toEqual(
      expect.arrayContaining([
        'trainyard approve apr_06h02xdm0008s4egf',
        'trainyard reject apr_06h02xdm0008s4egf',
      ]),
    );
  });

  it('reads no markdown in what strangers wrote', () => {
    const strange = KINDS['strangers'];
    if (strange === undefined) throw new Error('no such kind');
    const card = teamsCard(strange);
    expect(runsIn(card).some((text) => text.includes('[click](https://evil.example)'))).toBe(true);
    // The fallback text alone knows markdown; there every mark is escaped.
    const fallback = String(card['fallbackText']);
    expect(fallback).toContain('\\[click\\]');
    expect(fallback.replaceAll(/\\[\\`*_{}[\]()#+\-.!<>|~&]/g, '')).not.toMatch(/[*_`[\]()<>#~|\\]/);
    expect(elementsIn(card).some((e) => e.type === 'TextBlock' || e.type === 'FactSet')).toBe(false);
    expect(escapeMarkdown('a\n# b [c](d)')).toBe('a \\# b \\[c\\]\\(d\\)');
  });
});

describe('a Teams channel', () => {
  let y: Yard;
  let server: HttpServer;
  beforeEach(async () => {
    y = yard();
    server = await HttpServer.start();
  });
  afterEach(async () => {
    await server.stop();
    await y.store.close();
  });
  const parcel = (kind = 'an approval'): Parcel => {
    const message = KINDS[kind];
    if (message === undefined) throw new Error(`no message ${kind}`);
    return { kind: 'message', id: 'ntf_1', message, thread: null, below: null };
  };
  const send = (url = server.url('/workflows/secret-of-the-flow?sig=abcdefgh')): Promise<Outcome> =>
    teamsSender(y.world(settingsOf({})), url).send(parcel(), new AbortController().signal);

  it('is sent a message with one card', async () => {
    server.answer = () => ({ status: 202, body: '' });
    expect(await send()).toEqual({ kind: 'delivered', answer: 'HTTP 202' });
    const [got] = server.received;
    expect(got?.headers['content-type']).toBe('application/json');
    const { attachments, type } = z
      .object({
        type: z.string(),
        attachments: z.array(
          z.object({ contentType: z.string(), contentUrl: z.null(), content: z.unknown() }),
        ),
      })
      .parse(got?.json());
    expect([type, attachments.length, attachments[0]?.contentType]).toEqual([
      'message',
      1,
      'application/vnd.microsoft.card.adaptive',
    ]);
    expect(isCard(attachments[0]?.content)).toBe(true);
  });

  it.each([
    [400, 'never'],
    [401, 'never'],
    [403, 'never'],
    [404, 'never'],
    [410, 'never'],
    [408, 'later'],
    [425, 'later'],
    [429, 'later'],
    [500, 'later'],
    [502, 'later'],
    [503, 'later'],
    [302, 'never'],
    [204, 'delivered'],
  ])('that answers %d takes the message: %s', async (status, kind) => {
    server.answer = () => ({ status, headers: { location: 'http://127.0.0.1:1/elsewhere' } });
    expect((await send()).kind).toBe(kind);
    expect(server.received).toHaveLength(1);
  });

  it('that is not there, or cuts the line, is tried later', async () => {
    server.answer = () => 'cut';
    expect(await send()).toMatchObject({ kind: 'later', error: expect.stringMatching(/cut/) });
    const gone = await HttpServer.start();
    const url = gone.url('/workflows/secret-of-the-flow');
    await gone.stop();
    const outcome = await send(url);
    expect(outcome).toEqual({
      kind: 'later',
      error: 'nobody answers at its address (ECONNREFUSED)',
      retry_after_ms: null,
    });
  });

  it('that hangs is given ten seconds', async () => {
    server.answer = () => 'hang';
    const sending = send();
    await until(() => server.received.length === 1);
    await y.clock.advance(9999);
    await y.clock.advance(1);
    expect(await sending).toEqual({ kind: 'later', error: 'no answer within 10 s', retry_after_ms: null });
  });

  it('that hangs keeps no connection once its time is over', async () => {
    server.answer = () => 'hang';
    const sending = send();
    await until(() => server.received.length === 1);
    expect(await server.connections()).toBe(1);
    await y.clock.advance(10_000);
    await sending;
    await until(async () => (await server.connections()) === 0);
  });

  it('that is a retired connector is not even asked', async () => {
    const outcome = await send('https://outlook.office.com/webhook/abc@def/IncomingWebhook/ghi');
    expect(outcome).toMatchObject({
      kind: 'never',
      error: expect.stringMatching(/Microsoft has retired/),
      hint: expect.stringMatching(/Workflows/),
    });
    expect(JSON.stringify(outcome)).not.toContain('abc@def');
  });

  it('is told apart from its secret in whatever is said of it', async () => {
    server.answer = (r) => ({ status: 404, body: `<html>no ${r.path}\n${HOSTILE}${'x'.repeat(5000)}` });
    const outcome = await send();
    if (outcome.kind !== 'never') throw new Error(outcome.kind);
    expect(outcome.error).not.toMatch(/secret-of-the-flow|abcdefgh|\n|\u001B/);
    expect(outcome.error.length).toBeLessThanOrEqual(300);
    const wrong = await send('not a url but a secret');
    expect(wrong).toMatchObject({ kind: 'never', error: 'its address is no URL' });
  });
});
