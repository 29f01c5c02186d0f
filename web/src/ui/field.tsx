import { useRouter, useRouterState } from '@tanstack/react-router';
import { useEffect, useId, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import styles from './field.module.css';

/** A label above its control. */
export function Field({
  label,
  htmlFor,
  help,
  children,
}: {
  readonly label: string;
  readonly htmlFor: string;
  readonly help?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <div className={styles.field}>
      <label htmlFor={htmlFor}>{label}</label>
      {children}
      {help !== undefined && <p className={styles.help}>{help}</p>}
    </div>
  );
}

/** Filters in one line above a list; they wrap where there is little room. */
export const Filters = ({ children }: { readonly children: ReactNode }) => (
  <div role="search" className={styles.filters}>
    {children}
  </div>
);

/** Text to look for. Told after a short rest from typing, and at once on Enter or by whoever goes on to something else. */
export function SearchBox({
  label,
  value,
  onChange,
  placeholder,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
}) {
  const [text, setText] = useState(value);
  // What was told and is not in the address yet.
  const told = useRef<string[]>([]);
  const timer = useRef(0);
  const id = useId();
  // What the address says holds: back and forward change it as well. An echo of what was told does not, since more may
  // have been typed meanwhile.
  useEffect(() => {
    if (told.current.includes(value)) {
      if (told.current.at(-1) === value) told.current = [];
      return;
    }
    clearTimeout(timer.current);
    setText(value);
  }, [value]);
  // Where a way to an address was cut short by the next, what was told never shows there: the address holds.
  const router = useRouter();
  const arrived = useRouterState({ select: (state) => state.resolvedLocation });
  useEffect(() => {
    const lost = told.current.at(-1);
    if (lost === undefined || router.state.status === 'pending') return;
    told.current = [];
    setText((now) => (now.trim() === lost ? value : now));
  }, [router, arrived, value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const tell = (typed: string): void => {
    clearTimeout(timer.current);
    const next = typed.trim();
    if (next === (told.current.at(-1) ?? value)) return;
    told.current.push(next);
    onChange(next);
  };
  return (
    <div className={styles.inline}>
      <label htmlFor={id} className="unseen">
        {label}
      </label>
      <input
        id={id}
        type="search"
        className={styles.search}
        placeholder={placeholder ?? label}
        maxLength={200}
        value={text}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => {
          const next = event.target.value;
          setText(next);
          clearTimeout(timer.current);
          timer.current = window.setTimeout(() => tell(next), 250);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') tell(text);
        }}
        onBlur={() => tell(text)}
      />
    </div>
  );
}

/** One of a few values, or all. */
export function SelectBox<T extends string>({
  label,
  value,
  options,
  onChange,
  all = 'all',
}: {
  readonly label: string;
  readonly value: T | undefined;
  readonly options: readonly (T | { readonly value: T; readonly text: string })[];
  readonly onChange: (value: T | undefined) => void;
  /** What stands for no filter; null: one has to be chosen. */
  readonly all?: string | null;
}) {
  const id = useId();
  const known = options.map((o) => (typeof o === 'string' ? { value: o, text: o.replaceAll('_', ' ') } : o));
  // An address may name what is no choice: it filters all the same, and has to be seen to be taken away.
  const choices =
    value === undefined || known.some((o) => o.value === value) ? known : [...known, { value, text: value }];
  return (
    <div className={styles.inline}>
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value ?? ''}
        onChange={(event) => onChange(choices.find((o) => o.value === event.target.value)?.value)}
      >
        {all !== null && <option value="">{all}</option>}
        {choices.map((o) => (
          <option key={o.value} value={o.value}>
            {o.text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** On or off. */
export function CheckBox({
  label,
  checked,
  onChange,
}: {
  readonly label: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}) {
  return (
    <label className={styles.check}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}
