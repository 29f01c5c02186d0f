import type { Problem } from '../../../src/server/problem.ts';

/** What went wrong, as the server told it or as the browser saw it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly title: string;
  /** 0: nobody answered. */
  readonly status: number;
  readonly code: string;
  readonly hint: string | null;
  readonly problems: Problem['problems'];
  readonly request_id: string | null;

  constructor(told: Omit<Problem, 'type'>) {
    super(told.detail);
    this.title = told.title;
    this.status = told.status;
    this.code = told.code;
    this.hint = told.hint;
    this.problems = told.problems;
    this.request_id = told.request_id;
  }
}

/** An answer that did not go well; one that is no problem document came from something between here and the server. */
export async function asApiError(response: Response): Promise<ApiError> {
  if (response.headers.get('content-type')?.startsWith('application/problem+json') === true) {
    return new ApiError((await response.json()) as Problem);
  }
  return new ApiError({
    title: 'Not the answer of Trainyard',
    status: response.status,
    code: 'foreign_answer',
    detail:
      `${new URL(response.url, location.href).pathname} answered ${response.status} ${response.statusText}`.trim(),
    hint: 'Is something between this page and `trainyard serve`, such as a proxy?',
    problems: [],
    request_id: response.headers.get('x-request-id'),
  });
}

export const unreachable = (): ApiError =>
  new ApiError({
    title: 'The server does not answer',
    status: 0,
    code: 'unreachable',
    detail: `Nobody answers at ${location.host}.`,
    hint: 'Is it still running? Start it with: trainyard serve',
    problems: [],
    request_id: null,
  });
