import picomatch from 'picomatch';
import { z } from 'zod';
import type { HookConfig, HookSender } from '../config/index.ts';
import { UsageError } from '../kernel/errors.ts';
import type { HookCall } from './verify.ts';

/** What a genuine call is about, as far as a hook asks. */
export interface CallFacts {
  /** As the sender calls it: `push`, `git.push`. */
  readonly event: string | null;
  /** The branch that was pushed to. */
  readonly branch: string | null;
  /** Circuits that the body names, where the hook goes by them. */
  readonly circuits: readonly string[] | null;
  /** Why nothing is to be done about it; null: something is. */
  readonly ignored: string | null;
}

const MOST_CIRCUITS = 10_000;
const LONGEST_TEXT = 200;

const Text = z.string().max(LONGEST_TEXT).optional().catch(undefined);

/** Of all that senders tell, what is looked at. Anything else, of whatever shape, is passed over. */
const Body = z.looseObject({
  type: Text,
  object_kind: Text,
  eventType: Text,
  ref: Text,
  deleted: z.boolean().optional().catch(undefined),
  after: Text,
  resource: z
    .looseObject({
      refUpdates: z
        .array(z.looseObject({ name: Text, newObjectId: Text }))
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
});

/** Ids alone: a caller says which circuits, and no selector that may mean the whole fleet. */
const Circuits = z.looseObject({
  circuits: z
    .array(
      z
        .string()
        .min(1)
        .max(300)
        .regex(/^[^\s,/*?[\]{}()!+@]+(?:\/[^\s,/*?[\]{}()!+@]+)?$/, 'must be an id, and no glob or list')
        .refine((id) => id.toUpperCase() !== 'AUTO', 'must be an id, and not AUTO'),
    )
    .min(1)
    .max(MOST_CIRCUITS),
});

/**
 * Reads what a genuine call tells, and whether the hook is for it.
 * @throws UsageError for a body that cannot be read, or that names no circuits where it has to
 */
export function readCall(hook: HookConfig, call: HookCall): CallFacts {
  const document = parse(call);
  const body = Body.safeParse(document);
  if (!body.success)
    throw new UsageError('The body is no JSON object.', {
      hint: 'Send an object; `{}` will do where the hook needs nothing of it.',
    });
  const event = eventOf(hook.sender, call, body.data);
  const { branch, gone } = pushOf(body.data, hook);
  const ignored = isNoPush(hook.sender, event, body.data)
    ? 'it is called a push, and is none'
    : whyIgnored(hook, event, branch, gone);
  const circuits = hook.circuits_from_body && ignored === null ? circuitsIn(document) : null;
  return { event, branch, circuits, ignored };
}

function parse({ header, body }: HookCall): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    const form = /form/i.test(header('content-type') ?? '');
    throw new UsageError('The body is no JSON.', {
      hint: form ? 'Have the sender use the content type application/json.' : 'Send an object, such as `{}`.',
    });
  }
}

function eventOf(sender: HookSender, { header }: HookCall, body: z.output<typeof Body>): string | null {
  const named = {
    standard: body.type ?? body.object_kind,
    github: header('x-github-event'),
    gitlab: body.object_kind,
    'azure-devops': body.eventType,
    bearer: body.type,
  }[sender];
  return named === undefined || named === '' ? null : named.slice(0, LONGEST_TEXT);
}

const NOTHING = /^0{40,64}$/;

/** The branch of a push, and whether the push took it away. */
interface Push {
  readonly branch: string | null;
  readonly gone: boolean;
}

/** Of several branches that were pushed at once the one that the hook is for, where it is for one. */
function pushOf({ ref, deleted, after, resource }: z.output<typeof Body>, hook: HookConfig): Push {
  const updates = ref === undefined ? (resource?.refUpdates ?? []) : [{ name: ref, newObjectId: after }];
  const pushes = updates.map(({ name, newObjectId }) => ({
    branch: /^refs\/heads\/(.+)$/.exec(name ?? '')?.[1] ?? null,
    gone: deleted === true || NOTHING.test(newObjectId ?? ''),
  }));
  return (
    pushes.find(({ branch, gone }) => !gone && isAmong(branch, hook.branches)) ??
    pushes[0] ?? { branch: null, gone: false }
  );
}

/** The name of an event stands in a header that GitHub does not sign: another one could be passed off as a push. */
const isNoPush = (sender: HookSender, event: string | null, body: z.output<typeof Body>): boolean =>
  sender === 'github' && event === 'push' && (body.ref === undefined || body.after === undefined);

const isAmong = (name: string | null, globs: readonly string[] | null): boolean =>
  globs === null || (name !== null && picomatch.isMatch(name, [...globs]));

function whyIgnored(
  { events, branches }: HookConfig,
  event: string | null,
  branch: string | null,
  gone: boolean,
): string | null {
  if (event === 'ping') return 'a ping: the secret is right, and there is nothing to do';
  if (!isAmong(event, events))
    return `${event === null ? 'an event without a type' : `event ${event}`} is not among its events`;
  if (!isAmong(branch, branches))
    return branch === null
      ? 'it names no branch, and the hook is for some'
      : `branch ${branch} is not among its branches`;
  if (gone && branch !== null) return `branch ${branch} was removed`;
  return null;
}

function circuitsIn(document: unknown): readonly string[] {
  const read = Circuits.safeParse(document);
  if (read.success) return [...new Set(read.data.circuits)];
  const [first] = read.error.issues;
  throw new UsageError(
    `The body does not say which circuits: ${first?.path.map(String).join('.') ?? ''}: ${first?.message ?? ''}`,
    { hint: 'Send {"circuits": ["plant_a/kiln_7"]}, or leave circuits_from_body out.' },
  );
}
