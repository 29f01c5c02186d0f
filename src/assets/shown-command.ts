import { parseTemplate } from './placeholders.ts';
import type { TemplatePart } from './placeholders.ts';
import type { Step } from './types.ts';
import { own } from './yaml-document.ts';

/**
 * A step's command for people, with the values that are known put in; outputs and what other steps hand on stay
 * placeholders. Never to be run: `bindCommand` is for that.
 */
export function shownCommand(step: Pick<Step, 'command' | 'inputs'>): string {
  const write = (parts: readonly TemplatePart[]): string =>
    parts
      .map((part) => {
        if (part.kind === 'text') return part.text;
        if (part.kind === 'optional') return write(part.parts);
        const value = part.reference.group === 'inputs' ? own(step.inputs, part.reference.name) : undefined;
        if (value === undefined || value.kind === 'step_output') return part.source;
        return shownWord(value.kind === 'literal' ? value.value : value.path);
      })
      .join('');
  return write(parseTemplate(step.command).parts).trim();
}

/** A word as a shell would want it. */
export const shownWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
