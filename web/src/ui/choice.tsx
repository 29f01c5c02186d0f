import { Button } from './button.tsx';
import styles from './choice.module.css';

/** One of a few ways to show the same, side by side. */
export const Choice = <T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly text: string }[];
  readonly onChange: (value: T) => void;
}) => (
  <div role="group" aria-label={label} className={styles.choice}>
    {options.map((option) => (
      <Button key={option.value} aria-pressed={value === option.value} onClick={() => onChange(option.value)}>
        {option.text}
      </Button>
    ))}
  </div>
);
