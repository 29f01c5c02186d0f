import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { refOf } from './document.ts';
import type { Shape } from './document.ts';

/** HTML that is safe as it stands. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export const NOTHING: Html = raw('');

/** Text with `code` in it. */
export function prose(text: string | undefined): Html[] {
  return (text ?? '')
    .split('`')
    .map((piece, i) => (i % 2 === 1 ? html`<code>${piece}</code>` : html`${piece}`));
}

/** What a value may be, in a few words, with links to what has a name. */
export function typeOf(shape: Shape): Html {
  const name = refOf(shape);
  if (name !== null) return html`<a href="#schema-${name}">${name}</a>`;
  if (shape.const !== undefined) return html`<code>${JSON.stringify(shape.const)}</code>`;
  if (shape.enum !== undefined)
    return html`${joined(
      shape.enum.map((value) => html`<code>${value === null ? 'null' : String(value)}</code>`),
    )}`;
  const either = shape.anyOf ?? shape.oneOf;
  if (either !== undefined) return html`${joined(either.map(typeOf))}`;
  if (shape.allOf !== undefined) return html`${joined(shape.allOf.map(typeOf), ' and ')}`;
  const types = typeof shape.type === 'string' ? [shape.type] : (shape.type ?? []);
  return types.length === 0 ? html`anything` : html`${joined(types.map((type) => plainType(type, shape)))}`;
}

function plainType(type: string, shape: Shape): Html {
  if (type === 'array') return html`list of ${shape.items === undefined ? 'anything' : typeOf(shape.items)}`;
  if (type === 'object' && shape.properties === undefined)
    return typeof shape.additionalProperties === 'object'
      ? html`map to ${typeOf(shape.additionalProperties)}`
      : html`object`;
  if (type === 'integer' || type === 'number') return html`${type}${range(shape)}`;
  return html`${shape.format === 'date-time' && type === 'string' ? 'time' : type}`;
}

function range({ minimum, maximum }: Shape): string {
  const far = (n: number | undefined): boolean => n === undefined || Math.abs(n) >= 2 ** 31;
  if (far(minimum) && far(maximum)) return '';
  if (far(maximum)) return ` from ${minimum}`;
  return far(minimum) ? ` to ${maximum}` : ` ${minimum} to ${maximum}`;
}

const joined = (parts: readonly Html[], word = ' or '): Html[] =>
  parts.flatMap((part, i) => (i === 0 ? [part] : [html`${word}`, part]));

interface Field {
  readonly name: string;
  readonly shape: Shape;
  readonly needed: boolean;
}

/** Every field, those of unnamed objects inside with the way to them: `counts.failed`, `stages[].name`. */
export function fieldsOf(shape: Shape, before = ''): Field[] {
  return Object.entries(shape.properties ?? {}).flatMap(([key, inner]) => {
    const name = `${before}${key}`;
    const needed = shape.required?.includes(key) === true;
    return [{ name, shape: inner, needed }, ...insideOf(inner, name)];
  });
}

function insideOf(shape: Shape, name: string): Field[] {
  if (refOf(shape) !== null) return [];
  if (shape.properties !== undefined) return fieldsOf(shape, `${name}.`);
  if (shape.items !== undefined) return insideOf(shape.items, `${name}[]`);
  if (typeof shape.additionalProperties === 'object')
    return insideOf(shape.additionalProperties, `${name}.*`);
  const [first, ...others] = shape.anyOf ?? shape.oneOf ?? [];
  return first === undefined || others.some((other) => other.properties !== undefined)
    ? []
    : insideOf(first, name);
}

/** Fields of a body or an answer. */
export const fieldTable = (shape: Shape, what: 'sent' | 'answered'): Html => {
  const fields = fieldsOf(shape);
  return fields.length === 0
    ? html`<p>${typeOf(shape)}</p>`
    : table(
        ['Field', 'Type', 'Meaning'],
        fields.map(({ name, shape: inner, needed }) => [
          html`<code>${name}</code>${what === 'sent' && needed ? MUST : NOTHING}`,
          typeOf(inner),
          meaning(inner),
        ]),
      );
};

/** Marks what a caller cannot leave out. */
export const MUST: Html = raw(' <span class="must">required</span>');

export const meaning = (shape: Shape, description = shape.description): Html =>
  html`${prose(description)}${
    shape.default === undefined || shape.default === null
      ? NOTHING
      : html` <span class="default">Default <code>${JSON.stringify(shape.default)}</code>.</span>`
  }`;

/** A table that scrolls by itself where the window is narrow. */
export const table = (head: readonly string[], rows: readonly (readonly Html[])[]): Html =>
  html`<div class="table" tabindex="0" role="region" aria-label="${head.join(', ')}">
    <table>
      <thead>
        <tr>
          ${head.map((cell) => html`<th scope="col">${cell}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
