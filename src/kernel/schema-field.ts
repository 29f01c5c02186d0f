import { z } from 'zod';
import type { Refuse } from './findings.ts';

/** Takes a value out of a YAML document, or refuses it and returns undefined. */
export type Read<T> = (value: unknown, refuse: Refuse) => T | undefined;

/** What the editor and the reference are told about a key; further JSON Schema keywords as they are. */
export interface About {
  readonly description: string;
  readonly type: string | readonly string[];
  readonly [keyword: string]: unknown;
}

/** A schema for one key: how it is read, and what it is. */
export const field = <T>(read: Read<T>, about: About) =>
  z
    .unknown()
    .transform((value, context): T => {
      const result = read(value, (message, hint, path) => {
        context.addIssue({ code: 'custom', message, params: { hint }, path: [...(path ?? [])] });
        return undefined;
      });
      return result === undefined ? z.NEVER : result;
    })
    .meta(about);
