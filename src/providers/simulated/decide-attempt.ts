import type { Submission } from '../../jobs/compute.ts';
import { formatDuration } from '../../kernel/duration.ts';
import type { Accepted } from './attempt.ts';
import { drawOf, luck } from './chance.ts';
import { type Failure, failureWithText, phaseOf, pickFailure } from './failures.ts';
import { MOST_SECONDS, type Settings } from './options.ts';

/**
 * Decides an attempt's whole fate when it is taken over, from seed and key alone. `nth` counts the attempts of its
 * circuit in the run, so that `:2` also reaches over a retry under a new job name.
 */
export function decideAttempt(submission: Submission, nth: number, at: number, settings: Settings): Accepted {
  const { key, job_name, circuit_id, attempt, component } = submission;
  const draw = drawOf(settings.seed, key);
  const next = luck(draw);
  // All numbers are drawn in every case: a failure that somebody asks for changes nothing else of the attempt.
  const spread = settings.duration_spread * (2 * next() - 1);
  const unlucky = next() < settings.fail_rate;
  const drawn = pickFailure(next());
  const share = 0.1 + 0.8 * next();

  const scripted = settings.script(submission);
  const full_s = scripted.duration_s ?? settings.duration_s * (1 + spread);
  const asked = chosenFailure(circuit_id, nth, drawn, settings) ?? (unlucky ? drawn : null);
  const failure = scripted.failure === undefined ? asked : scripted.failure;
  const phase = failure === null ? 'running' : phaseOf(failure.reason);
  const run_s = phase === 'running' ? toMs(failure === null ? full_s : full_s * share) : null;
  const late = run_s !== null && submission.timeout_s !== null && run_s > submission.timeout_s;
  return {
    kind: 'accepted',
    key,
    job_name,
    circuit_id,
    attempt,
    at,
    speed: settings.speed,
    slots: settings.max_parallel,
    queue_s: settings.queue_s,
    prepare_s: phase === 'queued' ? 0 : settings.prepare_s,
    run_s: late ? submission.timeout_s : run_s,
    failure: late ? timedOut(submission.timeout_s ?? 0) : failure,
    draw,
    outputs: Object.fromEntries(Object.entries(component.outputs).map(([name, spec]) => [name, spec.type])),
    ...(scripted.metrics === undefined ? {} : { metrics: scripted.metrics }),
    ...(scripted.log === undefined ? {} : { log: scripted.log }),
  };
}

function chosenFailure(circuit_id: string, nth: number, drawn: Failure, settings: Settings): Failure | null {
  const rule = settings.fail.find((r) => (r.attempts === null || nth <= r.attempts) && r.matches(circuit_id));
  if (rule === undefined) return null;
  return rule.text === null ? drawn : failureWithText(rule.text);
}

const timedOut = (timeout_s: number): Failure => ({
  reason: 'timed_out',
  message: `Stopped after ${formatDuration(timeout_s)}, the time limit of an attempt.`,
  exit_code: null,
});

const toMs = (seconds: number): number => Math.round(Math.min(seconds, MOST_SECONDS) * 1000) / 1000;
