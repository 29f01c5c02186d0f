import { useState } from 'react';
import { Filters, SearchBox, Section, valueText } from '../../ui/index.ts';
import type { System } from './settings-data.ts';
import { settingLines } from './setting-lines.ts';
import styles from './settings.module.css';

/** trainyard.yaml as it is understood: every key with what holds, its defaults included. */
export function FileTab({ system: { settings } }: { readonly system: System }) {
  const [q, setQ] = useState('');
  const sections = Object.entries(settings).flatMap(([name, value]) => {
    const lines = settingLines(name, value).filter(({ key }) => key.toLowerCase().includes(q.toLowerCase()));
    return lines.length === 0 ? [] : [{ name, lines }];
  });
  return (
    <Section
      title="What holds"
      aside={
        <span className="muted">the file with its defaults; secrets are the names of their variables</span>
      }
    >
      <div className="stack">
        <Filters>
          <SearchBox label="Find a key" value={q} onChange={setQ} />
        </Filters>
        {sections.length === 0 && <p className="muted">No key has “{q}” in its name.</p>}
        <dl className={styles.tree}>
          {sections.flatMap(({ lines }) =>
            lines.map(({ key, depth, name, value, heading }) => (
              <div key={key} className={styles.setting} data-heading={heading || undefined}>
                <dt title={key} style={{ paddingInlineStart: depth * 16 }}>
                  {name}
                </dt>
                <dd>{heading ? '' : valueText(value)}</dd>
              </div>
            )),
          )}
        </dl>
      </div>
    </Section>
  );
}
