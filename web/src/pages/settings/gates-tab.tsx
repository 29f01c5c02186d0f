import { Link } from '@tanstack/react-router';
import { Empty, Fact, Facts, Section, span, plural } from '../../ui/index.ts';
import type { System } from './settings-data.ts';
import styles from './settings.module.css';

/** Who decides what. */
export function GatesTab({ system: { gates, groups } }: { readonly system: System }) {
  const people = Object.entries(groups);
  return (
    <div className="stack">
      {Object.entries(gates).map(([name, gate]) => (
        <GateView key={name} name={name} gate={gate} />
      ))}
      <Section title="Groups">
        {people.length === 0 ? (
          <Empty title="There are no groups.">
            A group is a list of people under <code>groups</code> in trainyard.yaml; gates and roles name it
            as <code>@group</code>.
          </Empty>
        ) : (
          <Facts>
            {people.map(([name, members]) => (
              <Fact key={name} name={`@${name}`}>
                <People names={members} />
              </Fact>
            ))}
          </Facts>
        )}
      </Section>
    </div>
  );
}

function GateView({ name, gate }: { readonly name: string; readonly gate: System['gates'][string] }) {
  return (
    <Section
      title={name}
      aside={
        <Link to="/approvals" search={{ gate: name }}>
          What it asks
        </Link>
      }
    >
      <Facts narrow>
        <Fact name="Who may decide">
          {gate.approvers.length === 0 ? 'anybody' : <People names={gate.approvers} />}
        </Fact>
        <Fact name="How many have to approve">
          {plural(gate.required, 'person', 'people')}
          {gate.verified && ', signed in'}
        </Fact>
        <Fact name="A request stays open">
          {span(gate.expires_s)}, {ON_EXPIRY[gate.on_expiry] ?? gate.on_expiry}
        </Fact>
        <Fact name="Reminder">
          {gate.remind_every_s === null ? 'none' : `every ${span(gate.remind_every_s).replace(/^1 /, '')}`}
        </Fact>
        <Fact name="Who started the run">
          {gate.requester_may_approve ? 'may approve it' : 'may not approve it'}
        </Fact>
      </Facts>
    </Section>
  );
}

const ON_EXPIRY: Readonly<Record<string, string>> = {
  skip: 'then the run goes on without',
  hold: 'then it is held for a later decision',
};

const People = ({ names }: { readonly names: readonly string[] }) =>
  names.length === 0 ? (
    <span className="muted">nobody</span>
  ) : (
    <ul className={styles.people}>
      {names.map((name) => (
        <li key={name}>{name}</li>
      ))}
    </ul>
  );
