import { refOf } from './document.ts';
import type { Shape } from './document.ts';

type Schemas = Readonly<Record<string, Shape>>;

/** Deeper than that nobody reads. */
const DEEPEST = 6;

/** A value that a schema allows and that shows what it is about. `only`: which fields of the outermost object. */
export function exampleOf(
  shape: Shape,
  schemas: Schemas,
  only: 'all' | 'needed' = 'all',
  seen: readonly string[] = [],
): unknown {
  const name = refOf(shape);
  if (name !== null) {
    const named = schemas[name];
    return named === undefined || seen.includes(name) || seen.length >= DEEPEST
      ? {}
      : exampleOf(named, schemas, only, [...seen, name]);
  }
  if (shape.example !== undefined) return shape.example;
  if (shape.const !== undefined) return shape.const;
  if (shape.default !== undefined && shape.default !== null) return shape.default;
  if (shape.enum !== undefined) return shape.enum[0] ?? null;
  const [first] = shape.anyOf ?? shape.oneOf ?? shape.allOf ?? [];
  if (first !== undefined) return exampleOf(first, schemas, only, seen);
  return byType(shape, schemas, only, seen);
}

function byType(shape: Shape, schemas: Schemas, only: 'all' | 'needed', seen: readonly string[]): unknown {
  const type = typeof shape.type === 'string' ? shape.type : shape.type?.find((each) => each !== 'null');
  switch (type) {
    case 'string':
      return '…';
    case 'integer':
    case 'number':
      return shape.minimum ?? 1;
    case 'boolean':
      return true;
    case 'array':
      return shape.items === undefined ? [] : [exampleOf(shape.items, schemas, 'all', seen)];
    case 'null':
      return null;
    default: {
      const fields = Object.entries(shape.properties ?? {});
      const needed = fields.filter(([key]) => shape.required?.includes(key) === true);
      // Where nothing is needed, one field shows what may be said.
      const chosen = only === 'all' ? fields : needed.length > 0 ? needed : fields.slice(0, 1);
      return Object.fromEntries(chosen.map(([key, inner]) => [key, exampleOf(inner, schemas, 'all', seen)]));
    }
  }
}
