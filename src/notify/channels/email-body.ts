import { stripVTControlCharacters } from 'node:util';
import type { Message, Tone } from '../message.ts';

/** A mail for readers of plain text: every command on a line of its own, to be copied. */
export function plainBody(message: Message): string {
  const width = Math.max(0, ...message.facts.map((f) => f.label.length));
  return [
    `${message.title} (${message.state})`,
    '',
    ...message.facts.map(({ label, value }) => `${label.padEnd(width)}  ${value}`),
    ...message.sections.flatMap(({ heading, lines }) => [
      '',
      ...(heading === null ? [] : [heading]),
      ...lines.map((line) => `  ${line}`),
    ]),
    ...(message.actions.length === 0 ? [] : ['']),
    ...message.actions.flatMap(({ label, command, url }) => [
      `${label}:`,
      `    ${command}`,
      ...(url === null ? [] : [`    ${url}`]),
    ]),
    '',
  ]
    .map(harmless)
    .join('\n');
}

/** The same as HTML. All of it is escaped; there are no images, no scripts, nothing is loaded. */
export function htmlBody(message: Message): string {
  const h = escapeHtml;
  const facts = message.facts.map(
    ({ label, value }) =>
      `<tr><td style="padding:1px 16px 1px 0;color:#5f6b7a">${h(label)}</td><td style="padding:1px 0">${h(value)}</td></tr>`,
  );
  const sections = message.sections.map(
    ({ heading, lines }) =>
      `${heading === null ? '' : `<p style="margin:16px 0 4px"><strong>${h(heading)}</strong></p>`}${lines
        .map((line) => `<div style="margin:2px 0">${h(line)}</div>`)
        .join('')}`,
  );
  const actions = message.actions.map(
    ({ label, command, url }) =>
      `<p style="margin:8px 0">${url === null ? h(label) : `<a href="${h(url)}">${h(label)}</a>`}: <code style="background:#f2f4f7;padding:2px 6px">${h(command)}</code></p>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${h(message.title)}</title></head>
<body style="font:14px/1.45 -apple-system,'Segoe UI',Helvetica,Arial,sans-serif;color:#1c2430">
<p style="margin:0 0 12px;padding-left:10px;border-left:4px solid ${COLORS[message.tone]}"><strong>${h(message.title)}</strong> <span style="color:#5f6b7a">(${h(message.state)})</span></p>
<table role="presentation" style="border-collapse:collapse">${facts.join('')}</table>
${sections.join('\n')}
<div style="margin-top:16px">${actions.join('\n')}</div>
</body></html>
`;
}

const COLORS: Readonly<Record<Tone, string>> = {
  good: '#1a7f4b',
  bad: '#b42318',
  attention: '#b54708',
  neutral: '#8a94a3',
};

export const escapeHtml = (text: string): string =>
  harmless(text).replaceAll(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A mail is read in terminals too. */
// oxlint-disable-next-line no-control-regex
const harmless = (text: string): string =>
  stripVTControlCharacters(text).replaceAll(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g, ' ');

/** One line, with nothing in it that could end a header. */
export const headerText = (text: string): string =>
  harmless(text.replaceAll(/\s+/g, ' ')).trim().slice(0, 200);
