import type { ReactNode } from 'react';
import type { JobView } from '../../../../src/views/index.ts';
import { Section, duration } from '../../ui/index.ts';
import styles from './details.module.css';

/** What the job is made of: inputs, commands, environment, versions. */
export function Details({ job }: { readonly job: JobView }) {
  return (
    <div className={styles.details} role="region" aria-label="Details" tabIndex={0}>
      <Section title="Inputs">
        <Table
          label="Inputs"
          rows={Object.entries(job.inputs).map(([name, input]) => [
            name,
            input.kind === 'literal' ? <code key="v">{input.value}</code> : <code key="v">{input.path}</code>,
          ])}
          none="It takes none."
        />
      </Section>
      {job.steps.map((step) => (
        <Section key={step.name} title={job.steps.length === 1 ? 'Command' : `Command of ${step.name}`}>
          <pre className={styles.command}>{step.command}</pre>
          <Table
            label="Environment variables"
            rows={Object.entries(step.environment_variables).map(([name, value]) => [
              name,
              <code key="v">{value}</code>,
            ])}
            none=""
          />
          {step.environment !== null && <p className={styles.environment}>Environment {step.environment}</p>}
        </Section>
      ))}
      <Section title="Versions and limits">
        <Table
          label="Versions and limits"
          rows={[
            ['Model', job.model_name],
            ['Component', job.component],
            ['Environment', job.environment ?? '–'],
            ['Data', job.data_version ?? '–'],
            ['Training hash', <code key="h">{job.training_hash}</code>],
            ['Inputs digest', <code key="d">{job.inputs_digest}</code>],
            ['Time limit', job.timeout_s === null ? 'none' : `${duration(job.timeout_s)} an attempt`],
            ['Attempts at most', job.max_attempts],
            ['Optional', job.optional ? 'yes: its failure blocks nothing' : 'no'],
            ['Provider', job.provider],
          ]}
          none=""
        />
      </Section>
    </div>
  );
}

function Table({
  label,
  rows,
  none,
}: {
  readonly label: string;
  readonly rows: readonly (readonly [string, ReactNode])[];
  readonly none: string;
}) {
  if (rows.length === 0) return none === '' ? null : <p className="muted">{none}</p>;
  return (
    <dl className={styles.table} aria-label={label}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
