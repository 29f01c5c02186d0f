import { shellText } from '../../scripts/index.ts';

type Flag = string | number | boolean | readonly string[] | undefined;

/** The command that goes on where a page of a list ends: with the same filters, or it would be another list. */
export function moreLine(command: string, flags: Readonly<Record<string, Flag>>): string {
  const words = Object.entries(flags).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    return (typeof value === 'object' ? value : [value]).flatMap((one) => [`--${name}`, String(one)]);
  });
  return `More: trainyard ${command} ${shellText(words)}`;
}
