import type { Clock } from '../../kernel/clock.ts';
import { messageOf, systemCode } from '../../kernel/errors.ts';
import { redactor } from '../../kernel/redact.ts';
import { clip } from '../digest.ts';
import type { Outcome } from '../sender.ts';

export interface HttpRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export type HttpAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retry_after: string | null;
      readonly text: string;
    }
  | { readonly kind: 'unreachable'; readonly why: string }
  | { readonly kind: 'no_address' };

/** As much of an answer as anybody reads. */
const MOST_CHARACTERS = 16_384;

/** One POST of JSON. Follows no redirect: a secret address leads to no other. Network trouble is an answer too. */
export async function postJson(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  if (!URL.canParse(request.url) || !/^https?:$/.test(new URL(request.url).protocol))
    return { kind: 'no_address' };
  try {
    const response = await fetch(request.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'trainyard', ...request.headers },
      body: request.body,
      redirect: 'manual',
      signal,
    });
    return {
      kind: 'answered',
      status: response.status,
      retry_after: response.headers.get('retry-after'),
      text: await beginningOf(response),
    };
  } catch (error) {
    return { kind: 'unreachable', why: whyUnreachable(error) };
  }
}

async function beginningOf(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  if (response.body === null) return text;
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MOST_CHARACTERS) break;
  }
  return text;
}

/** In words, and without the address, which may be the secret. */
function whyUnreachable(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = systemCode(cause) ?? '';
  return (
    WHY[code] ?? (code === '' ? `the request failed (${messageOf(cause)})` : `the request failed (${code})`)
  );
}

const WHY: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody answers at its address (ECONNREFUSED)',
  ENOTFOUND: 'its host name is not known (ENOTFOUND)',
  EAI_AGAIN: 'its host name could not be looked up (EAI_AGAIN)',
  ECONNRESET: 'the connection was cut (ECONNRESET)',
  UND_ERR_SOCKET: 'the connection was cut',
  ETIMEDOUT: 'the connection timed out (ETIMEDOUT)',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  EHOSTUNREACH: 'its host cannot be reached (EHOSTUNREACH)',
  ENETUNREACH: 'the network cannot be reached (ENETUNREACH)',
};

/** What a plain HTTP answer means for a message. `clean` takes secrets out of what the server said. */
export function outcomeOf(answer: HttpAnswer, clock: Clock, clean: (text: string) => string): Outcome {
  if (answer.kind === 'unreachable') return { kind: 'later', error: clean(answer.why), retry_after_ms: null };
  if (answer.kind === 'no_address')
    return {
      kind: 'never',
      error: 'its address is no URL',
      hint: 'Write https://…, or ${env:NAME} for a variable that holds such a URL.',
    };
  const { status } = answer;
  const said = clean(`HTTP ${status}${answer.text.trim() === '' ? '' : `: ${answer.text}`}`);
  if (status >= 200 && status < 300) return { kind: 'delivered', answer: said };
  if (status >= 500 || status === 408 || status === 425 || status === 429)
    return { kind: 'later', error: said, retry_after_ms: retryAfter(answer.retry_after, clock.now()) };
  if (status >= 300 && status < 400)
    return {
      kind: 'never',
      error: `${said.slice(0, 8)}: it sends elsewhere`,
      hint: 'Set the address that it leads to.',
    };
  return { kind: 'never', error: said, hint: HINTS[status] ?? null };
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'The address or the secret is not accepted; make a new one.',
  403: 'The address or the secret is not accepted; make a new one.',
  404: 'There is nothing at this address any more; make a new one.',
  410: 'There is nothing at this address any more; make a new one.',
};

/** Seconds or a date, at most a day. */
export function retryAfter(header: string | null, now: number): number | null {
  if (header === null) return null;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), 86_400_000) : null;
}

/**
 * Makes what others said fit to be shown: on one line, short, and without the secrets, also where only a part of an
 * address comes back.
 */
export function cleaner(secrets: readonly string[]): (text: string) => string {
  const parts = secrets.flatMap((text) => [text, ...partsOf(text)]);
  const redact = redactor(parts);
  // oxlint-disable-next-line no-control-regex
  return (text) =>
    clip(
      redact(text)
        .replaceAll(/[\s\u0000-\u001F\u007F-\u009F]+/g, ' ')
        .trim(),
      300,
    );
}

function partsOf(text: string): string[] {
  if (!URL.canParse(text)) return [];
  const { pathname, search, searchParams } = new URL(text);
  const pieces = [...pathname.split('/'), ...searchParams.values()];
  return [pathname + search, search, ...pieces.flatMap((p) => [p, decoded(p)])].filter(
    (part) => part.length >= 8,
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
