import { pythonFloat } from '../kernel/python-json.ts';
import { WholeFloat } from '../kernel/yaml.ts';
import type { InputSpec } from './types.ts';

/**
 * A YAML scalar as the text that reaches a command, the way Azure ML writes it: `True`, `0.01`, `1e-05`, `1.0`.
 * Null for null and for anything that is no scalar.
 */
export function literalText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return String(value);
  if (value instanceof WholeFloat) return floatText(value.value);
  if (typeof value === 'number') return Number.isInteger(value) ? String(BigInt(value)) : floatText(value);
  return null;
}

/** What Python's `str()` makes of a float. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return pythonFloat(value);
}

/** The text in the spelling its input type asks for, or what is wrong with it. */
export function checkLiteral(
  spec: InputSpec,
  text: string,
): { readonly value: string } | { readonly problem: string } {
  // A reference to a secret is resolved at use; nobody knows its value before.
  if (text.includes('${env:')) return { value: text };
  const value =
    spec.type === 'boolean' && /^(true|false)$/i.test(text) ? (/^t/i.test(text) ? 'True' : 'False') : text;
  const problem = typeProblem(spec, value) ?? rangeProblem(spec, value);
  return problem === null ? { value } : { problem };
}

function typeProblem(spec: InputSpec, text: string): string | null {
  switch (spec.type) {
    case 'boolean':
      return text === 'True' || text === 'False' ? null : `must be true or false, is ${shown(text)}`;
    case 'integer':
      return /^[-+]?\d+$/.test(text) ? null : `must be a whole number, is ${shown(text)}`;
    case 'number':
      return text.trim() !== '' && (Number.isFinite(Number(text)) || /^[-+]?(?:inf|nan)$/i.test(text))
        ? null
        : `must be a number, is ${shown(text)}`;
    default:
      return null;
  }
}

function rangeProblem(spec: InputSpec, text: string): string | null {
  if (spec.min !== undefined && Number(text) < spec.min)
    return `must be at least ${spec.min}, is ${shown(text)}`;
  if (spec.max !== undefined && Number(text) > spec.max)
    return `must be at most ${spec.max}, is ${shown(text)}`;
  if (spec.enum !== undefined && !spec.enum.includes(text)) {
    return `must be one of ${spec.enum.join(', ')}, is ${shown(text)}`;
  }
  return null;
}

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
