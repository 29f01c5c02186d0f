import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, ErrorNotice, Fact, Facts, Section, Skeleton, Time, Took, count } from '../../ui/index.ts';
import { CheckList } from './check-list.tsx';
import { askDoctor, askSystem, doctorQuery, systemQuery } from './settings-data.ts';
import type { System } from './settings-data.ts';

/** The process that answers, and whether everything is there that a run needs. */
export function ServerTab({ system }: { readonly system: System }) {
  return (
    <div className="stack">
      <Process system={system} />
      <Health system={system} />
      <Store system={system} />
    </div>
  );
}

function Process({ system }: { readonly system: System }) {
  const { holder } = system;
  return (
    <Section title="Process">
      <Facts>
        <Fact name="Runs are advanced by">
          {holder === null
            ? 'nobody: no process does'
            : holder.here
              ? 'this server'
              : `trainyard ${holder.kind}, process ${holder.pid} on ${holder.host}`}
        </Fact>
        <Fact name="Up since">
          {system.started_at === null ? '–' : <Time at={system.started_at} />}{' '}
          {system.started_at !== null && (
            <span className="muted">
              (<Took from={system.started_at} to={null} />)
            </span>
          )}
        </Fact>
        <Fact name="Process">
          {holder?.here === true
            ? `${holder.pid} on ${holder.host}`
            : system.drives
              ? 'here'
              : 'this server only answers'}
        </Fact>
        <Fact name="Open pages and streams">{count(system.streams)}</Fact>
        <Fact name="Trainyard">{system.version}</Fact>
        <Fact name="Node">{system.node}</Fact>
        <Fact name="Version of the store">{system.schema}</Fact>
        <Fact name="Folder">
          <code>{system.root}</code>
        </Fact>
      </Facts>
    </Section>
  );
}

function Health({ system: { provider } }: { readonly system: System }) {
  const queries = useQueryClient();
  const { data: doctor, error, refetch } = useQuery(doctorQuery);
  const again = useMutation({
    mutationFn: async () => {
      const [system, checks] = await Promise.all([askSystem(true), askDoctor(true)]);
      queries.setQueryData(systemQuery.queryKey, system);
      queries.setQueryData(doctorQuery.queryKey, checks);
    },
  });
  // Doctor looks at the provider as well.
  const above = new Set([`provider ${provider.name}`, ...provider.checks.map(({ name }) => name)]);
  return (
    <>
      <Section
        title={`Provider ${provider.name}`}
        aside={
          <span className="muted">
            {provider.title === null ? 'not reached' : provider.title}, looked at{' '}
            <Time at={provider.checked_at} />{' '}
            <Button small busy={again.isPending} onClick={() => again.mutate()}>
              Check again
            </Button>
          </span>
        }
      >
        {again.isError && <ErrorNotice error={again.error} />}
        <CheckList checks={provider.checks} none="It has nothing to check: it is always there." />
      </Section>
      <Section title="What a run needs">
        {error !== null && <ErrorNotice error={error} retry={() => void refetch()} />}
        {doctor === undefined && error === null && <Skeleton lines={5} height={20} />}
        {doctor !== undefined && (
          <CheckList
            checks={doctor.checks.filter(({ name }) => !above.has(name))}
            none="Nothing was looked at."
          />
        )}
      </Section>
    </>
  );
}

function Store({ system: { registries } }: { readonly system: System }) {
  return (
    <Section title="Registries">
      <Facts>
        {registries.map(({ name, kind }) => (
          <Fact key={name} name={`Registry ${name}`}>
            {kind}
          </Fact>
        ))}
      </Facts>
    </Section>
  );
}
