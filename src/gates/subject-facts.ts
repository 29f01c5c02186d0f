import { z } from 'zod';
import { nextTurn } from '../kernel/clock.ts';
import { UsageError } from '../kernel/errors.ts';
import type { Db } from '../store/index.ts';
import { Verdict } from './types.ts';

const Numbers = z.record(z.string(), z.number());
/** What stages put beside a subject, as far as lists are sorted and filtered by it. */
const Detail = z.object({
  held_because: z.string().nullish().catch(null),
  metrics: Numbers.nullish().catch(null),
  current: z
    .object({ metrics: Numbers.nullish().catch(null) })
    .nullish()
    .catch(null),
});

/** The numbers of a subject. They never change once it was asked about. */
export interface SubjectFacts {
  readonly subject: string;
  /** A quality gate holds it back. */
  readonly held: boolean;
  readonly metrics: Readonly<Record<string, number>>;
  /** Of the model in use now; null: there is none. */
  readonly current: Readonly<Record<string, number>> | null;
}

/** All subjects of a request in order of their names, whatever their number; others have their turn meanwhile. */
export async function subjectFacts(db: Db, approval_id: string): Promise<SubjectFacts[]> {
  const facts: SubjectFacts[] = [];
  for (let after = ''; ;) {
    const rows = await db
      .selectFrom('approval_subjects')
      .select(['subject', 'detail'])
      .where('approval_id', '=', approval_id)
      .where('subject', '>', after)
      .orderBy('subject')
      .limit(PAGE)
      .execute();
    for (const row of rows) {
      const detail = Detail.parse(JSON.parse(row.detail));
      facts.push({
        subject: row.subject,
        held: detail.held_because != null,
        metrics: detail.metrics ?? {},
        current: detail.current == null ? null : (detail.current.metrics ?? {}),
      });
    }
    after = rows.at(-1)?.subject ?? '';
    if (rows.length < PAGE) return facts;
    await nextTurn();
  }
}

const PAGE = 500;

/** A number of a subject: a metric of the candidate, or by how much it differs from the current model's. */
export interface SubjectNumber {
  readonly of: 'metric' | 'change';
  readonly name: string;
}

/** Null: it has no such number. */
export function numberOf({ metrics, current }: SubjectFacts, { of, name }: SubjectNumber): number | null {
  const candidate = Object.hasOwn(metrics, name) ? (metrics[name] ?? null) : null;
  if (of === 'metric' || candidate === null) return candidate;
  const before = current !== null && Object.hasOwn(current, name) ? (current[name] ?? null) : null;
  return before === null ? null : candidate - before;
}

/** `mae` or `change.mae`. */
export const parseNumber = (text: string): SubjectNumber =>
  text.startsWith('change.')
    ? { of: 'change', name: text.slice('change.'.length) }
    : { of: 'metric', name: text };

/** Which subjects are meant; what is left out holds for all. */
export interface SubjectFilter {
  /** Part of the name, in any case. */
  readonly q?: string | undefined;
  readonly held?: boolean | undefined;
  /** Conditions on numbers, such as `mae<=10, change.mae<0`; one that a subject lacks does not hold. */
  readonly metric?: string | undefined;
}

/** Whether a subject is meant. @throws UsageError for a condition that cannot be read */
export function subjectMatcher(filter: SubjectFilter): (facts: SubjectFacts) => boolean {
  const conditions = filter.metric === undefined ? [] : parseConditions(filter.metric);
  const part = filter.q?.toLowerCase();
  return (facts) =>
    (part === undefined || facts.subject.toLowerCase().includes(part)) &&
    (filter.held === undefined || facts.held === filter.held) &&
    conditions.every(({ number, op, limit }) => {
      const value = numberOf(facts, number);
      return value !== null && HOLDS[op](value, limit);
    });
}

const HOLDS = {
  '<=': (a: number, b: number) => a <= b,
  '>=': (a: number, b: number) => a >= b,
  '<': (a: number, b: number) => a < b,
  '>': (a: number, b: number) => a > b,
} as const;
const Op = z.enum(['<=', '>=', '<', '>']);

function parseConditions(text: string): { number: SubjectNumber; op: z.infer<typeof Op>; limit: number }[] {
  return text.split(',').map((each) => {
    const [, name, op, limit] =
      /^\s*([^\s<>=][^<>=]*?)\s*(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?(?:e-?\d{1,3})?)\s*$/i.exec(each) ?? [];
    const parsed = Op.safeParse(op);
    if (name === undefined || limit === undefined || !parsed.success)
      throw new UsageError(`${JSON.stringify(each.trim())} is no condition on a metric.`, {
        hint: 'Write it as mae<=10, or change.mae<0 for the difference to the current model; several with commas.',
      });
    return { number: parseNumber(name), op: parsed.data, limit: Number(limit) };
  });
}

/** Subjects with one of the verdicts that are meant, as they stand now, and which of them a quality gate holds back. */
export async function subjectsMatching(
  db: Db,
  approval_id: string,
  filter: SubjectFilter & { readonly verdict: Verdict },
): Promise<SubjectFacts[]> {
  const matches = subjectMatcher(filter);
  const facts = (await subjectFacts(db, approval_id)).filter(matches);
  const verdicts = await verdictsNow(db, approval_id);
  return facts.filter((f) => verdicts.get(f.subject) === filter.verdict);
}

/** How each subject of a request stands now. */
export async function verdictsNow(db: Db, approval_id: string): Promise<Map<string, Verdict>> {
  const rows = await db
    .selectFrom('approval_subjects')
    .select(['subject', 'verdict'])
    .where('approval_id', '=', approval_id)
    .execute();
  return new Map(rows.map((r) => [r.subject, Verdict.parse(r.verdict)]));
}
