import { useNavigate } from '@tanstack/react-router';
import { Filters, SearchBox, SelectBox } from '../../ui/index.ts';
import type { SubjectFilter } from './approval-data.ts';
import type { Kind } from './consequences.ts';

/** What of the subjects is shown; in the address, so that a view can be passed on. */
export function SubjectFilters({
  kind,
  search,
  onFilter,
}: {
  readonly kind: Kind;
  readonly search: SubjectFilter;
  readonly onFilter: () => void;
}) {
  const navigate = useNavigate({ from: '/approvals/$approval' });
  const filter = (next: SubjectFilter): void => {
    onFilter();
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  };
  return (
    <Filters>
      <SearchBox
        label={kind === 'models' ? 'Find models' : kind === 'failures' ? 'Find circuits' : 'Find'}
        value={search.q ?? ''}
        onChange={(q) => filter({ q: q === '' ? undefined : q })}
      />
      {kind === 'models' && (
        <SelectBox
          label="Quality gates"
          value={search.held}
          options={[
            { value: 'true', text: 'held back' },
            { value: 'false', text: 'passed' },
          ]}
          onChange={(held) => filter({ held })}
        />
      )}
      <SelectBox
        label="Verdict"
        value={search.verdict}
        options={[
          { value: 'pending', text: 'open' },
          { value: 'approve', text: 'approved' },
          { value: 'hold', text: 'held' },
          { value: 'reject', text: 'rejected' },
        ]}
        onChange={(verdict) => filter({ verdict })}
      />
      {kind === 'models' && (
        <SearchBox
          label="Condition on metrics"
          placeholder="mae<=5, change.mae<0"
          value={search.metric ?? ''}
          onChange={(metric) => filter({ metric: metric === '' ? undefined : metric })}
        />
      )}
    </Filters>
  );
}
