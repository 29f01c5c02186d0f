import type { DeliveryView, HookView } from '../../views/index.ts';
import { paint } from './style.ts';
import { table } from './table.ts';

const SYMBOLS = {
  waiting: ['…', 'yellow'],
  started: ['✓', 'green'],
  nothing: ['–', 'gray'],
  merged: ['+', 'green'],
  ignored: ['·', 'gray'],
  failed: ['✗', 'red'],
} as const;

export const hookTable = (hooks: readonly HookView[]): string =>
  table(hooks, [
    { title: 'name', value: (h) => h.name },
    { title: 'sender', value: (h) => h.sender ?? paint('gray', 'gone from trainyard.yaml') },
    { title: 'called at', value: (h) => h.url ?? h.path },
    { title: 'for', value: forWhat },
    { title: 'waiting', value: (h) => (h.waiting === 0 ? '' : String(h.waiting)), align: 'right' },
    { title: 'last', value: ({ last }) => (last === null ? 'not yet' : lastOf(last)) },
  ]);

/** What keeps hooks from working, and why the last call of one came to nothing: too long for a table. */
export const hookRemarks = (hooks: readonly HookView[]): string[] =>
  hooks.flatMap(({ name, sender, enabled, secret_problem, last }) => [
    ...(sender === null || enabled ? [] : [`${name} is not enabled: it takes nothing.`]),
    ...(sender === null || secret_problem === null ? [] : [`${name} takes nothing here: ${secret_problem}.`]),
    ...(last?.outcome === 'failed' ? [`${name}: ${last.message}`] : []),
  ]);

function forWhat({ events, branches }: HookView): string {
  const parts = [
    events?.join(', ') ?? 'all events',
    ...(branches === null ? [] : [`on ${branches.join(', ')}`]),
  ];
  return parts.join(' ');
}

function lastOf({ outcome, run_number, received_at }: DeliveryView): string {
  const [symbol, colour] = SYMBOLS[outcome];
  const what = run_number === null ? outcome : `run ${run_number}`;
  return `${paint(colour, `${symbol} ${what}`)} at ${received_at.slice(0, 16)}Z`;
}

export const deliveryTable = (deliveries: readonly DeliveryView[]): string =>
  table(deliveries, [
    { title: 'id', value: (d) => d.id },
    { title: 'received', value: (d) => `${d.received_at.slice(0, 19)}Z` },
    { title: 'event', value: (d) => d.event ?? '' },
    { title: 'branch', value: (d) => d.branch ?? '' },
    { title: 'outcome', value: (d) => paint(SYMBOLS[d.outcome][1], `${SYMBOLS[d.outcome][0]} ${d.outcome}`) },
    { title: 'run', value: (d) => (d.run_number === null ? '' : String(d.run_number)), align: 'right' },
    { title: '', value: (d) => d.message },
  ]);
