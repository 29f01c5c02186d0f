import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useList } from '../../api/list.ts';
import { betterBy, inOrder } from '../../metrics/differences.ts';
import { Dialog, Prose, Tabs, count } from '../../ui/index.ts';
import type { Tab } from '../../ui/index.ts';
import styles from './approval-page.module.css';
import { fetchSubjects, subjectsKey } from './approval-data.ts';
import type { ApprovalView, Verdict } from './approval-data.ts';
import { kindOf } from './consequences.ts';
import { DecideBar } from './decide-bar.tsx';
import { DecideDialog } from './decide-dialog.tsx';
import type { Intent } from './decide-dialog.tsx';
import { FailureGroups, RetryOutlook } from './failure-groups.tsx';
import { KeysDialog } from './keys-dialog.tsx';
import { useGathering } from './gathering.ts';
import { changeSelection, useSelection } from './kept-selection.ts';
import { useKeys, useKeysSwitch } from './keys.ts';
import { NOTHING, add, extend, toggle } from './selection.ts';
import type { Selection } from './selection.ts';
import { SubjectDetail } from './subject-detail.tsx';
import { SubjectFilters } from './subject-filters.tsx';
import { SubjectTable } from './subject-table.tsx';
import type { Cursor } from './subject-table.tsx';
import { Votes } from './votes.tsx';

const route = getRouteApi('/approvals/$approval');
type TabName = 'causes' | 'subjects' | 'history';

/** The subjects of a request: look, choose, decide. What is chosen stays chosen, whatever happens to the list meanwhile. */
export function Deciding({
  approval,
  refusal,
}: {
  readonly approval: ApprovalView;
  readonly refusal: string | null;
}) {
  const { q, held, verdict, metric, sort, tab } = route.useSearch();
  const navigate = useNavigate({ from: '/approvals/$approval' });
  const kind = kindOf(approval.stage);
  const first: TabName = kind === 'failures' ? 'causes' : 'subjects';
  // Who follows a link to causes where there are none is not led to an empty page.
  const shownTab = tab === undefined || (tab === 'causes' && kind !== 'failures') ? first : tab;
  const showTab = (next: TabName): void =>
    void navigate({
      search: (before) => ({ ...before, tab: next === first ? undefined : next }),
      replace: true,
    });

  const key = [...subjectsKey(approval.id), q, held, verdict, metric, sort];
  const list = useList(key, (cursor, signal) =>
    fetchSubjects(approval.id, { q, held, verdict, metric, sort }, cursor, signal),
  );
  const { rows } = list;
  const rules = useMemo(() => [...new Set(rows.flatMap((row) => row.quality.map((r) => r.rule)))], [rows]);
  const better = useMemo(() => betterBy(rules), [rules]);
  const metrics = useMemo(() => inOrder(list.last?.metrics ?? [], rules), [list.last, rules]);

  const selection = useSelection(approval.id);
  const setSelection = (change: (before: Selection) => Selection): void =>
    changeSelection(approval.id, change);
  const [cursor, setCursor] = useState<Cursor | null>(null);
  const [intent, setIntent] = useState<Intent | null>(null);
  const [looking, setLooking] = useState(false);
  const [keysShown, setKeysShown] = useState(false);
  const [keysOn, setKeysOn] = useKeysSwitch();
  const gathering = useGathering(key, list, (all) => setSelection((before) => add(before, all)));
  const clear = (): void => {
    gathering.stop();
    setSelection(() => NOTHING);
  };

  const at = cursor === null ? -1 : rows.findIndex((row) => row.subject === cursor.subject);
  const current = rows[at] ?? null;
  const move = (by: number): void => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    if (next !== undefined)
      setCursor((before) => ({ subject: next.subject, moved: (before?.moved ?? 0) + 1 }));
  };
  const decide = (what: Verdict, names?: readonly string[]): void => {
    const chosen: Selection =
      names !== undefined
        ? { names: new Set(names), anchor: null }
        : selection.names.size > 0 || current === null
          ? selection
          : toggle(NOTHING, current.subject);
    if (refusal !== null || chosen.names.size === 0) return;
    setIntent({ verdict: what, names: [...chosen.names] });
  };

  useKeys(keysOn && shownTab === 'subjects', {
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    x: () => {
      if (current !== null) setSelection((before) => toggle(before, current.subject));
    },
    X: () => {
      if (current !== null)
        setSelection((before) =>
          extend(
            before,
            current.subject,
            rows.map((row) => row.subject),
          ),
        );
    },
    Enter: () => setLooking(current !== null),
    Escape: clear,
    a: () => decide('approve'),
    h: () => decide('hold'),
    r: () => decide('reject'),
    '?': () => setKeysShown(true),
  });

  const detail = current !== null && (
    <SubjectDetail
      subject={current}
      kind={kind}
      rehearsal={approval.rehearsal}
      metrics={metrics}
      better={better}
    />
  );
  const subjects = (
    <>
      <SubjectFilters kind={kind} search={{ q, held, verdict, metric }} onFilter={gathering.stop} />
      <DecideBar
        selection={selection}
        hasCurrent={current !== null}
        refusal={refusal}
        gathering={gathering.on}
        total={list.outdated ? undefined : list.last?.total}
        filtered={[q, held, verdict, metric].some((each) => each !== undefined)}
        onDecide={decide}
        onAll={gathering.start}
        onClear={clear}
        onKeys={() => setKeysShown(true)}
      />
      <div className={styles.split} data-side={(kind !== 'environments' && rows.length > 0) || undefined}>
        <div className={styles.table}>
          <SubjectTable
            kind={kind}
            list={list}
            metrics={metrics}
            better={better}
            selection={selection}
            cursor={cursor}
            currentIndex={at}
            sort={sort}
            onSort={(next) =>
              void navigate({ search: (before) => ({ ...before, sort: next }), replace: true })
            }
            onChoose={(name, range) =>
              setSelection((before) =>
                range
                  ? extend(
                      before,
                      name,
                      rows.map((row) => row.subject),
                    )
                  : toggle(before, name),
              )
            }
            onLook={(subject) => {
              setCursor((before) => ({ subject, moved: before?.moved ?? 0 }));
              // Where there is no room beside the table, it opens over it.
              if (!window.matchMedia('(width >= 1280px)').matches) setLooking(true);
            }}
          />
        </div>
        <aside className={styles.side} aria-label="The current row">
          {detail === false ? <p className="muted">Choose a row to see all that is known of it.</p> : detail}
        </aside>
      </div>
    </>
  );

  const tabs: Tab<TabName>[] = [
    ...(kind === 'failures'
      ? [
          {
            value: 'causes' as const,
            label: 'By cause',
            content: (
              <>
                <RetryOutlook approval={approval} />
                {refusal !== null && (
                  <p className={styles.refusal}>
                    <Prose text={refusal} />
                  </p>
                )}
                <FailureGroups
                  approval={approval}
                  refusal={refusal}
                  onDecide={decide}
                  onChoose={(circuits) => {
                    setSelection((before) => add(before, circuits));
                    showTab('subjects');
                  }}
                />
              </>
            ),
          },
        ]
      : []),
    { value: 'subjects', label: `${NOUNS[kind]} (${count(totalOf(approval))})`, content: subjects },
    {
      value: 'history',
      label: `History (${count(approval.votes.length)})`,
      content: <Votes approval={approval} />,
    },
  ];
  return (
    <>
      <Tabs label="Parts of the request" value={shownTab} onChange={showTab} tabs={tabs} />
      <DecideDialog approval={approval} intent={intent} list={list} onClose={() => setIntent(null)} />
      <Dialog open={looking && detail !== false} onClose={() => setLooking(false)} title="The current row">
        {detail}
      </Dialog>
      <KeysDialog open={keysShown} onClose={() => setKeysShown(false)} on={keysOn} onSwitch={setKeysOn} />
    </>
  );
}

const NOUNS = {
  models: 'Models',
  failures: 'Circuits',
  environments: 'Environments',
  other: 'Subjects',
} as const;

const totalOf = ({ counts: { pending, approve, hold, reject } }: ApprovalView): number =>
  pending + approve + hold + reject;
