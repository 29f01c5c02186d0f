import { Field } from '../../ui/index.ts';

/** A line of text below its label; what is wrong with it stands below, else what helps. */
export function TextField({
  id,
  label,
  placeholder,
  wrong,
  help,
  mono = false,
  decimal = false,
  value,
  onChange,
}: {
  readonly id: string;
  readonly label: string;
  readonly placeholder: string;
  readonly wrong: string | undefined;
  readonly help?: string | undefined;
  readonly mono?: boolean;
  /** Telephones offer digits. */
  readonly decimal?: boolean;
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const told = wrong ?? help;
  return (
    <Field
      label={label}
      htmlFor={id}
      help={told === undefined ? undefined : <span id={`${id}-help`}>{told}</span>}
    >
      <input
        id={id}
        type="text"
        inputMode={decimal ? 'decimal' : undefined}
        className={mono ? 'mono' : undefined}
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        maxLength={2000}
        aria-invalid={wrong !== undefined || undefined}
        aria-describedby={told === undefined ? undefined : `${id}-help`}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}
