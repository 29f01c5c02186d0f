import { z } from 'zod';
import type { Event } from '../store/index.ts';

/** Events of one kind, told together: five hundred failed circuits are a few of these, not five hundred. */
const Item = z.object({
  key: z.string(),
  type: z.string(),
  severity: z.enum(['info', 'warning', 'error']),
  stage: z.string().nullable(),
  count: z.number(),
  /** Of the first one where they are about circuits, else of the last. */
  message: z.string(),
  /** What went wrong, where that tells one group from another. */
  cause: z.string().nullable(),
  /** The first circuits or models. */
  names: z.array(z.string()),
  approval_id: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});
export type DigestItem = z.infer<typeof Item>;

/** What a message is going to tell of; grows while events are gathered, and stays small whatever their number. */
export const Digest = z.object({
  items: z.array(Item),
  /** Events that found no room. */
  left_out: z.number(),
});
export type Digest = z.infer<typeof Digest>;

const MOST_ITEMS = 24;
const MOST_CAUSES = 6;
const MOST_NAMES = 5;
const LONGEST_TEXT = 500;
const LONGEST_DATA = 20_000;

/** The digest with these events in it too. */
export function gather(before: Digest | null, events: readonly Event[]): Digest {
  const items = new Map((before?.items ?? []).map((item) => [item.key, item]));
  let left_out = before?.left_out ?? 0;
  for (const event of events) {
    const fresh = itemOf(event);
    const key = keyOf(fresh, items);
    const known = items.get(key);
    if (known !== undefined) items.set(key, merged(known, fresh));
    else if (items.size < MOST_ITEMS) items.set(key, { ...fresh, key });
    else left_out++;
  }
  return { items: [...items.values()], left_out };
}

function itemOf(event: Event): DigestItem {
  const name = event.circuit_id ?? textIn(event.data, 'model');
  return {
    key: '',
    type: event.type,
    severity: event.severity === 'error' || event.severity === 'warning' ? event.severity : 'info',
    stage: event.stage,
    count: 1,
    message: clip(event.message, LONGEST_TEXT),
    cause: event.type === 'job.failed' ? causeOf(event) : null,
    names: name === null ? [] : [name],
    approval_id: textIn(event.data, 'approval_id'),
    data: JSON.stringify(event.data).length > LONGEST_DATA ? {} : event.data,
  };
}

/** Failures are told apart by their cause, as long as there are few; what is about circuits by its type alone. */
function keyOf(item: DigestItem, known: ReadonlyMap<string, DigestItem>): string {
  if (item.cause === null)
    return item.names.length > 0
      ? item.type
      : [item.type, item.stage ?? '', item.approval_id ?? ''].join('|');
  const key = `${item.type}|${signatureOf(item.cause)}`;
  if (known.has(key)) return key;
  const causes = [...known.values()].filter((k) => k.type === item.type).length;
  return causes < MOST_CAUSES ? key : `${item.type}|`;
}

function merged(known: DigestItem, fresh: DigestItem): DigestItem {
  const aboutNames = known.names.length > 0;
  const names =
    known.names.length < MOST_NAMES ? [...new Set([...known.names, ...fresh.names])] : known.names;
  return {
    ...known,
    count: known.count + 1,
    names,
    severity: WEIGHT[fresh.severity] > WEIGHT[known.severity] ? fresh.severity : known.severity,
    cause: known.cause !== null && known.key.endsWith('|') ? 'other causes' : known.cause,
    message: aboutNames ? known.message : fresh.message,
    data: aboutNames ? known.data : fresh.data,
  };
}

const WEIGHT = { info: 0, warning: 1, error: 2 } as const;

/** The job's name says nothing about why it failed. */
function causeOf(event: Event): string {
  const job = textIn(event.data, 'job');
  const text =
    job !== null && event.message.startsWith(job) ? event.message.slice(job.length) : event.message;
  const said = text.replace(/^ (?:failed|was refused): /, '').split('\n', 1)[0] ?? '';
  return clip(said.trim(), 200);
}

/** The same fault in two circuits differs in numbers, addresses and paths only. */
const signatureOf = (cause: string): string =>
  cause
    .replaceAll(/0x[0-9a-f]+/gi, '#')
    .replaceAll(/(?:\/[\w.@-]+){2,}/g, '/')
    .replaceAll(/\d+/g, '#')
    .slice(0, 120);

function textIn(data: Readonly<Record<string, unknown>>, key: string): string | null {
  const value = data[key];
  return typeof value === 'string' ? value : null;
}

export const clip = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;
