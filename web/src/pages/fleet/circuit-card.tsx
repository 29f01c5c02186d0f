import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { circuitQuery } from '../../api/circuits.ts';
import { StatusBadge, Time, number } from '../../ui/index.ts';
import styles from './circuit-card.module.css';
import type { Tile } from './tiles.ts';

/** A circuit in brief. What the board does not know is asked for once somebody stays. */
export function CircuitCard({ tile }: { readonly tile: Tile }) {
  const rested = useRested(tile.id, 120);
  const { data } = useQuery({ ...circuitQuery(tile.id), enabled: rested === tile.id });
  const good = data?.last_good ?? null;
  const metric = data?.trend?.metric;
  const value = metric === undefined ? undefined : good?.metrics[metric];
  return (
    <div className={styles.card}>
      <p className={styles.head}>
        <strong>{tile.id}</strong>
        <StatusBadge state={tile.state} />
      </p>
      <p className={styles.reason}>{data?.reason ?? ' '}</p>
      {data !== undefined && (
        <p className={styles.facts}>
          {good === null ? (
            <span>no good model yet</span>
          ) : (
            <span>
              v{good.version}
              {value !== undefined && `, ${metric} ${number(value)}`}
            </span>
          )}
          {data.owed_since !== null && (
            <span>
              owed since <Time at={data.owed_since} />
            </span>
          )}
        </p>
      )}
    </div>
  );
}

/** The value, once it has stayed the same for so long. */
function useRested<T>(value: T, delay_ms: number): T | null {
  const [rested, setRested] = useState<T | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), delay_ms);
    return () => clearTimeout(timer);
  }, [value, delay_ms]);
  return rested;
}
