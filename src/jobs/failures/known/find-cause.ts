import { hostName, normalText, pathText, withoutNames } from '../normal-text.ts';
import { CODE } from './code.ts';
import { DATA } from './data.ts';
import { ENVIRONMENT } from './environment.ts';
import type { KnownCause } from './known-cause.ts';
import { IMAGES, NETWORK } from './network.ts';
import { OUTCOMES } from './outcomes.ts';
import { PLATFORM } from './platform.ts';
import { RESOURCES } from './resources.ts';
import { SETTINGS_AND_RIGHTS } from './settings.ts';

/** In the order in which they are asked. */
export const KNOWN_CAUSES: readonly KnownCause[] = [
  ...RESOURCES,
  ...CODE,
  ...ENVIRONMENT,
  ...PLATFORM,
  ...IMAGES,
  ...SETTINGS_AND_RIGHTS,
  ...NETWORK,
  ...DATA,
  ...OUTCOMES,
];

export interface Recognised {
  readonly cause: KnownCause;
  /** What tells it from others of its kind. */
  readonly key: string;
  /** Where in the text its words begin. */
  readonly index: number;
}

/** Errors tell what they are about at their beginning. */
const MOST_TEXT = 1200;

/** The first known cause that fits a text, or null; `identity` is the part of it that tells causes apart. */
export function findCause(
  text: string,
  own_names: readonly string[] = [],
  identity: string = text,
): Recognised | null {
  const told = text.slice(0, MOST_TEXT);
  for (const cause of KNOWN_CAUSES) {
    const found = cause.pattern.exec(told);
    if (found !== null)
      return { cause, key: keyOf(cause, found, told, identity, own_names), index: found.index };
  }
  return null;
}

/** A known cause by its id. */
export function causeWithId(id: string): KnownCause {
  const found = KNOWN_CAUSES.find((cause) => cause.id === id);
  if (found === undefined) throw new TypeError(`There is no known cause "${id}".`);
  return found;
}

function keyOf(
  cause: KnownCause,
  found: RegExpExecArray,
  text: string,
  identity: string,
  own_names: readonly string[],
): string {
  const parts = Object.entries(found.groups ?? {}).map(([name, value]) =>
    name === 'path' ? pathText(withoutNames(value ?? '', own_names)) : withoutNames(value ?? '', own_names),
  );
  const host = cause.by === 'host' ? hostOf(text) : '';
  if (host !== '') parts.push(host);
  else if (cause.by !== undefined) parts.push(normalText(identity, own_names));
  return parts.join('\n');
}

const HOST =
  /\bhost='(?<named>[^'\n]{1,200})'|\b[a-z][a-z0-9+.-]{1,20}:\/\/(?<url>[^\s/'"<>?#]{1,200})|server at "(?<server>[^"\n]{1,200})"|Failed to connect to (?<peer>[\w.-]{1,200})|connecting to (?<service>[\w.-]{1,200}):\d|resolve host:? (?<name>[\w.-]{1,200})/;

/** The host that an error speaks of; empty where it names none. */
function hostOf(text: string): string {
  const groups = HOST.exec(text)?.groups ?? {};
  const host = Object.values(groups).find((value) => value !== undefined);
  return host === undefined ? '' : hostName(host);
}
