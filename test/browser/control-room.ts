/** `trainyard serve` as a user starts it, from source, over a test project. */
import { TestProject } from '../helpers/project.ts';
import type { ProjectOptions } from '../helpers/project.ts';
import type { Running } from '../helpers/trainyard.ts';

export interface ServeOptions {
  /** Left out: any that is free. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may run at most. */
  readonly timeout_ms?: number;
}

export class ControlRoom implements AsyncDisposable {
  readonly project: TestProject;
  readonly url: string;
  readonly #options: ServeOptions;
  #server: Running;

  private constructor(project: TestProject, options: ServeOptions, server: Running, url: string) {
    this.project = project;
    this.url = url;
    this.#options = options;
    this.#server = server;
  }

  static async open(options: ProjectOptions = {}): Promise<ControlRoom> {
    return ControlRoom.over(TestProject.create(options));
  }

  /** Over a project that is there already. */
  static async over(project: TestProject, options: ServeOptions = {}): Promise<ControlRoom> {
    const { server, url } = await serve(project, options);
    return new ControlRoom(project, options, server, url);
  }

  /** An address of the UI or the API. */
  at(path: string): string {
    return `${this.url}${path}`;
  }

  /** Asks the API, unless `headers` say otherwise as the user of this machine. */
  get<T>(path: string, headers: Readonly<Record<string, string>> = {}): Promise<T> {
    return this.#ask(path, { headers });
  }

  post<T>(path: string, body: unknown): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return this.#ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  /** Plans, and runs what was planned; returns the run's number. */
  async run(circuits: readonly string[] = [], approve: readonly string[] = []): Promise<number> {
    const { plan_id } = await this.post<{ plan_id: string }>('/plans', { circuits });
    return (await this.post<{ number: number }>(`/plans/${plan_id}/run`, { approve })).number;
  }

  async #ask<T>(path: string, init: RequestInit): Promise<T> {
    const response = await fetch(this.at(`/api/v1${path}`), init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** The process goes away; browsers find nobody. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#server.kill(signal);
    await this.#server.ended;
  }

  /** Another process, at the same address. */
  async start(): Promise<void> {
    const port = Number(new URL(this.url).port);
    this.#server = (await serve(this.project, { ...this.#options, port })).server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.project[Symbol.asyncDispose]();
  }
}

async function serve(
  project: TestProject,
  { port = 0, env = {} }: ServeOptions,
): Promise<{ readonly server: Running; readonly url: string }> {
  const server = project.start(['serve', '--port', String(port)], { env, timeout_ms: 600_000 });
  await server.says(/http:\/\/[^\s"]+:\d+/);
  const [url = ''] = /http:\/\/[^\s"]+:\d+/.exec(server.stderr) ?? [];
  return { server, url };
}
