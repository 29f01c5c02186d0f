/** A pattern for SQL's `like … escape '\'` that finds a text anywhere, whatever stands in it; compare with lower case. */
export const containsPattern = (text: string): string =>
  `%${text.toLowerCase().replaceAll(/[\\%_]/g, (special) => `\\${special}`)}%`;
