import { useState } from 'react';
import type { ScriptRow } from '../../scripts/index.ts';
import { Button, CheckBox, SearchBox, plural } from '../../ui/index.ts';
import styles from './new-scripts.module.css';

/** Scripts that are listed without looking for one. */
const MOST = 200;

/** Some of the scripts, or none in particular: all. */
export function ScriptChoice({
  scripts,
  only,
  onChange,
}: {
  readonly scripts: readonly ScriptRow[];
  readonly only: readonly string[];
  readonly onChange: (next: (before: readonly string[]) => readonly string[]) => void;
}) {
  const [q, setQ] = useState('');
  const part = q.toLowerCase();
  const found = scripts.filter(
    ({ id, script }) => id.toLowerCase().includes(part) || script.toLowerCase().includes(part),
  );
  const strangers = only.filter((id) => !scripts.some((script) => script.id === id));
  const box = (id: string, told: string, mono: boolean) => (
    <li key={id}>
      <CheckBox
        label={
          <span>
            {id} <span className={mono ? 'muted mono' : 'muted'}>{told}</span>
          </span>
        }
        checked={only.includes(id)}
        onChange={(checked) =>
          onChange((before) => [...before.filter((each) => each !== id), ...(checked ? [id] : [])])
        }
      />
    </li>
  );
  return (
    <div className="stack">
      <div className={styles.choiceHead}>
        <span role="status">
          {only.length === 0
            ? `All ${plural(scripts.length, 'script')}, as none is chosen`
            : `${plural(only.length, 'script')} chosen`}
        </span>
        {only.length > 0 && (
          <Button small onClick={() => onChange(() => [])}>
            Choose none
          </Button>
        )}
        {scripts.length > 12 && (
          // Enter looks for scripts, and starts none.
          <div
            onKeyDown={(event) => {
              if (event.key === 'Enter') event.preventDefault();
            }}
          >
            <SearchBox label="Find scripts" value={q} onChange={setQ} />
          </div>
        )}
      </div>
      <ul className={styles.scripts}>
        {strangers.map((id) => box(id, 'is none of the scripts here', false))}
        {found.slice(0, MOST).map(({ id, script }) => box(id, script, true))}
      </ul>
      {found.length > MOST && <p className="muted">{found.length - MOST} more: look for one by its name.</p>}
      {found.length === 0 && <p className="muted">None is called like that.</p>}
    </div>
  );
}
