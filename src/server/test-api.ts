import type { Project } from '../app.ts';
import type { Actor } from '../gates/index.ts';
import type { Compute } from '../jobs/index.ts';
import type { World } from '../pipelines/index.ts';
import { testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { createApp } from './app.ts';

type Json = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON, else the text under `text`. */
  readonly body: Json;
}

export interface TestApi {
  readonly world: TestWorld;
  /** A path below `/api/v1`. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  request(path: string, init?: RequestInit): Promise<Response>;
}

const TESTER: Actor = { name: 'tester', identity: 'claimed' };

/** Who else than the tester asks, and what the world outside does. */
export interface TestApiOptions {
  readonly actor?: Project['actor'];
  /** What the provider has of logs, instead of its own. */
  readonly logs?: NonNullable<Compute['logs']>;
}

/** The API over a test world, called without a network. */
export async function testApi(
  options: Parameters<typeof testWorld>[0] = { environment: null },
  more: TestApiOptions = {},
): Promise<TestApi> {
  const world = await testWorld({ ...options, serving: true });
  const { project } = world;
  const { actor = async () => TESTER, logs } = more;
  const withLogs: World = {
    ...project.world,
    compute: async (name) => {
      const compute = await project.world.compute(name);
      return logs === undefined ? compute : { ...compute, logs };
    },
  };
  const app = createApp({ project: { ...project, actor, world: withLogs } });
  const request = async (path: string, init: RequestInit = {}): Promise<Response> =>
    app.request(`/api/v1${path}`, init);
  const answer = async (response: Response): Promise<Answer> => {
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return {
      status: response.status,
      headers: response.headers,
      body: json ? (JSON.parse(text) as Json) : { text },
    };
  };
  return {
    world,
    request,
    get: async (path, headers = {}) => answer(await request(path, { headers })),
    post: async (path, body, headers = {}) =>
      answer(
        await request(path, {
          method: 'POST',
          headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      ),
  };
}
