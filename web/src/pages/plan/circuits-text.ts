/** Circuits as somebody typed or pasted them: apart by commas, spaces or lines; each once, in their order. */
export const readCircuits = (text: string): string[] => [
  ...new Set(text.split(/[\s,]+/).filter((part) => part !== '')),
];

/** The same, to be edited. */
export const circuitsText = (circuits: readonly string[]): string => circuits.join(' ');
