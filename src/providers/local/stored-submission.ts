import type { Submission } from '../../jobs/compute.ts';
import type { RunBook } from './books.ts';
import type { LedgerLine, StoredSubmission } from './facts.ts';

/** What a ledger needs to hold before these submissions: components and environments stand once per ledger. */
export function newAssets(book: RunBook, submissions: readonly Submission[]): LedgerLine[] {
  const lines: LedgerLine[] = [];
  const seen = new Set([...book.components.keys(), ...book.environments.keys()]);
  for (const { component, environment } of submissions) {
    if (!seen.has(component.digest))
      lines.push({ e: 'component', digest: component.digest, value: component });
    seen.add(component.digest);
    if (environment === null || seen.has(environment.digest)) continue;
    lines.push({ e: 'environment', digest: environment.digest, value: environment });
    seen.add(environment.digest);
  }
  return lines;
}

/** A submission as a ledger holds it. */
export function store(submission: Submission): StoredSubmission {
  return {
    ...submission,
    component: submission.component.digest,
    environment: submission.environment?.digest ?? null,
  };
}

/** The submission again; null when the ledger lost what it refers to. */
export function restore(book: RunBook, stored: StoredSubmission): Submission | null {
  const component = book.components.get(stored.component);
  const environment = stored.environment === null ? null : book.environments.get(stored.environment);
  if (component === undefined || environment === undefined) return null;
  // The rest is as `store` wrote it.
  return { ...stored, component, environment } as unknown as Submission;
}
