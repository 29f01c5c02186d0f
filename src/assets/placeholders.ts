/** The placeholders of the Azure ML format in commands and bindings. */

export interface Reference {
  readonly group: 'inputs' | 'outputs';
  readonly name: string;
}

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reference'; readonly reference: Reference; readonly source: string }
  /** `$[[ … ]]`: only there when every input in it has a value. */
  | { readonly kind: 'optional'; readonly parts: readonly TemplatePart[] };

/** A command taken apart. `problems` names what looks like a placeholder and is none. */
export function parseTemplate(command: string): {
  readonly parts: readonly TemplatePart[];
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const parts: TemplatePart[] = [];
  let rest = command;
  for (let start = rest.indexOf('$[['); start >= 0; start = rest.indexOf('$[[')) {
    const end = rest.indexOf(']]', start);
    if (end < 0) {
      problems.push('the optional part that begins with $[[ has no end: write ]] after it');
      break;
    }
    parts.push(...parseReferences(rest.slice(0, start), problems));
    parts.push({ kind: 'optional', parts: parseReferences(rest.slice(start + 3, end), problems) });
    rest = rest.slice(end + 2);
  }
  parts.push(...parseReferences(rest, problems));
  return { parts, problems };
}

/** References of a template, those inside optional parts too. */
export function referencesOf(
  parts: readonly TemplatePart[],
): readonly { readonly reference: Reference; readonly optional: boolean }[] {
  return parts.flatMap((part): readonly { readonly reference: Reference; readonly optional: boolean }[] => {
    if (part.kind === 'reference') return [{ reference: part.reference, optional: false }];
    if (part.kind === 'optional') return referencesOf(part.parts).map((r) => ({ ...r, optional: true }));
    return [];
  });
}

/** The command with its optional parts put in or dropped; placeholders stay. */
export function resolveOptionalParts(command: string, hasValue: (input: string) => boolean): string {
  const write = (parts: readonly TemplatePart[]): string =>
    parts
      .map((part) => {
        if (part.kind === 'text') return part.text;
        if (part.kind === 'reference') return part.source;
        const kept = referencesOf(part.parts).every(
          ({ reference: r }) => r.group === 'outputs' || hasValue(r.name),
        );
        return kept ? write(part.parts) : '';
      })
      .join('');
  return write(parseTemplate(command).parts);
}

/** What a value of a pipeline job points at. */
export type Binding =
  | { readonly kind: 'parent_input'; readonly input: string }
  | { readonly kind: 'job_output'; readonly job: string; readonly output: string };

/** The binding that a text is as a whole, or null. */
export function readBinding(text: string): Binding | null {
  const expression = /^\s*\$\{\{\s*([^{}]*?)\s*\}\}\s*$/.exec(text)?.[1];
  return expression === undefined ? null : readExpression(expression);
}

/** `x` of `${{parent.outputs.x}}`, or null. */
export const readOutputBinding = (text: string): string | null =>
  /^\s*\$\{\{\s*parent\.outputs\.([A-Za-z_]\w*)\s*\}\}\s*$/.exec(text)?.[1] ?? null;

/** Every `${{…}}` in a text: the binding it is, or null where it is none. */
export const bindingsIn = (text: string): { readonly source: string; readonly binding: Binding | null }[] =>
  [...text.matchAll(PLACEHOLDER)].map((m) => ({ source: m[0], binding: readExpression(m[1] ?? '') }));

/** A text with every `${{…}}` in it replaced, in one pass. */
export const replaceBindings = (
  text: string,
  value: (source: string, binding: Binding | null) => string,
): string =>
  text.replaceAll(PLACEHOLDER, (source, expression: string) => value(source, readExpression(expression)));

function readExpression(expression: string): Binding | null {
  const input = /^parent\.inputs\.([A-Za-z_]\w*)$/.exec(expression)?.[1];
  if (input !== undefined) return { kind: 'parent_input', input };
  const [, job, output] = /^parent\.jobs\.([A-Za-z_]\w*)\.outputs\.([A-Za-z_]\w*)$/.exec(expression) ?? [];
  return job === undefined || output === undefined ? null : { kind: 'job_output', job, output };
}

const PLACEHOLDER = /\$\{\{\s*([^{}]*?)\s*\}\}/g;

function parseReferences(text: string, problems: string[]): TemplatePart[] {
  const parts: TemplatePart[] = [];
  const addText = (piece: string): void => {
    if (piece !== '') parts.push({ kind: 'text', text: piece });
    if (piece.includes('${{'))
      problems.push(`the placeholder ${JSON.stringify(piece.slice(piece.indexOf('${{'), 60))} has no end`);
  };
  let at = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    addText(text.slice(at, match.index));
    at = match.index + match[0].length;
    const [, group, name] = /^(inputs|outputs)\.([A-Za-z_]\w*)$/.exec(match[1] ?? '') ?? [];
    if ((group === 'inputs' || group === 'outputs') && name !== undefined) {
      parts.push({ kind: 'reference', reference: { group, name }, source: match[0] });
    } else {
      problems.push(
        `${match[0]} is no placeholder of a command: write \${{inputs.<name>}} or \${{outputs.<name>}}`,
      );
      parts.push({ kind: 'text', text: match[0] });
    }
  }
  addText(text.slice(at));
  return parts;
}
