import { html } from 'hono/html';
import type { Document } from './document.ts';
import { fieldTable, prose } from './fields.ts';
import type { Html } from './fields.ts';
import { callSection } from './operation.ts';
import type { Call, Reach } from './operation.ts';

/** The OpenAPI document for people: calls by resource, then what has a name of its own. It needs no script. */
export function docsPage(document: Document, reach: Reach): Html {
  const byTag = Map.groupBy(callsOf(document), ({ operation }) => operation.tags[0] ?? '');
  const tags = [...byTag].toSorted(([a], [b]) => a.localeCompare(b));
  const schemas = Object.entries(document.components.schemas).toSorted(([a], [b]) => a.localeCompare(b));
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>API · Trainyard</title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/api/docs.css" />
        <script src="/theme.js"></script>
      </head>
      <body>
        <div class="page">
          <nav aria-label="Resources">
            <a class="back" href="/">Trainyard</a>
            <ul>
              ${tags.map(
                ([tag, calls]) =>
                  html`<li>
                    <a href="#${tag}">${tag} <span class="count">${calls.length}</span></a>
                  </li>`,
              )}
              <li>
                <a href="#schemas">schemas <span class="count">${schemas.length}</span></a>
              </li>
            </ul>
          </nav>
          <main>
            ${introduction(reach)}
            ${tags.map(
              ([tag, calls]) =>
                html`<section aria-labelledby="${tag}">
                  <h2 id="${tag}">${tag}</h2>
                  ${calls.map((call) => callSection(call, document, reach))}
                </section>`,
            )}
            <section aria-labelledby="schemas">
              <h2 id="schemas">schemas</h2>
              ${schemas.map(
                ([name, shape]) =>
                  html`<h3 id="schema-${name}">${name}</h3>
                    <p>${prose(shape.description)}</p>
                    ${fieldTable(shape, 'answered')}`,
              )}
            </section>
          </main>
        </div>
      </body>
    </html>`;
}

const callsOf = ({ paths }: Document): Call[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path, operation })),
  );

const introduction = ({ base, token }: Reach): Html =>
  html`<h1>Trainyard API</h1>
    <p>
      What the command line does with a project, over HTTP. The same as a document for machines:
      <a href="/api/openapi.json">/api/openapi.json</a> (OpenAPI 3.1).
    </p>
    <pre tabindex="0"><code>curl ${
      token ? '-H "Authorization: Bearer $TRAINYARD_TOKEN" ' : ''
    }${base}/api/v1/me</code></pre>
    <p>
      ${
        token
          ? prose(
              'Callers show an API token; `trainyard tokens create NAME --role viewer` makes one. What each call needs is named beside it.',
            )
          : prose(
              'On this machine nobody has to sign in. From elsewhere callers show an API token: `Authorization: Bearer ty_…`.',
            )
      }
    </p>
    <p>
      ${prose(
        'Lists come page by page: `next` of an answer is the `cursor` of the next request, `null` on the last page. Answers carry an `ETag`; with `If-None-Match` what is unchanged is a 304. A call that starts or changes something may come twice with the same `Idempotency-Key`, and is done once. Errors are `application/problem+json` (RFC 9457) with `detail`, `code` and `hint`.',
      )}
    </p>`;
