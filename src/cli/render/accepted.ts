import type { AcceptedModel } from '../../actions/index.ts';

/** So many are told one by one. */
const MOST_TOLD = 20;

/** Which models stand for what their circuits want now: few by name, a fleet by its number. */
export function acceptedText(accepted: readonly AcceptedModel[]): string {
  if (accepted.length === 0) return 'Nothing to accept: these circuits are unchanged.';
  const left = accepted.length - MOST_TOLD;
  return [
    ...accepted
      .slice(0, MOST_TOLD)
      .map((a) => `${a.circuit}: ${a.model_name} v${a.version} stands for ${a.training_hash}`),
    ...(left > 0 ? [`… and ${left} more (--json lists all)`] : []),
    `Accepted ${accepted.length}.`,
  ].join('\n');
}
