import { useId, useState } from 'react';
import { usePlanning } from '../../api/plans.ts';
import type { PlanRequest } from '../../api/plans.ts';
import { Button, CheckBox, ErrorNotice, Field } from '../../ui/index.ts';
import { circuitsText, readCircuits } from './circuits-text.ts';
import styles from './plan.module.css';

/** The options of a plan. `from`: those of the plan that is to be made anew. */
export function PlanForm({ from = {} }: { readonly from?: PlanRequest }) {
  const id = useId();
  const [circuits, setCircuits] = useState(circuitsText(from.circuits ?? []));
  const [detection, setDetection] = useState<Detection>(from.detection ?? 'auto');
  const [base, setBase] = useState(from.base_ref ?? '');
  const [ifChanged, setIfChanged] = useState(from.if_changed ?? false);
  const [includeFailed, setIncludeFailed] = useState(from.include_failed ?? false);
  const chosen = readCircuits(circuits);
  const planning = usePlanning();
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        planning.plan({
          circuits: chosen,
          detection,
          base_ref: detection === 'hash' || base.trim() === '' ? null : base.trim(),
          if_changed: ifChanged,
          include_failed: includeFailed,
        });
      }}
    >
      <Field
        label="Circuits"
        htmlFor={`${id}-circuits`}
        help={
          chosen.length === 0
            ? 'Empty: the whole fleet, and what changed is trained. Else ids, plant/circuit or globs such as seattle_*, apart by spaces or commas.'
            : `${chosen.length.toLocaleString('en')} named. They are trained whether they changed or not, unless told below.`
        }
      >
        <textarea
          id={`${id}-circuits`}
          rows={3}
          className="mono"
          spellCheck={false}
          placeholder="the whole fleet"
          value={circuits}
          onChange={(event) => setCircuits(event.target.value)}
        />
      </Field>
      <fieldset className={styles.choices}>
        <legend>What counts as changed</legend>
        {DETECTIONS.map(({ value, name, help }) => (
          <label key={value} className={styles.choice}>
            <input
              type="radio"
              name={`${id}-detection`}
              checked={detection === value}
              onChange={() => setDetection(value)}
            />
            <span>
              {name} <span className="muted">{help}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {detection !== 'hash' && (
        <Field
          label={detection === 'git' ? 'Compare with' : 'Compare with (optional)'}
          htmlFor={`${id}-base`}
          help="A branch, tag or commit of the project's repository."
        >
          <input
            id={`${id}-base`}
            type="text"
            className={`mono ${styles.base}`}
            placeholder="origin/main"
            required={detection === 'git'}
            maxLength={300}
            value={base}
            onChange={(event) => setBase(event.target.value)}
          />
        </Field>
      )}
      <div className={styles.checks}>
        <CheckBox
          label="Of the named circuits only those that changed"
          checked={ifChanged}
          onChange={setIfChanged}
        />
        <CheckBox
          label="Train again at once what failed, without the retry gate"
          checked={includeFailed}
          onChange={setIncludeFailed}
        />
      </div>
      {planning.isError && <ErrorNotice error={planning.error} />}
      <div>
        <Button type="submit" needs="operator" kind="primary" busy={planning.isPending}>
          {planning.isPending ? 'Planning …' : 'Make the plan'}
        </Button>
      </div>
    </form>
  );
}

type Detection = NonNullable<PlanRequest['detection']>;

const DETECTIONS: readonly { readonly value: Detection; readonly name: string; readonly help: string }[] = [
  { value: 'auto', name: 'As the project is set', help: 'against a commit where one is known, else by hash' },
  { value: 'hash', name: 'By hash', help: 'every circuit against its good model' },
  { value: 'git', name: 'By git', help: 'the fleet at a commit against the fleet now' },
];
