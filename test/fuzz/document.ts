/** The server's own OpenAPI document, read as a list of operations. */

export interface Schema {
  readonly [keyword: string]: unknown;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
}

export interface Operation {
  readonly method: string;
  /** As the document has it: `/api/v1/runs/{run}`. */
  readonly path: string;
  readonly role: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | null;
  /** By status, or `default`; null where the body is no JSON. */
  readonly responses: ReadonlyMap<string, Schema | null>;
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}
interface RawOperation {
  readonly 'x-role'?: string;
  readonly parameters?: readonly (Omit<Parameter, 'required'> & { readonly required?: boolean })[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

export function operationsOf(document: ApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => ({
      method: method.toUpperCase(),
      path,
      role: raw['x-role'] ?? '',
      parameters: (raw.parameters ?? []).map((each) => ({ ...each, required: each.required === true })),
      body: jsonOf(raw.requestBody),
      responses: new Map(Object.entries(raw.responses).map(([status, says]) => [status, jsonOf(says)])),
    })),
  );
}

function jsonOf(content: Content | undefined): Schema | null {
  const [, json] = Object.entries(content?.content ?? {}).find(([type]) => /\bjson\b/.test(type)) ?? [];
  return json?.schema ?? null;
}
