import { describe, expect, it } from 'vitest';
import { generate } from '../scripts/generate-schemas.ts';
import type { JsonSchema } from '../scripts/generate-schemas.ts';

const generated = generate();
const schemaAt = (path: string): JsonSchema => JSON.parse(generated[path] ?? 'null');

/** Every key of a schema with what is said about it, by dotted name. */
function keysOf(schema: JsonSchema, prefix = ''): [string, JsonSchema][] {
  const further = [
    schema.items,
    typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined,
  ];
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, value]): [string, JsonSchema][] => [
      [`${prefix}${name}`, value],
      ...keysOf(value, `${prefix}${name}.`),
    ]),
    ...further.flatMap((value) => (value === undefined ? [] : keysOf(value, `${prefix}*.`))),
  ];
}

describe('the JSON Schemas of the configuration files', () => {
  it.each(['schemas/circuits.schema.json', 'schemas/trainyard.schema.json'])(
    'describe every key: %s',
    (path) => {
      const schema = schemaAt(path);
      const keys = keysOf(schema);
      expect(keys.length).toBeGreaterThan(15);
      expect(keys.filter(([, about]) => about.description === undefined).map(([name]) => name)).toEqual([]);
      expect(schema).toMatchObject({
        $schema: 'http://json-schema.org/draft-07/schema#',
        additionalProperties: false,
      });
    },
  );

  it('tell defaults as a user writes them', () => {
    const keys = new Map(keysOf(schemaAt('schemas/trainyard.schema.json')));
    expect(keys.get('monitoring.poll_interval')?.default).toBe('30s');
    expect(keys.get('max_changed')?.default).toBe('30%');
    expect(keys.get('gates.training-retry.expires')?.default).toBe('4h');
    expect(keys.get('quality')?.default).toEqual([]);
    expect(keys.get('providers.simulated.max_parallel')?.default).toBeNull();
  });
});
