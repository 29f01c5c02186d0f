import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Button, Dialog, DialogFoot, Status, Time, exactTime } from '../ui/index.ts';
import styles from './event-dialog.module.css';

/** What an event or an entry of the audit chain has in common, and what only one of them has. */
interface Told {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly severity?: string;
  readonly run?: number | null;
  readonly stage: string | null;
  readonly circuit_id: string | null;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly actor: string | null;
  readonly identity: string | null;
  readonly hash?: string;
}

/** An event with its facts. */
export function EventDialog({ event, onClose }: { readonly event: Told; readonly onClose: () => void }) {
  const facts: readonly (readonly [string, ReactNode])[] = [
    ['Number', event.seq],
    [
      'Time',
      <span key="t">
        <Time at={event.at} /> <span className="muted">({exactTime(event.at)})</span>
      </span>,
    ],
    ['Type', event.type],
    ...(event.severity === undefined
      ? []
      : [['Severity', <Status key="s" state={event.severity} />] as const]),
    ...(event.run === null || event.run === undefined
      ? []
      : [
          [
            'Run',
            <Link key="r" to="/runs/$run" params={{ run: String(event.run) }}>
              {event.run}
            </Link>,
          ] as const,
        ]),
    ...(event.stage === null ? [] : [['Stage', event.stage] as const]),
    ...(event.circuit_id === null ? [] : [['Circuit', event.circuit_id] as const]),
    ...(event.actor === null ? [] : [['By', `${event.actor} (${event.identity ?? 'claimed'})`] as const]),
    ...(event.hash === undefined ? [] : [['Hash', <code key="h">{event.hash}</code>] as const]),
  ];
  return (
    <Dialog open onClose={onClose} title={event.message} wide>
      <dl className={styles.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {Object.keys(event.data).length > 0 && (
        <dl className={styles.data}>
          {Object.entries(event.data).map(([name, value]) => (
            <div key={name}>
              <dt>{name.replaceAll('_', ' ')}</dt>
              <dd>
                {typeof value === 'object' ? <pre>{JSON.stringify(value, null, 2)}</pre> : String(value)}
              </dd>
            </div>
          ))}
        </dl>
      )}
      <DialogFoot>
        <Button onClick={onClose}>Close</Button>
      </DialogFoot>
    </Dialog>
  );
}
