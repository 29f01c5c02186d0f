/** The look of the page: the same neutrals and the one accent of the web UI (web/src/tokens.css). */
export const DOCS_STYLE = `:root {
  color-scheme: light dark;
  --ground: light-dark(#f4f5f7, #0e1115);
  --panel: light-dark(#ffffff, #15191f);
  --hover: light-dark(#eef0f3, #1f252d);
  --sunk: light-dark(#eceef1, #0a0d10);
  --rule: light-dark(#dde1e6, #2a313a);
  --text: light-dark(#1b2128, #e4e8ed);
  --muted: light-dark(#535c67, #a0a9b4);
  --accent: light-dark(#3450c2, #93a8ff);
  --accent-ground: light-dark(#e9edfc, #1d2547);
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', 'Segoe UI Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace;
}
:root[data-theme='light'] { color-scheme: light; }
:root[data-theme='dark'] { color-scheme: dark; }
* { box-sizing: border-box; }
html { scroll-padding-top: 16px; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 0.875rem/1.5 ui-sans-serif, system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif;
}
a { color: var(--accent); text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code, pre { font-family: var(--mono); font-size: 0.8125rem; }
code { overflow-wrap: anywhere; }
.page { display: grid; grid-template-columns: 208px minmax(0, 1fr); gap: 32px; max-width: 1200px; margin: 0 auto; padding: 24px; }
nav { position: sticky; top: 24px; align-self: start; max-height: calc(100vh - 48px); overflow-y: auto; }
nav ul { list-style: none; margin: 8px 0 16px; padding: 0; }
nav a { display: flex; justify-content: space-between; padding: 4px 8px; border-radius: 4px; color: var(--text); text-decoration: none; }
nav a:hover { background: var(--hover); }
nav .count { color: var(--muted); font-variant-numeric: tabular-nums; }
nav .back { display: inline-block; color: var(--accent); padding-left: 0; }
h1 { font-size: 1.25rem; margin: 0 0 16px; }
h2 { font-size: 1rem; margin: 32px 0 8px; }
h3 { font-size: 0.875rem; margin: 24px 0 8px; }
h4 { font-size: 0.8125rem; margin: 16px 0 8px; color: var(--muted); font-weight: 600; }
p { margin: 0 0 8px; max-width: 80ch; }
main > details, section > details { background: var(--panel); border: 1px solid var(--rule); border-bottom-width: 0; }
section > details:first-of-type { border-radius: 4px 4px 0 0; }
section > details:last-of-type { border-radius: 0 0 4px 4px; border-bottom-width: 1px; }
section > details > summary { display: grid; grid-template-columns: 64px minmax(0, 1fr) minmax(0, 1fr) 72px; gap: 16px; align-items: baseline; padding: 8px 16px; cursor: pointer; list-style: none; }
section > details > summary::-webkit-details-marker { display: none; }
section > details > summary:hover { background: var(--hover); }
.method { font: 600 0.75rem/1.5 var(--mono); color: var(--muted); }
.method:not(.get) { color: var(--accent); }
.says { color: var(--muted); }
.role { color: var(--muted); font-size: 0.75rem; text-align: right; }
.call { padding: 8px 16px 24px; border-top: 1px solid var(--rule); }
.call { scroll-margin-top: 96px; }
.call:target { border-top-color: var(--accent); }
.needs { color: var(--muted); }
.must, .default { color: var(--muted); font-size: 0.75rem; white-space: nowrap; }
.must { color: var(--accent); }
.default { white-space: normal; }
.table { overflow-x: auto; margin: 0 0 16px; border: 1px solid var(--rule); border-radius: 4px; background: var(--panel); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 4px 16px; border-bottom: 1px solid var(--rule); min-width: 64px; }
th { color: var(--muted); font-size: 0.75rem; font-weight: 600; }
tr:last-child td { border-bottom: 0; }
td:first-child code { white-space: nowrap; }
td:last-child { min-width: 200px; }
pre { margin: 0 0 8px; padding: 8px 16px; overflow-x: auto; background: var(--sunk); border: 1px solid var(--rule); border-radius: 4px; max-height: 480px; }
pre code { overflow-wrap: normal; }
.answer summary { cursor: pointer; color: var(--accent); margin-bottom: 8px; }
@media (max-width: 720px) {
  .page { display: block; padding: 16px; }
  nav { position: static; max-height: none; margin-bottom: 24px; }
  nav ul { display: flex; flex-wrap: wrap; gap: 8px; }
  nav a { border: 1px solid var(--rule); gap: 8px; min-height: 32px; align-items: center; }
  nav .back { border: 0; }
  section > details > summary { grid-template-columns: 56px minmax(0, 1fr); gap: 4px 8px; }
  .says { grid-column: 2; }
  .role { grid-column: 2; text-align: left; }
  .call { padding: 8px 8px 16px; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody, tr, td { display: block; }
  tr { padding: 8px; border-bottom: 1px solid var(--rule); }
  tr:last-child { border-bottom: 0; }
  td { padding: 0; border: 0; }
  td:nth-child(n + 2):not(:last-child) { color: var(--muted); font-size: 0.75rem; }
  td:first-child code { white-space: normal; }
}
`;
