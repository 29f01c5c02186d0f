import type { Env } from '../app.ts';
import { ApiError, createClient } from '../client/index.ts';
import type { Client, LiveMessage } from '../client/index.ts';
import { EXIT, TrainyardError, UsageError } from '../kernel/errors.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import { isLoopback } from '../kernel/loopback.ts';
import { ownVersion } from '../kernel/package-folder.ts';
import { note } from './render/output.ts';

/** Does a command's work on a server; what goes wrong is told as it is in a project here, with the same exit codes. */
export async function onServer<T>(address: string, env: Env, work: (yard: Client) => Promise<T>): Promise<T> {
  const token = env['TRAINYARD_TOKEN']?.trim() ?? '';
  const url = urlOf(address);
  if (token !== '' && url.protocol === 'http:' && !isLoopback(url.hostname))
    throw new UsageError(`The token in TRAINYARD_TOKEN would go to ${url.host} in clear text.`, {
      hint: `Use https://${url.host}, or a tunnel: ssh -L 8787:127.0.0.1:${url.port === '' ? '80' : url.port} ${url.hostname}`,
    });
  const yard = createClient({ url: url.href, token: token === '' ? null : token });
  try {
    return await work(yard);
  } catch (error) {
    throw error instanceof ApiError ? asTrainyardError(error, yard, token !== '') : error;
  } finally {
    const theirs = yard.server_version;
    const own = ownVersion();
    if (theirs !== null && minor(theirs) !== minor(own))
      note(
        `The server is Trainyard ${theirs}, this is ${own}: use the same version where something is amiss.`,
      );
  }
}

/** The address without what does not belong to it. @throws UsageError */
function urlOf(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.host === '')
    throw new UsageError(`${address} is no address of a server.`, {
      hint: 'Write it with its scheme, for example https://trainyard.example.com or http://127.0.0.1:8787.',
    });
  if (url.username !== '' || url.password !== '')
    throw new UsageError('An address with a name or a password in it is not taken: others can read it.', {
      hint: 'Put a token in the environment variable TRAINYARD_TOKEN instead.',
    });
  url.search = '';
  url.hash = '';
  url.pathname = url.pathname.replace(/\/api(\/v1)?\/?$/, '/');
  return url;
}

/** The codes that are the API's own, as those of the command line. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  unauthenticated: 'not_allowed',
  wrong_host: 'not_allowed',
  cross_site: 'not_allowed',
  too_many_requests: 'provider_unavailable',
  unreachable: 'provider_unavailable',
  broken_off: 'provider_unavailable',
  foreign_answer: 'usage',
};

const isErrorCode = (code: string): code is ErrorCode =>
  Object.hasOwn(EXIT, code) && !['ok', 'plan_has_changes', 'waiting_for_approval'].includes(code);

function asTrainyardError(error: ApiError, yard: Client, had_token: boolean): TrainyardError {
  const { status, request_id, problems } = error;
  const code = CODES[error.code] ?? (isErrorCode(error.code) ? error.code : 'unexpected');
  const unknown = status === 404 && error.message.startsWith(`There is nothing at /api/`);
  return new TrainyardError(
    code,
    unknown
      ? `The server at ${yard.url} does not know what is asked: ${error.message}`
      : code === 'unexpected'
        ? `${error.message.replace(/\.$/, '')} (request ${request_id ?? 'unknown'}).`
        : error.message,
    {
      hint: unknown
        ? `It is Trainyard ${yard.server_version ?? 'of an unknown version'}, this is ${ownVersion()}: use the same version.`
        : status === 401 && !had_token
          ? 'Put an API token in the environment variable TRAINYARD_TOKEN; on the server, `trainyard tokens create NAME --role viewer` makes one.'
          : (error.hint ?? undefined),
      problems,
      details: { server: yard.url, status, ...(request_id === null ? {} : { request_id }) },
      cause: error,
    },
  );
}

/** `1.4` of `1.4.2`. */
const minor = (version: string): string => version.split('.', 2).join('.');

/**
 * Tells that the line to the server is down, once however often it is tried: a server may be away for a night. And that it
 * stands again.
 */
export function lineTeller(): (message: LiveMessage) => void {
  let down = false;
  return (message) => {
    if (message.kind === 'lost' && !down)
      note(`The line to the server is down (${message.error.message.replace(/\.$/, '')}); trying again …`);
    if (message.kind === 'open' && down) note('The line to the server stands again.');
    if (message.kind === 'lost') down = true;
    if (message.kind === 'open') down = false;
  };
}

/** The most that one page holds. */
const PAGE = 500;

/** So many of a list, over as many pages as it takes. `next`: where the list goes on, null at its end. */
export async function take<T>(
  limit: number,
  page: (query: { readonly limit: number; readonly cursor: string | undefined }) => Promise<{
    readonly items: readonly T[];
    readonly next: string | null;
  }>,
  from?: string,
): Promise<{ readonly items: T[]; readonly next: string | null }> {
  const items: T[] = [];
  let cursor = from;
  for (;;) {
    const asked = Math.min(PAGE, limit - items.length);
    const { items: some, next } = await page({ limit: asked, cursor });
    items.push(...some);
    if (next === null || items.length >= limit || some.length < asked) return { items, next };
    cursor = next;
  }
}
