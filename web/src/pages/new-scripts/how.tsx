import type { Preview } from '../../scripts/index.ts';
import { CheckBox, SelectBox } from '../../ui/index.ts';
import styles from './new-scripts.module.css';
import type { Draft, Line, Switch } from './request.ts';
import { TextField } from './text-field.tsx';

interface HowProps {
  readonly draft: Draft;
  readonly wrong: Readonly<Record<string, string>>;
  /** What would hold, as the server says: until somebody touches a switch it shows that. */
  readonly holds: Preview['how'] | undefined;
  readonly set: (next: Partial<Draft>) => void;
}

/** How scripts run: what is asked for every day, and the rest on demand. */
export function How(props: HowProps) {
  const { draft, holds } = props;
  const parallel = draft.switches.parallel ?? holds?.parallel ?? false;
  const more = [
    ...LINES_BELOW.filter((name) => (draft.lines[name] ?? '').trim() !== ''),
    ...SWITCHES_BELOW.filter((name) => draft.switches[name] !== undefined),
    ...(draft.order === undefined ? [] : ['order']),
  ].length;
  const amiss = LINES_BELOW.filter((name) => props.wrong[name] !== undefined).length;
  return (
    <div className="stack">
      <div className={styles.checks}>
        <OnOff {...props} name="parallel" label="Several at once" />
        <OnOff {...props} name="allow_partial_success" label="One that succeeds is enough" />
      </div>
      <div className={styles.fields}>
        {parallel && (
          <Short
            {...props}
            name="max_workers"
            label="At most at once"
            placeholder={holds?.parallel === true ? String(holds.max_workers) : '4'}
          />
        )}
        <Short {...props} name="retries" label="Further attempts" placeholder={String(holds?.retries ?? 0)} />
        <Short
          {...props}
          name="timeout_min"
          label="Minutes per attempt"
          placeholder={holds?.timeout_s == null ? 'no limit' : String(holds.timeout_s / 60)}
        />
      </div>
      <details className={styles.more}>
        <summary>
          More
          <span className="muted">
            {amiss > 0
              ? `${amiss} to mend`
              : more > 0
                ? `${more} set`
                : 'order, memory, GPUs, what is left out'}
          </span>
        </summary>
        <More {...props} />
      </details>
    </div>
  );
}

const LINES_BELOW = ['exclude', 'memory', 'gpus', 'gpus_per_job'] as const satisfies readonly Line[];
const SWITCHES_BELOW = [
  'resume',
  'mark_discovered_optional',
  'no_auto_discover',
  'allow_discovery_overrides',
] as const satisfies readonly Switch[];

function More(props: HowProps) {
  const { draft, holds, set } = props;
  return (
    <div className="stack">
      <div className={styles.fields}>
        <Short
          {...props}
          name="exclude"
          label="All but these"
          placeholder="none"
          help="Ids, apart by commas."
        />
        <Short
          {...props}
          name="memory"
          label="Memory per job"
          placeholder={holds?.memory_limit_mib == null ? 'no limit' : `${holds.memory_limit_mib}M`}
          help="With all its processes: 512M, 4G."
        />
        <Short
          {...props}
          name="gpus"
          label="GPUs"
          placeholder={holds === undefined || holds.gpus.length === 0 ? 'none' : holds.gpus.join(',')}
          help="auto, how many, or a list such as 0,2."
        />
        <Short
          {...props}
          name="gpus_per_job"
          label="GPUs per job"
          placeholder={String(holds === undefined || holds.gpus_per_job === 0 ? 1 : holds.gpus_per_job)}
        />
      </div>
      <SelectBox
        label="Which begin"
        value={draft.order ?? holds?.order ?? 'longest'}
        all={null}
        options={[
          { value: 'longest', text: 'what took longest the last time' },
          { value: 'discovery', text: 'in the order they are found' },
        ]}
        onChange={(order) => set({ order })}
      />
      <div className={styles.checks}>
        <OnOff {...props} name="resume" label="Leave out what the last run finished, if it was interrupted" />
        <OnOff {...props} name="mark_discovered_optional" label="Scripts that were only found may fail" />
        {holds?.config != null && (
          <>
            <OnOff {...props} name="no_auto_discover" label={`Only what ${holds.config} defines`} />
            <OnOff
              {...props}
              name="allow_discovery_overrides"
              label={`What is found wins over ${holds.config}`}
            />
          </>
        )}
      </div>
    </div>
  );
}

function OnOff({
  draft,
  holds,
  set,
  name,
  label,
}: HowProps & { readonly name: Switch; readonly label: string }) {
  const held = name === 'resume' ? false : holds?.[name];
  return (
    <CheckBox
      label={label}
      checked={draft.switches[name] ?? held ?? false}
      onChange={(on) => set({ switches: { ...draft.switches, [name]: on } })}
    />
  );
}

function Short({
  draft,
  wrong,
  set,
  name,
  label,
  placeholder,
  help,
}: HowProps & {
  readonly name: Line;
  readonly label: string;
  readonly placeholder: string;
  readonly help?: string;
}) {
  return (
    <TextField
      id={`how-${name}`}
      label={label}
      placeholder={placeholder}
      decimal={name !== 'exclude' && name !== 'memory' && name !== 'gpus'}
      wrong={wrong[name]}
      help={help}
      value={draft.lines[name] ?? ''}
      onChange={(text) => set({ lines: { ...draft.lines, [name]: text } })}
    />
  );
}
