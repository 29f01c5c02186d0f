/** How the kinds of values in trainyard.yaml are read. */
import { z } from 'zod';
import { parseDuration } from '../kernel/duration.ts';
import { kindOf, show } from '../kernel/findings.ts';
import type { Refuse } from '../kernel/findings.ts';
import { field } from '../kernel/schema-field.ts';

/** A duration such as `30s`, in seconds. `least_s` keeps out values that make no sense. */
export const duration = (fallback: string, description: string, least_s = 0.001) =>
  field<number>((value, refuse) => readDuration(value, refuse, fallback, least_s), {
    description,
    type: 'string',
    pattern: '^([0-9]+(\\.[0-9]+)?(ms|[smhdw]))+$',
    default: fallback,
  }).prefault(fallback);

/** A duration, or `never` (and nothing at all): null. */
export const durationOrNever = (fallback: string, description: string) =>
  field<number | null>(
    (value, refuse) =>
      value === null || value === 'never'
        ? null
        : readDuration(value, refuse, fallback === 'never' ? '30d or never' : `${fallback} or never`, 0.001),
    {
      description,
      type: 'string',
      pattern: '^(never|([0-9]+(\\.[0-9]+)?(ms|[smhdw]))+)$',
      default: fallback,
    },
  ).prefault(fallback);

function readDuration(value: unknown, refuse: Refuse, example: string, least_s: number): number | undefined {
  const seconds = typeof value === 'string' ? parseDuration(value) : null;
  if (seconds === null) {
    const hint =
      typeof value === 'number'
        ? `Write a unit: ${value}s, ${value}m or ${value}h.`
        : 'Write a number and a unit, for example 30s, 5m, 4h or 30d.';
    return refuse(`must be a duration, is ${show(value)}`, hint);
  }
  if (seconds >= least_s) return seconds;
  return refuse(`must be longer than ${show(value)}`, `Write something like ${example}.`);
}

/** A share: `30%` or 0.3. */
export const share = (fallback: string, description: string) =>
  field<number>(
    (value, refuse) => {
      const percent = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(value) : null;
      const fraction = percent === null ? value : Number(percent[1]) / 100;
      if (typeof fraction === 'number' && fraction >= 0 && fraction <= 1) return fraction;
      const hint =
        typeof value === 'number' && value > 1 && value <= 100 ? `Write ${value}%.` : 'Write 30% or 0.3.';
      return refuse(`must be a share from 0% to 100%, is ${show(value)}`, hint);
    },
    { description, type: ['string', 'number'], default: fallback, examples: ['30%', 0.3] },
  ).prefault(fallback);

/** A number within bounds. */
export const number = (fallback: number, description: string, least: number, most: number) =>
  z.number().min(least).max(most).default(fallback).meta({ description });

/** A whole number within bounds. */
export const count = (fallback: number, description: string, least = 0, most = 1_000_000) =>
  z.int().min(least).max(most).default(fallback).meta({ description });

/** `auto` or a number of workers. */
export const workers = (description: string) =>
  field<number | 'auto'>(
    (value, refuse) => {
      if (
        value === 'auto' ||
        (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 10_000)
      )
        return value;
      return refuse(
        `must be auto or a whole number from 1, is ${show(value)}`,
        'Write auto or a number such as 4.',
      );
    },
    {
      description,
      type: ['integer', 'string'],
      pattern: '^auto$',
      minimum: 1,
      maximum: 10_000,
      default: 'auto',
    },
  ).prefault('auto');

/** Text that is not empty. */
export const words = (fallback: string, description: string) =>
  filled(description, fallback).prefault(fallback);

/** The same without a default. */
export const filled = (description: string, fallback?: string) =>
  field<string>(
    (value, refuse) => {
      if (typeof value !== 'string') return refuse(`must be text, is ${kindOf(value)}`, quoted(value));
      return value.trim() === ''
        ? refuse('is empty', 'Write a value, or leave the key out for the default.')
        : value;
    },
    { description, type: 'string', ...(fallback === undefined ? {} : { default: fallback }) },
  );

const quoted = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'boolean' ? `Put it in quotes: "${value}".` : 'Write text.';

export const QUALITY_OPS = ['<=', '<', '>=', '>', '==', '!='] as const;

/** A limit on a reported metric. */
export interface QualityRule {
  readonly metric: string;
  readonly op: (typeof QUALITY_OPS)[number];
  readonly limit: number;
  /** As written. */
  readonly text: string;
}

const RULE =
  /^\s*([^\s<>=!](?:[^<>=!]*[^\s<>=!])?)\s*(<=|>=|==|!=|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*$/;

export const qualityRule = field<QualityRule>(
  (value, refuse) => {
    const parts = typeof value === 'string' ? RULE.exec(value) : null;
    const op = QUALITY_OPS.find((known) => known === parts?.[2]);
    if (parts === null || op === undefined) {
      return refuse(
        `must be a limit on a metric, is ${show(value)}`,
        'Write metric, comparison and number, for example: mae <= 10.',
      );
    }
    return { metric: parts[1] ?? '', op, limit: Number(parts[3]), text: String(value).trim() };
  },
  {
    description: 'A limit on a reported metric, for example `mae <= 10`.',
    type: 'string',
    examples: ['mae <= 10'],
  },
);
