import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { scriptRunPath } from '../../paths.ts';
import { allScriptsQuery, startScripts } from '../../scripts/index.ts';
import type { ScriptRow } from '../../scripts/index.ts';
import {
  Button,
  Command,
  Empty,
  ErrorNotice,
  Page,
  Section,
  Skeleton,
  plural,
  toast,
} from '../../ui/index.ts';
import { How } from './how.tsx';
import styles from './new-scripts.module.css';
import { OptionFields } from './option-fields.tsx';
import { optionsOf } from './options.ts';
import { Preview, usePreview } from './preview.tsx';
import { EMPTY, askedBy } from './request.ts';
import type { Draft } from './request.ts';
import { ScriptChoice } from './script-choice.tsx';

const route = getRouteApi('/scripts/new');

/** A form out of what the scripts declare: some of them with some settings, or a sweep. */
export function NewScriptsPage() {
  const { data: scripts, error, refetch } = useQuery(allScriptsQuery);
  return (
    <Page title="Run scripts">
      {error !== null && <ErrorNotice error={error} retry={() => void refetch()} />}
      {scripts === undefined ? (
        error === null && <Skeleton lines={8} height={24} />
      ) : scripts.length === 0 ? (
        <Empty title="No training script here.">
          <p>Every file called train_*.py below the project is found.</p>
          <Command text="trainyard scripts --list" />
        </Empty>
      ) : (
        <Form scripts={scripts} />
      )}
    </Page>
  );
}

function Form({ scripts }: { readonly scripts: readonly ScriptRow[] }) {
  const { only: named } = route.useSearch();
  const navigate = useNavigate({ from: '/scripts/new' });
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>(EMPTY);
  const set = (next: Partial<Draft>): void => setDraft((before) => ({ ...before, ...next }));
  // Which scripts is for the address to say, so that one can be sent to run them.
  // One that is not there any more stays among them, for the server to refuse: none at all would mean every one.
  const only = useMemo(() => idsOf(named), [named]);
  const options = useMemo(
    () => optionsOf(only.length === 0 ? scripts : scripts.filter(({ id }) => only.includes(id))),
    [only, scripts],
  );
  const { request, wrong } = useMemo(() => askedBy({ ...draft, only }, options), [draft, only, options]);
  const readable = Object.keys(wrong).length === 0;
  const { preview, awaited } = usePreview(request, readable);
  // While the server refuses what is asked, what it said before still holds for the rest.
  const [holds, setHolds] = useState(preview.data?.how);
  useEffect(() => {
    if (preview.data !== undefined) setHolds(preview.data.how);
  }, [preview.data]);
  const starting = useMutation({
    mutationFn: () => startScripts(request),
    onSuccess: async ({ number }) => {
      toast(`Run ${number} of scripts is started.`);
      await queries.invalidateQueries({ queryKey: ['runs'] });
    },
  });
  // What is shown may be of an older request, and must not be taken for this one.
  const total = readable && !awaited ? preview.data?.total : undefined;
  /** Out of those that were chosen last, which the page may not show yet. */
  const choose = (next: (before: readonly string[]) => readonly string[]): void =>
    void navigate({
      search: (before) => {
        const ids = next(idsOf(before.only));
        return { only: ids.length === 0 ? undefined : ids.join(',') };
      },
      replace: true,
      resetScroll: false,
    });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        // Whoever has gone elsewhere meanwhile stays there.
        starting.mutate(undefined, {
          onSuccess: ({ number }) => void navigate({ to: scriptRunPath(number) }),
        });
      }}
    >
      <Section title="Which scripts">
        <ScriptChoice scripts={scripts} only={only} onChange={choose} />
      </Section>
      <Section
        title="What they are given"
        aside={<span className="muted">several values, as 10, 20 or 1..5, make a job for each</span>}
      >
        <OptionFields
          options={options}
          scripts={only.length === 0 ? scripts.length : only.length}
          values={draft.values}
          wrong={wrong}
          onChange={(name, value) => set({ values: { ...draft.values, [name]: value } })}
        />
      </Section>
      <Section
        title="How they run"
        aside={<span className="muted">what you do not touch is as in trainyard.yaml</span>}
      >
        <How draft={draft} wrong={wrong} holds={holds} set={set} />
      </Section>
      <Section title="What this makes">
        <div className="stack">
          <Preview preview={preview} readable={readable} />
          {starting.isError && <ErrorNotice error={starting.error} />}
          <div>
            <Button
              type="submit"
              kind="primary"
              needs="operator"
              busy={starting.isPending || awaited}
              disabled={!readable || preview.isError || total === 0}
            >
              {total === undefined ? 'Run' : `Run ${plural(total, 'job')}`}
            </Button>
          </div>
        </div>
      </Section>
    </form>
  );
}

/** Ids as they stand in an address. */
const idsOf = (named: string | undefined): readonly string[] =>
  (named ?? '').split(',').filter((id) => id !== '');
