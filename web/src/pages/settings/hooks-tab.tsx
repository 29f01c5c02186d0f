import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, ok } from '../../api/client.ts';
import { runPath } from '../../paths.ts';
import {
  ConfirmButton,
  Empty,
  ErrorNotice,
  Fact,
  Facts,
  Section,
  Skeleton,
  Status,
  StatusBadge,
  Time,
} from '../../ui/index.ts';
import { HookDialog } from './hook-dialog.tsx';
import { hooksQuery } from './settings-data.ts';
import type { Hook } from './settings-data.ts';
import { whatRuns } from './what-runs.ts';
import styles from './settings.module.css';

/** What runs because another system calls. */
export function HooksTab() {
  const { data, error, refetch } = useQuery(hooksQuery);
  const failed = error !== null && <ErrorNotice error={error} retry={() => void refetch()} />;
  if (data === undefined) return failed || <Skeleton lines={6} height={24} />;
  if (data.items.length === 0)
    return (
      <Empty title="No other system calls here.">
        A hook is written under <code>hooks</code> in trainyard.yaml: who calls, the variable that holds the
        secret, and what to run.
      </Empty>
    );
  return (
    <div className="stack">
      {failed}
      {data.items.map((hook) => (
        <HookView key={hook.name} hook={hook} />
      ))}
      <HookDialog />
    </div>
  );
}

function HookView({ hook }: { readonly hook: Hook }) {
  const { name, path, url, sender, last, waiting } = hook;
  return (
    <Section
      title={name}
      aside={
        <span className={styles.aside}>
          <Standing hook={hook} />
          {sender !== null && last?.outcome === 'failed' && <TryAgain name={name} />}
        </span>
      }
    >
      <Facts>
        {sender !== null && <Fact name="Called by">{SENDERS[sender]}</Fact>}
        <Fact name="At">
          <code>{url ?? path}</code>
        </Fact>
        {sender !== null && <Fact name="For">{forWhat(hook)}</Fact>}
        {hook.run !== null && (
          <Fact name="Runs">
            {whatRuns(hook.run)}
            {hook.circuits_from_body && ', for the circuits that the call names'}
            {hook.pull && ', after git pull'}
          </Fact>
        )}
        {waiting > 0 && <Fact name="Waiting">{waiting === 1 ? '1 call' : `${waiting} calls`}</Fact>}
        <Fact name="Last call">
          {last === null ? (
            <span className="muted">not yet</span>
          ) : (
            <>
              <Status state={last.outcome} /> <Time at={last.received_at} />
              {last.run_number !== null && (
                <>
                  , <Link to={runPath(last.run_number)}>run {last.run_number}</Link>
                </>
              )}
            </>
          )}{' '}
          <Link
            to="/settings"
            search={{ tab: 'hooks', hook: name }}
            replace
            aria-label={`All calls of ${name}`}
          >
            All calls
          </Link>
        </Fact>
        {last?.outcome === 'failed' && (
          <Fact name="What came of the last call" wide>
            {last.message}
          </Fact>
        )}
        {sender !== null && hook.secret_problem !== null && (
          <Fact name="Missing" wide>
            {hook.secret_problem}: every call is refused.
          </Fact>
        )}
      </Facts>
    </Section>
  );
}

const SENDERS: Readonly<Record<NonNullable<Hook['sender']>, string>> = {
  standard: 'anybody who signs as Standard Webhooks',
  github: 'GitHub',
  gitlab: 'GitLab',
  'azure-devops': 'Azure DevOps',
  bearer: 'whoever shows the secret',
};

const forWhat = ({ events, branches }: Hook): string =>
  `${events?.join(', ') ?? 'all events'}${branches === null ? '' : ` on ${branches.join(', ')}`}`;

function Standing({ hook: { sender, enabled, secret_problem } }: { readonly hook: Hook }) {
  if (sender === null) return <span className="muted">gone from trainyard.yaml</span>;
  if (!enabled) return <span className="muted">not enabled</span>;
  return <StatusBadge state={secret_problem === null ? 'active' : 'unready'} />;
}

function TryAgain({ name }: { readonly name: string }) {
  const queries = useQueryClient();
  return (
    <ConfirmButton
      small
      action="Try again"
      title={`Try the last call of ${name} again?`}
      act={async () => {
        await ok(api.hooks[':name'].retry.$post({ param: { name }, json: {} }));
        await queries.invalidateQueries({ queryKey: ['hooks'] });
        return 'The call waits once more.';
      }}
    >
      It runs what the hook is for, as if the call came now.
    </ConfirmButton>
  );
}
