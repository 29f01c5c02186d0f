import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Project } from '../app.ts';
import { loadProjectConfig, secretVariables } from '../config/index.ts';
import type { ProjectConfig } from '../config/index.ts';
import { TrainyardError, messageOf } from '../kernel/errors.ts';
import { secretNames } from '../kernel/redact.ts';

/** How often the file is looked at: one question to the file system. */
const LOOK_MS = 2000;

/** What a process goes by from its start to its end: where it listens and whom it trusts, where it trains, what it logs. */
const FROM_THE_START = ['provider', 'providers', 'registry'] as const;
const SERVER_FROM_THE_START = [
  'host',
  'port',
  'public_url',
  'trusted_proxies',
  'require_sign_in',
  'oidc',
] as const;

/** Sections that may name secrets and hold at once, unless they name others than at the start. */
const NAMING_SECRETS = ['notifications', 'hooks'] as const;

/**
 * Reads trainyard.yaml again whenever it changes, and has the project work with what it says from then on. What counts
 * from the start is left as it was and named in `restart_for`; a file that cannot be used changes nothing.
 */
export class SettingsWatch {
  /** Why the file as it is now cannot be used. */
  problem: string | null = null;
  /** Sections that changed and count from the next start. */
  restart_for: readonly string[] = [];
  /**
   * How often there was something to tell: other settings hold, or the file cannot be used any more, or can again. Several
   * may look, and each compares it with the number that they told last.
   */
  changes = 0;
  readonly #project: Project;
  /** Jobs that run do not inherit these, and would inherit others. */
  readonly #secrets: ReadonlySet<string>;
  #seen: string | null = null;
  #looked = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;
  /** The file is fine and could not be taken up, for want of room perhaps: that is tried again. */
  #again = false;

  constructor(project: Project) {
    this.#project = project;
    this.#secrets = new Set(secretVariables(project.settings));
  }

  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = null));
    return this.#looking;
  }

  /** Although it was looked at a moment ago: somebody has just written it. */
  async lookNow(): Promise<void> {
    await this.#looking;
    this.#looked = Number.NEGATIVE_INFINITY;
    await this.look();
  }

  async #lookOnce(): Promise<void> {
    const { root, env, clock } = this.#project;
    const now = clock.now();
    if (now >= this.#looked && now < this.#looked + LOOK_MS) return;
    this.#looked = now;
    const found = await stat(join(root, 'trainyard.yaml')).catch(() => null);
    const seen = found === null ? 'gone' : `${found.mtimeMs} ${found.size} ${found.ino}`;
    if (seen === this.#seen && !this.#again) return;
    const first = this.#seen === null;
    this.#seen = seen;
    this.#again = false;
    // A project may do without the file; one that had it and lost it is in the middle of something.
    if (found === null && first) return;
    const before = { problem: this.problem, settings: this.#project.settings, restart: this.restart_for };
    this.problem =
      found === null ? 'trainyard.yaml is gone.' : await this.#take(loadProjectConfig(root, env));
    if (
      this.problem !== before.problem ||
      this.#project.settings !== before.settings ||
      !isDeepStrictEqual(this.restart_for, before.restart)
    )
      this.changes += 1;
  }

  async #take(reading: Promise<ProjectConfig>): Promise<string | null> {
    const now = this.#project.settings;
    try {
      const file = await reading;
      const kept = keepFromTheStart(file, now);
      const strange = NAMING_SECRETS.filter(
        (section) => !secretNames(JSON.stringify(kept[section])).every((name) => this.#secrets.has(name)),
      );
      const taken = {
        ...kept,
        ...(strange.includes('notifications') ? { notifications: now.notifications } : {}),
        ...(strange.includes('hooks') ? { hooks: now.hooks } : {}),
      };
      if (!isDeepStrictEqual(taken, now)) {
        this.#again = true;
        await this.#project.takeUp(taken);
        this.#again = false;
      }
      this.restart_for = [...changedFromTheStart(file, now), ...strange];
      return null;
    } catch (error) {
      return whyNot(error);
    }
  }
}

function keepFromTheStart(file: ProjectConfig, now: ProjectConfig): ProjectConfig {
  const { host, port, public_url, trusted_proxies, require_sign_in, oidc } = now.server;
  const { provider, providers, registry } = now;
  const server = { ...file.server, host, port, public_url, trusted_proxies, require_sign_in, oidc };
  const monitoring = { ...file.monitoring, log_level: now.monitoring.log_level };
  return { ...file, provider, providers, registry, server, monitoring };
}

const changedFromTheStart = (file: ProjectConfig, now: ProjectConfig): string[] => [
  ...FROM_THE_START.filter((key) => !isDeepStrictEqual(file[key], now[key])),
  ...SERVER_FROM_THE_START.filter((key) => !isDeepStrictEqual(file.server[key], now.server[key])).map(
    (key) => `server.${key}`,
  ),
  ...(file.monitoring.log_level === now.monitoring.log_level ? [] : ['monitoring.log_level']),
];

function whyNot(error: unknown): string {
  const first = error instanceof TrainyardError ? error.problems[0] : undefined;
  if (first === undefined) return messageOf(error);
  return `${first.file}${first.line === null ? '' : `:${first.line}`} ${first.path === '' ? '' : `${first.path}: `}${first.message}.`;
}
