import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { Button } from './button.tsx';
import { Command } from './command.tsx';
import styles from './notice.module.css';
import { Prose } from './prose.tsx';

/** What went wrong, what to do about it, and another try. */
export function ErrorNotice({
  error,
  retry,
}: {
  readonly error: unknown;
  readonly retry?: (() => void) | undefined;
}) {
  const told = error instanceof ApiError ? error : null;
  return (
    <div role="alert" className={styles.notice} data-tone="failed">
      <p className={styles.title}>
        <span aria-hidden="true">✗ </span>
        {told?.title ?? 'This page met an error'}
      </p>
      <p>
        <Prose text={told?.message ?? (error instanceof Error ? error.message : String(error))} />
      </p>
      {told !== null && told.problems.length > 0 && (
        <ul className={styles.problems}>
          {told.problems.slice(0, 20).map((p) => (
            <li key={`${p.file}:${p.line}:${p.path}:${p.message}`}>
              <code>{[p.file, p.line, p.column].filter((x) => x !== null).join(':')}</code> {p.path}{' '}
              {p.message}
            </li>
          ))}
        </ul>
      )}
      {told?.hint != null && (
        <p className={styles.hint}>
          <Prose text={told.hint} />
        </p>
      )}
      {retry !== undefined && (
        <Button small onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Nothing here yet, and what to do next; `command` as it is typed. */
export function Empty({
  title,
  children,
  command,
}: {
  readonly title: string;
  readonly children?: ReactNode;
  readonly command?: string;
}) {
  return (
    <div className={styles.empty}>
      <p className={styles.title}>{title}</p>
      {children !== undefined && <div className={styles.more}>{children}</div>}
      {command !== undefined && <Command text={command} />}
    </div>
  );
}

/** Something to know before going on. */
export function Notice({
  tone,
  title,
  children,
}: {
  readonly tone: 'waiting' | 'failed' | 'ok' | 'idle';
  readonly title: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className={styles.notice} data-tone={tone}>
      <p className={styles.title}>{title}</p>
      {children}
    </div>
  );
}
