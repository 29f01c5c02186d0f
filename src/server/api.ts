import type { HttpBindings } from '@hono/node-server';
import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Project } from '../app.ts';
import type { Actor } from '../gates/index.ts';
import type { Role } from '../kernel/roles.ts';
import type { Caller } from './access/caller.ts';
import type { Peer } from './access/peer.ts';
import type { Once } from './idempotency.ts';
import { Problem, problem } from './problem.ts';
import type { ServingProcess } from './process/serving-process.ts';

/** What a handler knows of its request. */
export interface ApiEnv {
  /** What stands behind a request that came over a socket. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    /** Where it comes from, as access found out. */
    peer: Peer;
    /** Who asks, as access found out. */
    actor: Actor;
    /** The same with what they may do. */
    caller: Caller;
    /** What the route needs; not there: no route takes the request. */
    role?: Role;
    /** Asked again and again by an answer that goes on for long: whether the caller may still see it. */
    stillMay: () => Promise<boolean>;
    /** Set where the request came with an `Idempotency-Key`. */
    once?: Once;
  };
}

/** What handlers work on. */
export interface ApiContext {
  readonly project: Project;
  /** Where it listens; left out where it does not. */
  readonly listening?: { readonly host: string };
  /** What the process that serves knows of itself; left out where nobody listens, as in tests of single routes. */
  readonly process?: ServingProcess;
}

/** An empty set of routes; what does not fit their schemas is refused as a problem that names the field. */
export const routes = (): OpenAPIHono<ApiEnv> =>
  new OpenAPIHono<ApiEnv>({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      const [first] = result.error.issues;
      const problems = result.error.issues.map((issue) => ({
        file: result.target,
        line: null,
        column: null,
        path: issue.path.map(String).join('.'),
        message: issue.message,
        hint: null,
      }));
      return problem(c, {
        status: 400,
        title: 'The request makes no sense',
        code: 'usage',
        detail: `${result.target}${first === undefined ? '' : ` ${first.path.map(String).join('.')}: ${first.message}`}`,
        hint: 'See /api/docs for what is expected.',
        problems,
      });
    },
  });

/** A response of JSON, as the OpenAPI document has it. */
export const json = <T extends z.ZodType>(
  schema: T,
  description: string,
): {
  readonly description: string;
  readonly content: { readonly 'application/json': { readonly schema: T } };
} => ({
  description,
  content: { 'application/json': { schema } },
});

/** Every route may end with a problem. */
export const problems = {
  default: {
    description: 'What went wrong',
    content: { 'application/problem+json': { schema: Problem } },
  },
} as const;

/** Lists are paged: `next` is the cursor of the next page, null on the last one. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable() });

/** Query of a paged list. */
export const Paging = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50).meta({ description: 'How many at most.' }),
  cursor: z.string().max(400).optional().meta({ description: '`next` of the page before.' }),
});
