import { Link, Outlet } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { Suspense, useEffect, useState } from 'react';
import { ApiError } from '../api/client.ts';
import { meQuery, waitingQuery } from '../api/me.ts';
import { useLiveUpdates, useLiveness } from '../api/live.ts';
import { Button, HintLayer, Mark, Skeleton, Toasts, count } from '../ui/index.ts';
import { useKeptFocus } from './kept-focus.ts';
import styles from './shell.module.css';
import { NoRole } from './no-role.tsx';
import { PAGES } from './pages.ts';
import { useTheme } from './theme.ts';
import type { Theme } from './theme.ts';
import { Who } from './who.tsx';

/** What stands around every page. */
export function Shell() {
  useLiveUpdates();
  useKeptFocus();
  const [open, setOpen] = useState(false);
  const { error: refused } = useQuery(meQuery);
  return (
    <div className={styles.shell}>
      <a href="#page" className={styles.skip}>
        Skip to the page
      </a>
      <header className={styles.bar}>
        <Link to="/" className={styles.brand} onClick={() => setOpen(false)}>
          <Mark />
          Trainyard
        </Link>
        <Button
          small
          className={styles.menu}
          aria-expanded={open}
          aria-controls="pages"
          onClick={() => setOpen(!open)}
        >
          Menu
        </Button>
        <nav id="pages" aria-label="Pages" className={styles.nav} data-open={open || undefined}>
          <ul>
            {PAGES.map(({ to, name, counts }) => (
              <li key={to}>
                <Link to={to} className={styles.page} onClick={() => setOpen(false)}>
                  {name}
                  {counts === 'waiting' && <Waiting />}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <Line open={open} />
        <div className={styles.foot} data-open={open || undefined}>
          <Who />
          <ThemeSwitch />
        </div>
      </header>
      <main id="page" tabIndex={-1} className={styles.main}>
        <Suspense fallback={<Loading />}>
          {refused instanceof ApiError && refused.status === 403 ? <NoRole error={refused} /> : <Outlet />}
        </Suspense>
      </main>
      <HintLayer />
      <Toasts />
    </div>
  );
}

/** How many decisions wait for somebody; the sign in the browser's tab tells it too. */
function Waiting() {
  const { data } = useQuery(waitingQuery);
  const waits = data !== undefined && data.waiting > 0;
  useEffect(() => {
    document
      .querySelector('link[rel="icon"]')
      ?.setAttribute('href', waits ? '/favicon-waiting.svg' : '/favicon.svg');
  }, [waits]);
  if (data === undefined || data.waiting === 0) return null;
  const some = data.more ? `${count(data.waiting)}+` : count(data.waiting);
  return (
    <span className={styles.waiting} data-tone="waiting">
      <span aria-hidden="true">‖ {some}</span>
      <span className="unseen">, {some} waiting</span>
    </span>
  );
}

/** Whether what is shown is what is. Where the menu is shut, only that it is not. */
function Line({ open }: { readonly open: boolean }) {
  const liveness = useLiveness();
  const [tone, shape, word] = LIVENESS[liveness];
  return (
    <p role="status" className={styles.line} data-tone={tone} data-open={open || undefined}>
      <span aria-hidden="true">{shape} </span>
      {word}
    </p>
  );
}

const LIVENESS = {
  live: ['ok', '●', 'Live'],
  connecting: ['idle', '○', 'Connecting'],
  lost: ['failed', '✗', 'No connection, trying again'],
} as const;

function ThemeSwitch() {
  const [theme, choose] = useTheme();
  return (
    <fieldset className={styles.theme}>
      <legend className="unseen">Theme</legend>
      {(['system', 'light', 'dark'] satisfies Theme[]).map((each) => (
        <label key={each}>
          <input
            type="radio"
            name="theme"
            className="unseen"
            checked={theme === each}
            onChange={() => choose(each)}
          />
          <span>{each === 'system' ? 'Auto' : each === 'light' ? 'Light' : 'Dark'}</span>
        </label>
      ))}
    </fieldset>
  );
}

const Loading = () => (
  <div className={styles.loading}>
    <Skeleton lines={1} height={28} />
    <Skeleton lines={8} height={24} />
  </div>
);
