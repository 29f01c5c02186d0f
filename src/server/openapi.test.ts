import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Role } from '../kernel/roles.ts';
import { testWorld } from '../testing/test-world.ts';
import type { TestWorld } from '../testing/test-world.ts';
import { createApp } from './app.ts';

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly operationId?: string;
  readonly 'x-role'?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly description?: string; readonly content?: object }>>;
}
interface Document extends Record<string, unknown> {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

let world: TestWorld;
let document: Document;
let operations: (Operation & { readonly what: string; readonly method: string; readonly path: string })[];
beforeAll(async () => {
  world = await testWorld({ environment: null });
  const response = await createApp({ project: world.project }).request('/api/openapi.json');
  document = (await response.json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      what: `${method.toUpperCase()} ${path}`,
      method,
      path,
    })),
  );
});
afterAll(() => world[Symbol.asyncDispose]());

/** Those that break a rule, so that a failure names them. */
const breaking = (rule: (operation: (typeof operations)[number]) => boolean): string[] =>
  operations.filter((operation) => !rule(operation)).map(({ what }) => what);

describe('the OpenAPI document', () => {
  it('is one, of version 3.1', async () => {
    expect(document.openapi).toBe('3.1.0');
    const { valid, errors } = await new Validator().validate(document);
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(operations.length).toBeGreaterThan(50);
  });

  it('refers to nothing that it has not', async () => {
    const validator = new Validator();
    await validator.validate(document);
    expect(() => validator.resolveRefs()).not.toThrow();
  });

  it('says of every operation what it does, what it is called, and which role it needs', () => {
    expect(breaking(({ summary }) => summary !== undefined && /^[A-Z].{8,}$/.test(summary))).toEqual([]);
    expect(breaking(({ tags }) => tags?.length === 1)).toEqual([]);
    expect(breaking((o) => Role.safeParse(o['x-role']).success)).toEqual([]);
    expect(breaking(({ security }) => (security?.length ?? 0) > 0)).toEqual([]);
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids).toEqual(expect.arrayContaining(['get_runs', 'post_runs_run_cancel']));
    expect(ids.every((id) => id !== undefined && /^[a-z]\w+$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('says of every operation how it ends well, and that it may end with a problem', () => {
    expect(breaking(({ responses }) => Object.keys(responses).some((s) => /^[23]/.test(s)))).toEqual([]);
    expect(
      breaking(({ responses }) =>
        Object.keys(responses['default']?.content ?? {}).includes('application/problem+json'),
      ),
    ).toEqual([]);
    expect(
      breaking(({ responses }) => Object.values(responses).every((r) => (r.description ?? '') !== '')),
    ).toEqual([]);
  });

  it('describes every place of a path, and pages of every list', () => {
    expect(
      breaking(({ path, parameters = [] }) => {
        const places = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        const named = parameters.filter((p) => p.in === 'path').map((p) => p.name);
        return places.length === named.length && places.every((name) => named.includes(name ?? ''));
      }),
    ).toEqual([]);
    expect(
      breaking(({ parameters = [] }) => {
        const names = parameters.map((p) => p.name);
        return names.includes('limit') || !names.includes('cursor');
      }),
    ).toEqual([]);
  });
});
