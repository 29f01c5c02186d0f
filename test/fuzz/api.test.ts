import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { Problem } from '../../src/server/problem.ts';
import type { Operation } from './document.ts';
import { fuzzWorld } from './fuzz-world.ts';
import type { Caller } from './fuzz-world.ts';
import { requestsFor } from './requests.ts';
import type { FuzzRequest } from './requests.ts';

/** Requests for each operation; more, and others, in a long hunt: `TRAINYARD_FUZZ=2000 TRAINYARD_FUZZ_SEED=7`. */
const REQUESTS = Number(process.env['TRAINYARD_FUZZ'] ?? 60);
const SEED = Number(process.env['TRAINYARD_FUZZ_SEED'] ?? 20_261_125);
/** What takes longer hangs; it may share the machine with much else. */
const MOST_MS = 10_000;
/** These work in a thread of their own, which takes a loaded machine its time to start; fewer requests do. */
const PLANS = /^(?:POST .*\/(?:plans|runs|run)|GET .*\/circuits.*|GET \/api\/v1\/scripts)$/;
const PLANNING_MS = 20_000;

const { world, app, operations, schemas, known, callers } = await fuzzWorld();
afterAll(() => world[Symbol.asyncDispose]());

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ $id: 'api', components: { schemas } });
const validators = new Map<object, ValidateFunction>();

describe('the API, asked at random from its own document', () => {
  it('names every operation, with its role and what may come of it', () => {
    expect(operations.length).toBeGreaterThan(15);
    expect(operations.filter((o) => o.role === '' || !o.responses.has('default'))).toEqual([]);
  });

  it.each(operations.map((operation) => ({ ...operation, operation })))(
    '$method $path answers in time, as documented or with a problem',
    async ({ operation }) => {
      const plans = PLANS.test(`${operation.method} ${operation.path}`);
      const [numRuns, most_ms] = plans ? [Math.ceil(REQUESTS / 6), PLANNING_MS] : [REQUESTS, MOST_MS];
      const request = fc.tuple(requestsFor(operation, schemas, known), fc.constantFrom(...callers));
      await fc.assert(
        fc.asyncProperty(request, async ([asked, caller]) => {
          world.clock.jumpTo(world.clock.now() + 50);
          const answer = await answerTo(asked, caller, most_ms);
          const wrong = isElsewhere(asked) ? crashIn(answer) : wrongWith(answer, operation, caller);
          expect(wrong, `${answer.status} ${answer.text.slice(0, 500)}`).toBeNull();
        }),
        { seed: SEED, numRuns, endOnFailure: plans || REQUESTS > 500 },
      );
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
    REQUESTS * 500 + 30_000,
  );
});

interface Answer {
  /** 0: none came in time. */
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const NO_ANSWER: Answer = { status: 0, type: '', text: 'no answer in time' };

async function answerTo(asked: FuzzRequest, caller: Caller, most_ms: number): Promise<Answer> {
  const { method, url, headers, body } = asked;
  const answer = async (): Promise<Answer> => {
    const response = await app.request(url, { method, headers: { ...headers, ...caller.headers }, body });
    const { status } = response;
    const type = response.headers.get('content-type') ?? '';
    if (!type.startsWith('text/event-stream')) return { status, type, text: await response.text() };
    // It would go on for ever.
    await response.body?.cancel();
    return { status, type, text: '' };
  };
  const over = new AbortController();
  try {
    return await Promise.race([answer(), sleep(most_ms, NO_ANSWER, { signal: over.signal, ref: false })]);
  } finally {
    over.abort();
  }
}

/** `..` in a path leads to another one before anything is sent: what is answered there is not this operation's. */
function isElsewhere({ url }: FuzzRequest): boolean {
  const [written = ''] = url.split('?', 1);
  return new URL(url, 'http://localhost').pathname.split('/').length !== written.split('/').length;
}

function crashIn({ status, text }: Answer): string | null {
  if (status === 0) return text;
  return status >= 500 ? `the server broke: ${status}` : null;
}

/** What an answer does that the document does not say; null: nothing. */
function wrongWith(answer: Answer, { responses, role }: Operation, caller: Caller): string | null {
  const { status, type, text } = answer;
  if (status === 0 || status >= 500) return crashIn(answer);
  if (status >= 400) return problemIn(answer);
  if (!caller.roles.some((each) => each === role))
    return `it lets a ${caller.role} do what needs the role ${role}`;
  const documented = responses.get(String(status));
  if (documented === undefined) return `status ${status} is not in the document`;
  if (documented === null || !type.startsWith('application/json')) return null;
  const valid = validatorOf(documented);
  return valid(JSON.parse(text)) ? null : `not as documented: ${ajv.errorsText(valid.errors)}`;
}

function problemIn({ status, type, text }: Answer): string | null {
  if (!type.startsWith('application/problem+json')) return `an error of type ${type}`;
  const parsed = Problem.safeParse(JSON.parse(text));
  if (!parsed.success) return `not a problem: ${parsed.error.message}`;
  if (parsed.data.status !== status) return `a problem that says ${parsed.data.status}`;
  return /\n\s+at |node_modules|SQLITE|node:internal/.test(text) ? 'it shows its insides' : null;
}

function validatorOf(schema: object): ValidateFunction {
  const before = validators.get(schema);
  if (before !== undefined) return before;
  const made = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object);
  validators.set(schema, made);
  return made;
}
