import { useQuery } from '@tanstack/react-query';
import { ErrorNotice, Section, Skeleton, Took, count, duration, lookOf, useNow } from '../../ui/index.ts';
import { timelineQuery } from './data.ts';
import type { RunView, TimelineView } from './data.ts';
import { bucketsOf, countMarks, marksOf, stacked } from './timeline-scale.ts';
import styles from './timeline-tab.module.css';

/** When each stage went, and how many jobs were queued, preparing and running meanwhile. */
export function TimelineTab({ run }: { readonly run: RunView }) {
  const { data, error, refetch } = useQuery(timelineQuery(String(run.number)));
  const now = useNow(run.ended_at === null ? 1000 : 60_000);
  if (run.started_at === null) return <p className="muted">It has not started.</p>;
  const start = Date.parse(run.started_at);
  const span_s = Math.max(
    0.001,
    ((run.ended_at === null ? now.getTime() : Date.parse(run.ended_at)) - start) / 1000,
  );
  const at = (iso: string): number => Math.min(100, Math.max(0, (Date.parse(iso) - start) / 10 / span_s));
  return (
    <>
      <Section title="Stages">
        <Axis span_s={span_s} />
        <ul className={styles.stages}>
          {run.stages.map((stage) => {
            const from = stage.started_at === null ? null : at(stage.started_at);
            const to = stage.ended_at === null ? 100 : at(stage.ended_at);
            return (
              <li key={stage.name} className={styles.stage}>
                <span className={styles.name}>
                  {stage.name}{' '}
                  <span className="muted">
                    {from === null ? (
                      lookOf(stage.status).word
                    ) : (
                      <Took from={stage.started_at} to={stage.ended_at} />
                    )}
                  </span>
                </span>
                <span className={styles.track}>
                  {from !== null && (
                    <span
                      className={styles.span}
                      data-tone={lookOf(stage.status).tone}
                      data-hint={`${stage.name}: ${lookOf(stage.status).word}`}
                      style={{ left: `${from}%`, width: `max(3px, ${to - from}%)` }}
                    />
                  )}
                </span>
              </li>
            );
          })}
        </ul>
      </Section>
      <Section title="Jobs">
        {data !== undefined ? (
          <Jobs timeline={data} start={start} span_s={span_s} />
        ) : error === null ? (
          <Skeleton height={176} />
        ) : (
          <ErrorNotice error={error} retry={() => void refetch()} />
        )}
      </Section>
    </>
  );
}

const Axis = ({ span_s }: { readonly span_s: number }) => (
  <div className={styles.axis} aria-hidden="true">
    {marksOf(span_s, 6).map((s) => (
      <span key={s} style={{ left: `${(s / span_s) * 100}%` }}>
        {s === 0 ? '0' : duration(s)}
      </span>
    ))}
  </div>
);

function Jobs({
  timeline,
  start,
  span_s,
}: {
  readonly timeline: TimelineView;
  readonly start: number;
  readonly span_s: number;
}) {
  const buckets = bucketsOf(timeline, start);
  const most = Math.max(0, ...buckets.map((b) => b.queued + b.preparing + b.running));
  const running = Math.max(0, ...buckets.map((b) => b.running));
  if (buckets.length === 0) return <p className="muted">No job was handed over.</p>;
  if (most === 0) return <p className="muted">The jobs took no time that could be drawn.</p>;
  // Averages over short times: whole jobs are what people count.
  const whole = (n: number): string => count(n > 0 ? Math.max(1, Math.round(n)) : 0);
  const peak = `about ${whole(most)} at the busiest, ${whole(running)} running at once`;
  const marks = countMarks(most);
  const top = marks.at(-1) ?? most;
  return (
    <figure className={styles.chart}>
      <figcaption className={styles.legend}>
        <Key tone="idle" text="queued" />
        <Key tone="waiting" text="preparing" />
        <Key tone="running" text="running" />
        <span className="muted">{peak}</span>
      </figcaption>
      <div className={styles.plot}>
        <div className={styles.counts} aria-hidden="true">
          {marks.map((n) => (
            <span key={n} style={{ bottom: `${(n / top) * 100}%` }}>
              {count(n)}
            </span>
          ))}
        </div>
        <svg
          viewBox="0 0 1000 100"
          preserveAspectRatio="none"
          className={styles.layers}
          role="img"
          aria-label={`Jobs over time: ${peak}`}
        >
          {marks.map((n) => (
            <path key={n} d={`M0 ${100 - (n / top) * 100}H1000`} className={styles.grid} />
          ))}
          {stacked(buckets, span_s, top).map(({ name, d }) => (
            <path key={name} d={d} data-tone={TONES[name]} className={styles.layer} />
          ))}
        </svg>
        <Axis span_s={span_s} />
      </div>
    </figure>
  );
}

const TONES = { running: 'running', preparing: 'waiting', queued: 'idle' } as const;

const Key = ({ tone, text }: { readonly tone: string; readonly text: string }) => (
  <span>
    <span aria-hidden="true" className={styles.key} data-tone={tone} /> {text}
  </span>
);
