import { didYouMean } from '../kernel/suggest.ts';

export const QUALITY_OPS = ['<=', '<', '>=', '>', '==', '!='] as const;
export type QualityOp = (typeof QUALITY_OPS)[number];

/** A limit on a reported metric, as `trainyard.yaml` has it, for example `mae <= 10`. */
export interface QualityRule {
  readonly metric: string;
  readonly op: QualityOp;
  readonly limit: number;
  /** As written. */
  readonly text: string;
}

export interface QualityResult {
  /** The rule's text. */
  readonly rule: string;
  readonly ok: boolean;
  /** Null: the job reported no such number. */
  readonly actual: number | null;
  readonly message: string;
}

/** What each rule says of a model's metrics, in order. A metric that is missing fails its rules. */
export function checkQuality(
  rules: readonly QualityRule[],
  metrics: Readonly<Record<string, number>> | null,
): QualityResult[] {
  return rules.map((rule) => {
    const { metric, text } = rule;
    const actual = metrics !== null && Object.hasOwn(metrics, metric) ? (metrics[metric] ?? null) : null;
    if (actual === null || !Number.isFinite(actual)) {
      return { rule: text, ok: false, actual: null, message: missing(rule, metrics ?? {}) };
    }
    const ok = holds(rule, actual);
    return {
      rule: text,
      ok,
      actual,
      message: `${metric} is ${actual}, ${ok ? 'within' : 'against'} ${text}`,
    };
  });
}

function holds({ op, limit }: QualityRule, actual: number): boolean {
  switch (op) {
    case '<=':
      return actual <= limit;
    case '<':
      return actual < limit;
    case '>=':
      return actual >= limit;
    case '>':
      return actual > limit;
    case '==':
      return actual === limit;
    case '!=':
      return actual !== limit;
  }
}

function missing({ metric, text }: QualityRule, metrics: Readonly<Record<string, number>>): string {
  const others = Object.keys(metrics).filter((name) => name !== metric);
  const near = didYouMean(metric, others);
  const known =
    others.length === 0 ? 'it reported no metrics' : (near ?? `it reported ${others.toSorted().join(', ')}`);
  return `the job reported no number ${metric}, so ${text} fails (${known})`;
}
