import type { JobView } from '../../../../src/views/index.ts';
import { Took, duration } from '../../ui/index.ts';
import styles from './phases.module.css';

/** Where the time went: queued, preparing, running; and what was used. */
export function Phases({ job }: { readonly job: JobView }) {
  const phases = [
    { name: 'queued', s: job.queued_s, tone: 'idle' },
    { name: 'preparing', s: job.preparing_s, tone: 'waiting' },
    { name: 'running', s: job.running_s, tone: 'running' },
  ] as const;
  const known = phases.filter((phase) => phase.s !== null && phase.s > 0);
  return (
    <div className={styles.phases}>
      <dl className={styles.figures}>
        {phases.map(({ name, s, tone }) => (
          <div key={name} data-tone={tone}>
            <dt>
              <span aria-hidden="true" className={styles.key} />
              {name}
            </dt>
            <dd>
              {s !== null ? (
                duration(s)
              ) : name === 'running' && job.running_at !== null ? (
                <Took from={job.running_at} to={job.ended_at} />
              ) : (
                '–'
              )}
            </dd>
          </div>
        ))}
        <div>
          <dt>CPU time</dt>
          <dd>{job.cpu_s === null ? '–' : duration(job.cpu_s)}</dd>
        </div>
        <div>
          <dt>Peak memory</dt>
          <dd>
            {job.peak_memory_mib === null
              ? '–'
              : `${Math.round(job.peak_memory_mib).toLocaleString('en')} MiB`}
          </dd>
        </div>
        <div>
          <dt>Exit code</dt>
          <dd>{job.exit_code ?? '–'}</dd>
        </div>
        {Object.entries(job.metrics ?? {}).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{Number(value.toPrecision(5))}</dd>
          </div>
        ))}
      </dl>
      {known.length > 0 && (
        <div className={styles.bar} aria-hidden="true">
          {known.map(({ name, s, tone }) => (
            <span key={name} data-tone={tone} style={{ flexGrow: s ?? 0 }} />
          ))}
        </div>
      )}
    </div>
  );
}
