import { useQueryClient } from '@tanstack/react-query';
import { api, ok } from '../api/client.ts';
import { ConfirmButton } from '../ui/index.ts';
import type { VersionRow } from './data.ts';

/** Takes a version out of use, with a reason that goes on record. */
export function Withdraw({
  version: { model_name, version, registry, state, promoted, circuit_id, withdrawn },
  inRow = false,
}: {
  readonly version: Pick<
    VersionRow,
    'model_name' | 'version' | 'registry' | 'state' | 'promoted' | 'circuit_id' | 'withdrawn'
  >;
  readonly inRow?: boolean;
}) {
  const queries = useQueryClient();
  return (
    <ConfirmButton
      kind="danger"
      small={inRow}
      quiet={inRow}
      action="Withdraw"
      // What rehearsals register counts for nothing, and is not withdrawn.
      offered={withdrawn === null && registry === 'dev'}
      title={`Withdraw ${model_name} v${version}?`}
      comment="required"
      ask="Reason"
      act={async (reason = '') => {
        await ok(
          api.models[':name'].versions[':version'].withdraw.$post({
            param: { name: model_name, version: String(version) },
            json: { reason },
          }),
        );
        await queries.invalidateQueries({ queryKey: ['models'] });
        await queries.invalidateQueries({ queryKey: ['circuits'] });
        return `${model_name} v${version} is withdrawn${promoted ? ', in the shared registry too' : ''}.`;
      }}
    >
      <div className="stack">
        <p>
          Nobody is to use it any more
          {promoted ? ', and its copy in the shared registry is withdrawn with it' : ''}. Its files stay.
        </p>
        {state === 'good' && (
          <p>
            It is the good model of {circuit_id}: the version before it counts then, and where that was made
            from other settings or data, the circuit is owed a training.
          </p>
        )}
      </div>
    </ConfirmButton>
  );
}
