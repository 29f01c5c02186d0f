import { clip } from './digest.ts';
import type { RunFacts } from './facts.ts';
import { factsOf, openRun, requestActions } from './message.ts';
import type { About, Message, Tone } from './message.ts';
import { requestSection, someOf } from './sections.ts';
import type { Section } from './sections.ts';

const TONES: Readonly<Record<string, Tone>> = {
  succeeded: 'good',
  failed: 'bad',
  waiting: 'attention',
};

interface Failures {
  readonly reason: string;
  readonly count: number;
  readonly names: readonly string[];
  readonly example: string | null;
}

/** The one message about a run that is kept up to date: how it stands now, whatever happened before. */
export function livingMessage(run: RunFacts, failures: readonly Failures[], about: About): Message {
  const noun = run.pipeline === 'scripts' ? 'scripts' : 'circuits';
  const title = `Run ${run.number}: ${run.circuits.total > 0 ? `${run.circuits.total} ${run.circuits.total === 1 ? noun.slice(0, -1) : noun}, ` : ''}${run.status}`;
  const failed = failures.reduce((sum, f) => sum + f.count, 0);
  const sections: Section[] = [
    ...(run.reason === null ? [] : [{ heading: null, lines: [clip(run.reason, 500)] }]),
    ...(failed === 0
      ? []
      : [
          {
            heading: `${failed} failed`,
            lines: failures.map(
              (f) =>
                `${f.count} × ${f.reason.replaceAll('_', ' ')}${f.example === null ? '' : ` (${clip(f.example.split('\n', 1)[0] ?? '', 160)})`}: ${someOf(f.names, f.count)}`,
            ),
          },
        ]),
    ...about.requests.map(requestSection),
  ];
  return {
    title: clip(run.rehearsal ? `[rehearsal] ${title}` : title, 200),
    state: run.status,
    tone: TONES[run.status] ?? 'neutral',
    // What only the clock changes would make an edit of every look.
    facts: factsOf(about).filter((fact) => fact.label !== 'Took' || run.ended_at !== null),
    sections,
    actions: [
      ...about.requests.flatMap((request) => requestActions(request, about.base_url)),
      openRun(run, about.base_url),
    ],
  };
}
