import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { TrainyardError } from '../kernel/errors.ts';
import type { ErrorCode } from '../kernel/errors.ts';

/** What an error looks like over HTTP. Source: RFC 9457; `code`, `hint` and `problems` are as on the command line. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened, and to what.' }),
    code: z.string(),
    hint: z.string().nullable().meta({ description: 'What to do next.' }),
    problems: z.array(
      z.object({
        file: z.string(),
        line: z.int().nullable(),
        column: z.int().nullable(),
        path: z.string(),
        message: z.string(),
        hint: z.string().nullable(),
      }),
    ),
    request_id: z.string().nullable(),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' });
export type Problem = z.infer<typeof Problem>;

const STATUS: Readonly<Record<ErrorCode, ContentfulStatusCode>> = {
  unexpected: 500,
  usage: 400,
  not_allowed: 403,
  not_found: 404,
  conflict: 409,
  approval_refused: 409,
  provider_unavailable: 503,
  work_failed: 409,
  wait_timed_out: 504,
  blocked_by_guard: 409,
  interrupted: 503,
};

const TITLES: Readonly<Record<ErrorCode, string>> = {
  unexpected: 'Something went wrong',
  usage: 'The request makes no sense',
  not_allowed: 'Not allowed',
  not_found: 'Not found',
  conflict: 'In conflict with how things are',
  approval_refused: 'The verdict does not count',
  provider_unavailable: 'The provider is away',
  work_failed: 'The work failed',
  wait_timed_out: 'It took too long',
  blocked_by_guard: 'A guard holds it back',
  interrupted: 'Interrupted',
};

/** An error as a response. What was not expected says nothing of itself: it may hold anything. */
export function problemResponse(c: Context, error: unknown): Response {
  // What the framework itself refuses: JSON that is none, a body of another kind.
  if (error instanceof HTTPException && error.status < 500)
    return problem(c, {
      status: error.status,
      title: TITLES.usage,
      code: 'usage',
      detail: error.message === '' ? 'The request cannot be read.' : `${error.message.replace(/\.$/, '')}.`,
      hint: 'See /api/docs for what is expected.',
      problems: [],
    });
  const known = error instanceof TrainyardError && error.code !== 'unexpected';
  const code: ErrorCode = known ? error.code : 'unexpected';
  return problem(c, {
    status: STATUS[code],
    title: TITLES[code],
    code,
    detail: known ? error.message : 'The server met an error that it did not expect; its log says more.',
    hint: known ? (error.hint ?? null) : null,
    problems: known ? [...error.problems] : [],
  });
}

/** A response that says what is wrong with a request. */
export function problem(
  c: Context,
  says: Omit<Problem, 'type' | 'request_id' | 'status'> & { readonly status: ContentfulStatusCode },
): Response {
  const document: Problem = {
    type: `urn:trainyard:${says.code}`,
    request_id: c.res.headers.get('x-request-id'),
    ...says,
  };
  return c.body(JSON.stringify(document), says.status, { 'content-type': 'application/problem+json' });
}
