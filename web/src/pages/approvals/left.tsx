import { Time, duration, useNow } from '../../ui/index.ts';
import type { ApprovalRow } from './approval-data.ts';

/** How long a request can still be decided; of one that is over, since when. */
export function Left({
  approval: { status, expires_at, closed_at },
}: {
  readonly approval: Pick<ApprovalRow, 'status' | 'expires_at' | 'closed_at'>;
}) {
  const now = useNow(60_000);
  if (status !== 'waiting') return <Time at={closed_at} />;
  const left_s = (Date.parse(expires_at) - now.getTime()) / 1000;
  return (
    <time dateTime={expires_at} data-hint={`Until ${expires_at.slice(0, 16).replace('T', ' ')} UTC`}>
      {left_s <= 0
        ? 'about to end'
        : `${left_s < 3600 ? `${Math.ceil(left_s / 60)} min` : duration(left_s)} left`}
    </time>
  );
}
