/** `trainyard serve` as a user starts it, from source, over a test project. */
import { TestProject } from '../helpers/project.ts';
import type { ProjectOptions } from '../helpers/project.ts';
import type { Running } from '../helpers/trainyard.ts';

export interface ServeOptions {
  /** They follow `serve`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
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
    const { server, url } = await serve(project, 0, options);
    return new ControlRoom(project, options, server, url);
  }

  /** An address of the UI or the API. */
  at(path: string): string {
    return `${this.url}${path}`;
  }

  async get<T>(path: string, headers: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await fetch(this.at(`/api/v1${path}`), { headers });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** The process goes away; browsers find nobody. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#server.kill(signal);
    await this.#server.ended;
  }

  /** Another process, at the same address. */
  async start(): Promise<void> {
    this.#server = (await serve(this.project, Number(new URL(this.url).port), this.#options)).server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.project[Symbol.asyncDispose]();
  }
}

async function serve(
  project: TestProject,
  port: number,
  { args = [], env = {} }: ServeOptions,
): Promise<{ readonly server: Running; readonly url: string }> {
  const server = project.start(['serve', '--port', String(port), ...args], { env, timeout_ms: 170_000 });
  await server.says(/http:\/\/[^\s"]+:\d+/);
  const [url = ''] = /http:\/\/[^\s"]+:\d+/.exec(server.stderr) ?? [];
  return { server, url };
}
