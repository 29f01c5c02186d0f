/** What stands in a log where a secret stood. */
export const REDACTED = '[redacted]';

/**
 * Replaces every occurrence of the given values. Values under four characters are left alone: they would
 * blot out ordinary text, and the caller warns about them instead.
 */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const values = [...new Set(secrets)].filter((s) => s.length >= 4).toSorted((a, b) => b.length - a.length);
  if (values.length === 0) return (text) => text;
  const pattern = new RegExp(values.map((v) => v.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g');
  return (text) => text.replaceAll(pattern, REDACTED);
}

const REFERENCE = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Names of the environment variables that a text refers to as `${env:NAME}`. */
export function secretNames(text: string): string[] {
  return [...new Set([...text.matchAll(REFERENCE)].map((m) => m[1] ?? ''))];
}

/** Puts the values in at the moment of use; the result must never be stored or shown. */
export function resolveSecrets(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): { value: string; used: string[]; missing: string[] } {
  const used: string[] = [];
  const missing: string[] = [];
  const value = text.replaceAll(REFERENCE, (whole, name: string) => {
    const found = env[name];
    if (found === undefined) {
      missing.push(name);
      return whole;
    }
    used.push(found);
    return found;
  });
  return { value, used, missing };
}
