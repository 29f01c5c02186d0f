import styles from './new-scripts.module.css';
import type { Option } from './options.ts';
import { TextField } from './text-field.tsx';

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
      {options.map(({ name, flag, takers }) => (
        <TextField
          key={flag}
          id={`option-${name}`}
          label={flag}
          mono
          placeholder="its default"
          wrong={wrong[name]}
          help={takers === scripts ? undefined : `${takers} of ${scripts} take it`}
          value={values[name] ?? ''}
          onChange={(value) => onChange(name, value)}
        />
      ))}
    </div>
  );
}
