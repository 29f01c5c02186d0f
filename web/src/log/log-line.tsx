import type { CSSProperties, Ref } from 'react';
import type { Span, Style } from './ansi.ts';
import styles from './log-line.module.css';

interface LogLineProps {
  readonly ref: Ref<HTMLDivElement> | undefined;
  readonly index: number;
  readonly top: number;
  readonly spans: readonly Span[];
  /** Room for the largest number of a line. */
  readonly digits: number;
  readonly pointed: boolean;
  readonly found: boolean;
  readonly q: string;
  readonly onPoint: () => void;
}

/** A line with its number, which is its address. */
export function LogLine({ ref, index, top, spans, digits, pointed, found, q, onPoint }: LogLineProps) {
  return (
    <div
      ref={ref}
      data-index={index}
      className={styles.line}
      data-pointed={pointed || undefined}
      data-found={found || undefined}
      style={{ transform: `translateY(${top}px)` }}
    >
      <button
        type="button"
        tabIndex={-1}
        className={styles.number}
        style={{ width: `${digits + 2}ch` }}
        aria-label={`Link to line ${index + 1}`}
        onClick={onPoint}
      >
        {index + 1}
      </button>
      <span className={styles.text}>
        {spans.map((span, i) => (
          // Spans of a line have no identity but their place.
          <span key={i} className={classOf(span.style)} style={colourOf(span.style)}>
            {q === '' ? span.text : marked(span.text, q)}
          </span>
        ))}
      </span>
    </div>
  );
}

function classOf(style: Style): string | undefined {
  const names = [
    style.bold && styles.bold,
    style.faint && styles.faint,
    style.italic && styles.italic,
    style.underline && styles.underline,
    style.strike && styles.strike,
    style.inverse && styles.inverse,
  ].filter((name) => name !== false);
  return names.length === 0 ? undefined : names.join(' ');
}

/** The palette follows the theme; colours that a program chose itself are brought nearer to the text, to be read. */
function colourOf({ ink, ground }: Style): CSSProperties | undefined {
  if (ink === null && ground === null) return undefined;
  return {
    ...(ink === null
      ? {}
      : { color: typeof ink === 'number' ? PALETTE[ink] : `color-mix(in oklab, ${ink} 65%, var(--text))` }),
    ...(ground === null
      ? {}
      : {
          background: `color-mix(in oklab, ${typeof ground === 'number' ? (PALETTE[ground] ?? '') : ground} 24%, var(--panel))`,
        }),
  };
}

const PALETTE: readonly string[] = [
  'var(--muted)',
  'var(--failed)',
  'var(--ok)',
  'var(--waiting)',
  'var(--accent)',
  'var(--canceled)',
  'var(--running)',
  'var(--text)',
  'var(--muted)',
  'var(--failed)',
  'var(--ok)',
  'var(--waiting)',
  'var(--accent)',
  'var(--canceled)',
  'var(--running)',
  'var(--text)',
];

/** What is searched for stands out wherever it is. */
function marked(text: string, q: string) {
  const wanted = q.toLowerCase();
  const lower = text.toLowerCase();
  const parts = [];
  let done = 0;
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, done)) {
    parts.push(text.slice(done, at), <mark key={at}>{text.slice(at, at + wanted.length)}</mark>);
    done = at + wanted.length;
  }
  parts.push(text.slice(done));
  return parts;
}
