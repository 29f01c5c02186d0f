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
  readonly onChange: (only: readonly string[]) => void;
}) {
  const [q, setQ] = useState('');
  const part = q.toLowerCase();
  const found = scripts.filter(
    ({ id, script }) => id.toLowerCase().includes(part) || script.toLowerCase().includes(part),
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
          <Button small onClick={() => onChange([])}>
            Choose none
          </Button>
        )}
        {scripts.length > 12 && <SearchBox label="Find scripts" value={q} onChange={setQ} />}
      </div>
      <ul className={styles.scripts}>
        {found.slice(0, MOST).map(({ id, script }) => (
          <li key={id}>
            <CheckBox
              label={
                <span>
                  {id} <span className="muted mono">{script}</span>
                </span>
              }
              checked={only.includes(id)}
              onChange={(checked) => onChange(checked ? [...only, id] : only.filter((each) => each !== id))}
            />
          </li>
        ))}
      </ul>
      {found.length > MOST && <p className="muted">{found.length - MOST} more: look for one by its name.</p>}
      {found.length === 0 && <p className="muted">None is called like that.</p>}
    </div>
  );
}
