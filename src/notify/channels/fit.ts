import { clip } from '../digest.ts';
import type { Message } from '../message.ts';

/** How much of a message is kept, from all that is readable down to the least. */
const STEPS = [
  { lines: 40, width: 400, sections: 20 },
  { lines: 20, width: 250, sections: 16 },
  { lines: 10, width: 160, sections: 12 },
  { lines: 5, width: 120, sections: 8 },
  { lines: 2, width: 80, sections: 4 },
] as const;

/** The fullest form of a message that a channel takes; what is left out is counted. */
export function fit<T>(message: Message, render: (message: Message) => T, fits: (rendered: T) => boolean): T {
  let rendered = render(message);
  for (const step of STEPS) {
    rendered = render(shortened(message, step));
    if (fits(rendered)) return rendered;
  }
  return rendered;
}

function shortened(message: Message, { lines, width, sections }: (typeof STEPS)[number]): Message {
  const kept = message.sections.slice(0, sections).map((section) => ({
    heading: section.heading === null ? null : clip(section.heading, width),
    lines: [
      ...section.lines.slice(0, lines).map((line) => clip(line, width)),
      ...(section.lines.length > lines ? [`and ${section.lines.length - lines} more`] : []),
    ],
  }));
  const more = message.sections.length - kept.length;
  return {
    ...message,
    title: clip(message.title, 200),
    facts: message.facts.slice(0, 12).map(({ label, value }) => ({ label, value: clip(value, width) })),
    sections: more > 0 ? [...kept, { heading: `and ${more} more`, lines: [] }] : kept,
    actions: message.actions.slice(0, 12),
  };
}
