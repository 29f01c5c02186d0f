import type { PlanView } from '../../../../src/views/index.ts';
import type { ApiError } from '../../api/client.ts';
import { usePlanning } from '../../api/plans.ts';
import { Button, ErrorNotice, Notice } from '../../ui/index.ts';

/** The plan holds no longer: what moved since it was made, and the way to a new one. */
export function StaleNotice({
  why,
  options,
}: {
  readonly why: ApiError;
  readonly options: PlanView['options'];
}) {
  const planning = usePlanning();
  return (
    <div role="alert" className="stack">
      <Notice tone="failed" title="This plan does not hold any more; nothing was trained">
        <p>{why.message}</p>
        {why.problems.length > 0 && (
          <ul>
            {why.problems.slice(0, 20).map((p) => (
              <li key={`${p.file}:${p.line}:${p.path}:${p.message}`}>
                {p.file !== '' && (
                  <code>{[p.file, p.line, p.column].filter((part) => part !== null).join(':')} </code>
                )}
                {p.message}
              </li>
            ))}
          </ul>
        )}
        <Button
          kind="primary"
          needs="operator"
          busy={planning.isPending}
          // A reason for a wide plan was given for that plan.
          onClick={() => planning.plan({ ...options, allow_wide: null })}
        >
          Plan anew with the same options
        </Button>
        {planning.isError && <ErrorNotice error={planning.error} />}
      </Notice>
    </div>
  );
}
