import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ok } from '../../api/client.ts';
import { CheckBox, ConfirmButton } from '../../ui/index.ts';
import type { Schedule } from './settings-data.ts';
import { whatRuns } from './what-runs.ts';

/** Let it rest, let it go on, run it now. */
export function ScheduleActions({
  schedule: { name, cron, enabled, paused, run },
}: {
  readonly schedule: Schedule;
}) {
  const queries = useQueryClient();
  const [force, setForce] = useState(false);
  const refreshed = (): Promise<void> => queries.invalidateQueries({ queryKey: ['schedules'] });
  if (cron === null) return null;
  const param = { name };
  return (
    <>
      <ConfirmButton
        offered={enabled && paused === null}
        small
        needs="admin"
        action="Pause"
        title={`Pause ${name}?`}
        comment="optional"
        act={async (reason) => {
          await ok(api.schedules[':name'].pause.$post({ param, json: { reason } }));
          await refreshed();
          return `${name} rests.`;
        }}
      >
        It fires no more until somebody resumes it; times that pass meanwhile are not made up for.
      </ConfirmButton>
      <ConfirmButton
        offered={enabled && paused !== null}
        small
        needs="admin"
        action="Resume"
        title={`Resume ${name}?`}
        act={async () => {
          await ok(api.schedules[':name'].resume.$post({ param }));
          await refreshed();
          return `${name} goes on.`;
        }}
      >
        It goes on from now: what it missed stays missed.
      </ConfirmButton>
      <ConfirmButton
        small
        action="Run now"
        title={`Run ${name} now?`}
        act={async () => {
          const { firing, run: started } = await ok(
            api.schedules[':name'].run.$post({ param, json: { force } }),
          );
          await refreshed();
          return started === null ? firing.message : `Run ${started.number} is on its way.`;
        }}
      >
        <div className="stack">
          <p>Besides its times: {run === null ? name : whatRuns(run)}.</p>
          <CheckBox label="Although a run of it is still open" checked={force} onChange={setForce} />
        </div>
      </ConfirmButton>
    </>
  );
}
