import { useRouterState } from '@tanstack/react-router';
import { useEffect, useLayoutEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import styles from './page.module.css';

interface PageProps {
  /** Of the document and, unless `heading` says more, of the page. */
  readonly title: string;
  readonly heading?: ReactNode;
  /** One line below the heading: what this is, in figures. */
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** `fill`: the page takes the height of the window and its table scrolls; else the page scrolls. */
  readonly fill?: boolean;
}

/** The frame of every page: one `h1`, which takes the focus when the page is changed, so that it is read aloud. */
export function Page({ title, heading, lead, actions, children, fill = false }: PageProps) {
  const h1 = useRef<HTMLHeadingElement>(null);
  // Of the page that is there, and not of the one that is on its way.
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  useEffect(() => {
    document.title = `${title} · Trainyard`;
  }, [title]);
  useEffect(() => {
    if (path === undefined) return;
    if (lastPath !== null && lastPath !== path) h1.current?.focus({ preventScroll: true });
    lastPath = path;
  }, [path]);
  // With its data a page is often made anew: a heading that has the focus hands it on.
  useLayoutEffect(() => {
    const heading = h1.current;
    if (handedOn) heading?.focus({ preventScroll: true });
    handedOn = false;
    return () => {
      handedOn = heading !== null && heading === document.activeElement;
    };
  }, []);
  return (
    <div className={styles.page} data-fill={fill || undefined}>
      <header className={styles.head}>
        <div className={styles.titles}>
          <h1 ref={h1} tabIndex={-1}>
            {heading ?? title}
          </h1>
          {lead !== undefined && (
            <div className={styles.lead} data-lead>
              {lead}
            </div>
          )}
        </div>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A part of a page with a heading of its own. */
export function Section({
  title,
  aside,
  children,
  plain = false,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  /** Without the panel around it. */
  readonly plain?: boolean;
}) {
  return (
    <section className={styles.section} aria-label={title}>
      <div className={styles.sectionHead}>
        <h2>{title}</h2>
        {aside}
      </div>
      <div className={plain ? undefined : styles.panel}>{children}</div>
    </section>
  );
}

let lastPath: string | null = null;
let handedOn = false;
