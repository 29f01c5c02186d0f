/** Text of the server as people read it: what it sets in backticks is typed or named so, and set as code. */
export const Prose = ({ text }: { readonly text: string }) =>
  text.split(/`([^`\n]+)`/).map((part, i) =>
    // Every other part stood in backticks; parts do not move.
    i % 2 === 1 ? <code key={i}>{part}</code> : part,
  );
