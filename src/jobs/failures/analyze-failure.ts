import { sha256 } from '../../kernel/digest.ts';
import { chooseError } from './choose-error.ts';
import { GENERIC, errorLine, isError } from './error-line.ts';
import { errorsIn } from './errors-in-log.ts';
import { MOST_SAMPLE, MOST_TITLE } from './failure.ts';
import type { Failure, FailureFacts } from './failure.ts';
import { OTHER, fixed, knownById, ofError, ofLine, ofText, recognised } from './finding.ts';
import type { Finding } from './finding.ts';
import { findCause } from './known/find-cause.ts';
import { logLines, printable } from './log-lines.ts';
import type { LogLine } from './log-lines.ts';

/**
 * Why an attempt failed: what the log shows of it where the program itself failed, what the provider says where it was
 * the provider that saw it end. Pure; the same cause gives the same signature, whatever attempt of whatever circuit.
 */
export function analyzeFailure(facts: FailureFacts): Failure {
  const lines = logLines(facts.log_tail);
  const found = findingOf(facts, lines);
  return {
    class: found.class,
    signature: sha256(`${found.class}\n${found.id}\n${found.key}`).slice(0, 12),
    title: cut(oneLine(found.title), MOST_TITLE) || 'failed',
    sample: sampleOf(lines, found),
  };
}

/** Reasons that providers give for what they saw themselves: their words come before those of the log. */
const SEEN_BY_PROVIDER = new Set(['preempted', 'no_capacity', 'setup', 'provider_error']);

const TIMED_OUT = knownById('timed_out');
const LOST = knownById('lost');
const KILLED = knownById('killed');
const INTERRUPTED = knownById('interrupted');
const TERMINATED = knownById('terminated');
const NO_MODEL = knownById('no_model');

function findingOf(facts: FailureFacts, lines: readonly LogLine[]): Finding {
  const { reason, exit_code } = facts;
  if (reason === 'timed_out') return TIMED_OUT;
  if (reason === 'lost') return LOST;
  if (reason === 'not_registered')
    return {
      ...(ofMessage(facts, lines) ?? knownById('not_registered')),
      class: 'code',
      id: 'not_registered',
    };
  if (reason !== null && SEEN_BY_PROVIDER.has(reason)) {
    const told = ofMessage(facts, lines);
    const found = strong(told) ?? ofLog(facts, lines) ?? told;
    const general = byReason(facts) ?? byExit(facts);
    return found === null ? general : found.class === 'unknown' ? { ...found, class: general.class } : found;
  }

  const logged = ofLog(facts, lines);
  const signal = signalOf(exit_code);
  if (reason === 'out_of_memory' || signal === 'SIGKILL') {
    if (logged !== null && (logged.root || logged.class === 'capacity')) return logged;
    const told = strong(ofMessage(facts, lines));
    return told?.class === 'capacity' ? told : KILLED;
  }
  if (signal === 'SIGTERM') return rooted(logged) ?? rooted(ofMessage(facts, lines)) ?? TERMINATED;
  if (signal === 'SIGINT') return rooted(logged) ?? INTERRUPTED;
  if (signal !== null) return logged ?? bySignal(signal) ?? byExit(facts);
  if (logged !== null && logged.class !== 'unknown') return logged;
  if (reason === 'no_model') return NO_MODEL;
  const told = ofMessage(facts, lines);
  return strong(told) ?? logged ?? told ?? byReason(facts) ?? byExit(facts);
}

const strong = (found: Finding | null): Finding | null =>
  found === null || found.id === OTHER ? null : found;
const rooted = (found: Finding | null): Finding | null => (found?.root === true ? found : null);

function ofLog({ reason, own_names = [] }: FailureFacts, lines: readonly LogLine[]): Finding | null {
  const errors = errorsIn(lines);
  const covered = new Set<number>();
  for (const { from, at, more } of errors) for (let i = from; i <= at + more.length; i++) covered.add(i);
  const error = chooseError(errors, own_names);
  const empty = error === null || error.says === 'wrapper' || error.says === 'vague';
  // An error that explains itself is only outdone by what follows it.
  const told = errorLine(lines, empty ? 0 : error.error.at + 1, (at) => covered.has(at), own_names);
  // Who ended well was not stopped by what it warned of.
  const line = told?.sure === false && reason === 'no_model' ? null : told;
  if (error === null) return line === null ? null : ofLine(line, own_names);
  if (line === null) return ofError(error, own_names);
  const known = line.known !== null && line.known.cause.says !== 'weak';
  if (line.known?.cause.says === 'root' || (empty && line.known !== null)) return ofLine(line, own_names);
  // The program went on after it, and told another end.
  const end = error.error.at + error.error.more.length;
  const went_on = lines.slice(end + 1, line.at).some(({ text }) => text.trim() !== '');
  const says_more = known || (line.known === null && !GENERIC.test(line.text));
  return line.at > end && went_on && says_more ? ofLine(line, own_names) : ofError(error, own_names);
}

/** What local jobs say before the last line of their log. */
const SAID_BEFORE = /^(?:exit code \d{1,3}|killed by (?:SIG\w{2,10}|signal \d{1,3}))(?:: |$)/;
/** Where that line stands, and how much of it is quoted at least. */
const LAST = 20;
const MOST_QUOTED = 280;

function ofMessage({ message, own_names = [] }: FailureFacts, lines: readonly LogLine[]): Finding | null {
  const whole = oneLine(printable(message ?? '').slice(0, 4000));
  const text = whole.replace(SAID_BEFORE, '');
  const quoted = text !== whole;
  const repeated =
    quoted && lines.slice(-LAST).some((line) => oneLine(line.text).startsWith(text.slice(0, MOST_QUOTED)));
  // It says nothing here that it does not say in the log.
  if (repeated) return null;
  const known = findCause(text, own_names) ?? findCause(whole, own_names);
  if (known !== null) {
    const finding = recognised(known, text === '' ? whole : ofText(text, own_names).title);
    return known.cause.says === 'weak' ? { ...finding, id: OTHER } : finding;
  }
  return text === '' || VAGUE.test(text) || (quoted && !isError(text)) ? null : ofText(text, own_names);
}

/** That it failed, and with which code, is known already. */
const VAGUE =
  /job failed\b.{0,40}(?:JobFailed|ExecutionFailed|exit)|^(?:the )?(?:job|run|script|task) (?:has )?failed\.?$|wrote no model|^.{0,80}\bexit ?code:? ?-?\d{1,3}\.?$/i;

/** What the reason alone says. */
function byReason({ reason, message }: FailureFacts): Finding | null {
  const words = oneLine(printable(message ?? '').slice(0, 4000));
  switch (reason) {
    case 'setup':
      return fixed('config', 'setup', words || 'could not be made ready');
    case 'no_capacity':
      return fixed('capacity', 'no_capacity', words || 'no machine was free');
    case 'preempted':
      return knownById('preempted');
    case 'provider_error':
      return fixed('transient', 'provider_error', words || 'the provider failed');
    default:
      return null;
  }
}

function byExit({ exit_code, reason }: FailureFacts): Finding {
  if (exit_code === null || exit_code === 0)
    return fixed('unknown', 'nothing', 'failed, and nothing says why', reason ?? '');
  return fixed('unknown', 'exit', `exit code ${exit_code}, and the log does not say why`, String(exit_code));
}

const SIGNALS: Readonly<Record<number, string>> = {
  2: 'SIGINT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

/** Shells say 128 + n for a signal, Python and others -n. */
function signalOf(exit_code: number | null): string | null {
  if (exit_code === null) return null;
  return SIGNALS[exit_code < 0 ? -exit_code : exit_code - 128] ?? null;
}

function bySignal(signal: string): Finding | null {
  const known = findCause(`killed by ${signal}`);
  return known === null ? null : recognised(known, `killed by ${signal}`);
}

const MOST_LINE = 400;
/** Lines before the cause that are looked at. */
const MOST_BEFORE = 40;

/** Lines around the cause as they were printed; where the log does not show it, its last ones. */
function sampleOf(lines: readonly LogLine[], { lines: place }: Finding): string[] {
  const shown = (some: readonly LogLine[]): string[] =>
    some.map((line) => cut(line.shown.trimEnd(), MOST_LINE)).filter((text) => text.trim() !== '');
  if (place === null) return shown(lines.slice(-MOST_BEFORE)).slice(-MOST_SAMPLE);
  const { from, at } = place;
  const before = shown(lines.slice(Math.max(from, at - MOST_BEFORE), at + 1)).slice(-(MOST_SAMPLE - 2));
  return [...before, ...shown(lines.slice(at + 1, at + 6))].slice(0, MOST_SAMPLE);
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** Never half a character: what is stored must be good text. */
const cut = (text: string, most: number): string =>
  (text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`).toWellFormed();
