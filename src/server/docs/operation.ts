import { html } from 'hono/html';
import { jsonOf } from './document.ts';
import type { Document, Operation } from './document.ts';
import { exampleOf } from './example.ts';
import { MUST, NOTHING, fieldTable, meaning, prose, table, typeOf } from './fields.ts';
import type { Html } from './fields.ts';

/** One call: method and path with what they do. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** How examples reach the server. */
export interface Reach {
  readonly base: string;
  /** Whether a caller has to show a token. */
  readonly token: boolean;
}

/** `GET /api/v1/runs/{run}` → `get-runs-run`. */
const idOf = ({ method, path }: Call): string =>
  `${method}-${path.replace(/^\/api\/v1\//, '').replaceAll(/[{}]/g, '')}`.replaceAll(/[^\w-]+/g, '-');

export function callSection(call: Call, document: Document, reach: Reach): Html {
  const { method, path, operation } = call;
  const { summary, description, parameters, responses } = operation;
  const body = jsonOf(operation.requestBody?.content);
  const id = idOf(call);
  return html`<details>
    <summary>
      <span class="method ${method}">${method.toUpperCase()}</span>
      <code class="path">${breakable(path)}</code>
      <span class="says">${prose(summary)}</span>
      <span class="role">${operation['x-role'] ?? ''}</span>
    </summary>
    <div class="call" id="${id}">
      ${description === undefined ? NOTHING : html`<p>${prose(description)}</p>`}
      <p class="needs">
        Needs the role <code>${operation['x-role'] ?? 'viewer'}</code>. <a href="#${id}">Link to this call</a>
      </p>
      ${
        parameters.length === 0
          ? NOTHING
          : html`<h4>Parameters</h4>
              ${table(
                ['Name', 'In', 'Type', 'Meaning'],
                parameters.map((p) => [
                  html`<code>${p.name}</code>${p.required ? MUST : NOTHING}`,
                  html`${p.in}`,
                  typeOf(p.schema),
                  meaning(p.schema, p.description ?? p.schema.description),
                ]),
              )}`
      }
      ${
        body === null
          ? NOTHING
          : html`<h4>Body</h4>
              ${fieldTable(body, 'sent')}`
      }
      <h4>Answers</h4>
      ${table(
        ['Status', 'With', 'Meaning'],
        Object.entries(responses).map(([status, { description: says, content }]) => [
          html`<code>${status === 'default' ? 'else' : status}</code>`,
          html`${Object.entries(content ?? {}).map(
            ([type, { schema }]) =>
              html`${type === 'application/json' || schema === undefined ? NOTHING : html`<code>${type}</code> `}${
                schema === undefined ? NOTHING : typeOf(schema)
              }`,
          )}`,
          html`${prose(says)}`,
        ]),
      )}
      ${answerFields(operation)}
      <h4>Example</h4>
      ${block(curl(call, document, reach))} ${exampleAnswer(operation, document)}
    </div>
  </details>`;
}

/** Fields of the answer where it is no schema with a name of its own. */
function answerFields({ responses }: Operation): Html {
  const shape = jsonOf(responses['200']?.content) ?? jsonOf(responses['201']?.content);
  return shape?.properties === undefined ? NOTHING : fieldTable(shape, 'answered');
}

function exampleAnswer({ responses }: Operation, { components }: Document): Html {
  const shape = jsonOf(responses['200']?.content) ?? jsonOf(responses['201']?.content);
  if (shape === null) return NOTHING;
  const text = JSON.stringify(exampleOf(shape, components.schemas), null, 2);
  return html`<details class="answer">
    <summary>An answer</summary>
    ${block(text)}
  </details>`;
}

/** What to type. Names in the path stand for what goes there. */
function curl({ method, path, operation }: Call, { components }: Document, { base, token }: Reach): string {
  const body = jsonOf(operation.requestBody?.content);
  const streams = Object.values(operation.responses).some(
    ({ content }) => content?.['text/event-stream'] !== undefined,
  );
  const once = operation.parameters.some((p) => p.name === 'Idempotency-Key');
  const parts = [
    `curl${streams ? ' -N' : ''}${method === 'get' ? '' : ` -X ${method.toUpperCase()}`}`,
    ...(token ? ['-H "Authorization: Bearer $TRAINYARD_TOKEN"'] : []),
    ...(once ? ['-H "Idempotency-Key: $(uuidgen)"'] : []),
    ...(body === null
      ? []
      : [
          "-H 'content-type: application/json'",
          `-d '${JSON.stringify(exampleOf(body, components.schemas, 'needed'))}'`,
        ]),
    `'${base}${filled(path, operation)}${queryOf(operation)}'`,
  ];
  return parts.join(' \\\n  ');
}

/** Names stand for what goes there; numbers and words of a list are given. */
function filled(path: string, { parameters }: Operation): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const schema = parameters.find((p) => p.in === 'path' && p.name === name)?.schema ?? {};
    const given = schema.type === 'integer' || schema.enum !== undefined;
    return given ? String(exampleOf(schema, {})) : name.toUpperCase();
  });
}

function queryOf({ parameters }: Operation): string {
  const needed = parameters.filter((p) => p.in === 'query' && p.required);
  return needed.length === 0 ? '' : `?${needed.map((p) => `${p.name}=${p.name.toUpperCase()}`).join('&')}`;
}

const block = (text: string): Html => html`<pre tabindex="0"><code>${text}</code></pre>`;

/** A path may break before each slash. */
const breakable = (path: string): Html[] =>
  path.split(/(?=\/)/).map((part, i) => (i === 0 ? html`${part}` : html`<wbr />${part}`));
