/** A place in a file or in a request that is not as it should be. */
export interface ApiFinding {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly path: string;
  readonly message: string;
  readonly hint: string | null;
}

/** What an answer says went wrong. Source: RFC 9457, with the fields that Trainyard adds. */
export interface ApiProblem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly hint: string | null;
  readonly problems: readonly ApiFinding[];
  readonly request_id: string | null;
}

/**
 * What went wrong, as the server told it or as the client saw it. `message` says what happened and to what, `hint` what to
 * do next.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly title: string;
  /** The status of the answer; 0: nobody answered. */
  readonly status: number;
  /**
   * As on the command line (`usage`, `not_allowed`, `not_found`, `conflict` …), or `unauthenticated`, `too_many_requests`,
   * `wrong_host`, `cross_site`; of the client's own: `unreachable`, `foreign_answer` (something else than Trainyard answered)
   * and `broken_off` (the answer ended in the middle).
   */
  readonly code: string;
  readonly hint: string | null;
  readonly problems: readonly ApiFinding[];
  /** Names the request in the server's log. */
  readonly request_id: string | null;

  constructor(told: ApiProblem, options: ErrorOptions = {}) {
    super(told.detail, options);
    this.title = told.title;
    this.status = told.status;
    this.code = told.code;
    this.hint = told.hint;
    this.problems = told.problems;
    this.request_id = told.request_id;
  }
}

/** An answer that did not go well; one that is no problem document came from something that is no Trainyard. */
export async function problemOf(response: Response, url: string): Promise<ApiError> {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') === true) {
    const told: unknown = await response.json().catch(() => null);
    if (isProblem(told)) return new ApiError(told);
  }
  return foreign(response, url);
}

/** Something answered, and not what is asked for here. */
export const foreign = (response: Response, url: string): ApiError =>
  new ApiError({
    title: 'Not the answer of Trainyard',
    status: response.status,
    code: 'foreign_answer',
    detail: `What answers at ${url} is not Trainyard: ${`${response.status} ${response.statusText}`.trim()}.`,
    hint: 'Check the address. Is something between here and `trainyard serve`, such as a proxy?',
    problems: [],
    request_id: response.headers.get('x-request-id'),
  });

/** No answer. */
export const unreachable = (url: string, cause: unknown): ApiError =>
  new ApiError(
    {
      title: 'The server does not answer',
      status: 0,
      code: 'unreachable',
      detail: `Nobody answers at ${url}${reasonOf(cause)}.`,
      hint: 'Is it still running? Start it with: trainyard serve',
      problems: [],
      request_id: null,
    },
    { cause },
  );

/** An answer that ended too early. */
export const brokenOff = (url: string, cause: unknown): ApiError =>
  new ApiError(
    {
      title: 'The answer broke off',
      status: 0,
      code: 'broken_off',
      detail: `The answer of ${url} ended in the middle${reasonOf(cause)}.`,
      hint: 'Ask again.',
      problems: [],
      request_id: null,
    },
    { cause },
  );

/** Node says why in the cause of what `fetch` throws, browsers say nothing. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return '';
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
  return code === '' ? '' : ` (${code})`;
}

function isProblem(told: unknown): told is ApiProblem {
  return (
    typeof told === 'object' &&
    told !== null &&
    'detail' in told &&
    typeof told.detail === 'string' &&
    'code' in told &&
    typeof told.code === 'string' &&
    'problems' in told &&
    Array.isArray(told.problems)
  );
}
