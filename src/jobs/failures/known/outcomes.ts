import type { KnownCause } from './known-cause.ts';

/** How an attempt ended, where that alone is the cause. The patterns are the titles that stand for it. */
export const OUTCOMES: readonly KnownCause[] = [
  {
    id: 'timed_out',
    class: 'capacity',
    pattern: /^stopped at its time limit/,
    title: 'stopped at its time limit',
    advice:
      'It took longer than it may: raise `timeout` under `retry` (or `monitoring.max_wait`), or make the training shorter. If others took far less, it hung: see the end of its log.',
  },
  {
    id: 'lost',
    class: 'transient',
    pattern: /^lost: neither the job nor its result/,
    title: 'lost: neither the job nor its result could be found again',
    advice: 'The machine or the provider forgot the job, for example at a restart: retry.',
  },
  {
    id: 'terminated',
    class: 'transient',
    pattern: /^ended by SIGTERM/,
    title: 'ended by SIGTERM: somebody or something asked it to stop',
    advice: 'A person, a scheduler or a node that shuts down ended it: retry.',
  },
  {
    id: 'no_model',
    class: 'code',
    pattern: /^it ended well but wrote no model/,
    title: 'it ended well but wrote no model',
    advice:
      'The program must write its model to the path of the model output (`${{outputs.…}}`), and end with an error when it has none.',
  },
  {
    id: 'not_registered',
    class: 'code',
    pattern: /model could not be registered/,
    by: 'text',
    advice:
      'The registry cannot take the files that were written: see which, and write plain files below the model output.',
  },
];
