import { Field } from '../../ui/index.ts';
import styles from './new-scripts.module.css';
import type { Option } from './request.ts';

/** A field for each option that one of the chosen scripts declares. */
export function OptionFields({
  options,
  scripts,
  values,
  wrong,
  onChange,
}: {
  readonly options: readonly Option[];
  /** How many are chosen. */
  readonly scripts: number;
  readonly values: Readonly<Record<string, string>>;
  readonly wrong: Readonly<Record<string, string>>;
  readonly onChange: (name: string, value: string) => void;
}) {
  if (options.length === 0)
    return <p className="muted">None of these scripts declares an option that can be given a value.</p>;
  return (
    <div className={styles.fields}>
      {options.map(({ name, flag, takers }) => {
        const id = `option-${name}`;
        const problem = wrong[name];
        const takes = takers === scripts ? '' : `${takers} of ${scripts} take it`;
        return (
          <Field key={flag} label={flag} htmlFor={id} help={problem ?? (takes === '' ? undefined : takes)}>
            <input
              id={id}
              type="text"
              className="mono"
              autoComplete="off"
              spellCheck={false}
              placeholder="its default"
              maxLength={2000}
              aria-invalid={problem !== undefined || undefined}
              value={values[name] ?? ''}
              onChange={(event) => onChange(name, event.target.value)}
            />
          </Field>
        );
      })}
    </div>
  );
}
