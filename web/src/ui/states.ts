/** How a state looks: the shape and the word carry the meaning, the colour helps. The shapes are those of the command line. */
export interface StateLook {
  readonly shape: string;
  readonly word: string;
  readonly tone: Tone;
}
export type Tone = 'ok' | 'failed' | 'running' | 'waiting' | 'canceled' | 'idle';

const look = (shape: string, word: string, tone: Tone): StateLook => ({ shape, word, tone });

const LOOKS: Readonly<Record<string, StateLook>> = {
  succeeded: look('✓', 'succeeded', 'ok'),
  failed: look('✗', 'failed', 'failed'),
  canceled: look('⊘', 'canceled', 'canceled'),
  passed: look('✓', 'passed', 'ok'),
  skipped: look('–', 'skipped', 'idle'),
  running: look('▶', 'running', 'running'),
  waiting: look('‖', 'waiting', 'waiting'),
  pending: look('·', 'pending', 'idle'),
  queued: look('·', 'queued', 'idle'),
  preparing: look('◌', 'preparing', 'running'),
  // Circuits of the fleet.
  good: look('✓', 'good', 'ok'),
  stale: look('≠', 'stale', 'waiting'),
  owed: look('!', 'owed', 'failed'),
  training: look('▶', 'training', 'running'),
  new: look('+', 'new', 'idle'),
  // Requests for approval, and the verdicts on their subjects.
  approved: look('✓', 'approved', 'ok'),
  rejected: look('✗', 'rejected', 'failed'),
  held: look('‖', 'held', 'waiting'),
  expired: look('⊘', 'expired', 'canceled'),
  open: look('·', 'open', 'idle'),
  // Messages and channels.
  delivered: look('✓', 'delivered', 'ok'),
  dead: look('✗', 'dead', 'failed'),
  paused: look('‖', 'paused', 'waiting'),
  // API tokens, and what became of the times of schedules and the calls of hooks.
  active: look('✓', 'active', 'ok'),
  revoked: look('⊘', 'revoked', 'canceled'),
  started: look('✓', 'started', 'ok'),
  nothing: look('–', 'nothing to do', 'idle'),
  merged: look('+', 'together', 'ok'),
  ignored: look('·', 'not for it', 'idle'),
  unready: look('!', 'not ready', 'waiting'),
  // Model versions.
  withdrawn: look('⊘', 'withdrawn', 'canceled'),
  promoted: look('✓', 'promoted', 'ok'),
  candidate: look('·', 'candidate', 'idle'),
  superseded: look('–', 'superseded', 'idle'),
  pull_request: look('·', 'pull request', 'idle'),
  removed: look('⊘', 'files removed', 'canceled'),
  // Models, by their versions here and in the shared registry.
  ahead: look('↑', 'ahead of shared', 'waiting'),
  unpromoted: look('·', 'not promoted', 'idle'),
  unusable: look('⊘', 'none usable', 'canceled'),
  // Severity of events.
  info: look('·', 'info', 'idle'),
  warning: look('!', 'warning', 'waiting'),
  error: look('✗', 'error', 'failed'),
};

/** The look of a state; one that is not known is shown by its own word. */
export const lookOf = (state: string): StateLook =>
  LOOKS[state] ?? look('·', state.replaceAll('_', ' '), 'idle');
