import { KNOWN_CAUSES } from './known/find-cause.ts';
import { KEY_OF_ENVIRONMENT, KEY_OF_SETTINGS } from './known/settings.ts';
import type { Failure, FailureClass } from './failure.ts';

/** What to do about a class where no more is known. */
const OF_CLASS: Readonly<Record<FailureClass, string>> = {
  transient: 'This passes by itself: retry.',
  code: 'The program failed: mend it and raise the version of the component. A retry of the same code fails again.',
  data: 'The data is not what the program expects: mend the data or the settings that choose it, and start a new run. A retry takes the data as it was.',
  config: 'Something is set up wrong: correct it first. A retry of the same setup fails again.',
  capacity:
    'It needed more than there was: give it more, or make it need less. A bare retry meets the same limit.',
  unknown:
    'The log does not say why: read it whole, or run the command by hand. One retry tells whether it comes back.',
};

const ALL = [KEY_OF_ENVIRONMENT, KEY_OF_SETTINGS, ...KNOWN_CAUSES];

/** What to do before or instead of a retry, for people: for this cause where it is known, else for its class. */
export function adviceFor({ class: of, title, sample }: Pick<Failure, 'class' | 'title' | 'sample'>): string {
  const likely = ALL.filter((cause) => cause.class === of);
  const found =
    likely.find((cause) => cause.title === title) ??
    likely.find((cause) => cause.pattern.test(title)) ??
    likely.find((cause) => cause.title === undefined && sample.some((line) => cause.pattern.test(line)));
  return found?.advice ?? OF_CLASS[of];
}
