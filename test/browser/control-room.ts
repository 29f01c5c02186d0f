/** `trainyard serve` as a user starts it, from source, over a test project. */
import { TestProject } from '../helpers/project.ts';
import type { ProjectOptions } from '../helpers/project.ts';
import type { Running } from '../helpers/trainyard.ts';

export class ControlRoom implements AsyncDisposable {
  readonly project: TestProject;
  readonly server: Running;
  readonly url: string;

  private constructor(project: TestProject, server: Running, url: string) {
    this.project = project;
    this.server = server;
    this.url = url;
  }

  static async open(options: ProjectOptions = {}): Promise<ControlRoom> {
    return ControlRoom.over(TestProject.create(options));
  }

  /** Over a project that is there already; `args` follow `serve`. */
  static async over(
    project: TestProject,
    {
      args = [],
      env = {},
    }: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<ControlRoom> {
    const server = project.start(['serve', '--port', '0', ...args], { env, timeout_ms: 170_000 });
    await server.says(/http:\/\/[^\s"]+:\d+/);
    const [url = ''] = /http:\/\/[^\s"]+:\d+/.exec(server.stderr) ?? [];
    return new ControlRoom(project, server, url);
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.kill('SIGTERM');
    await this.server.ended;
    await this.project[Symbol.asyncDispose]();
  }
}
