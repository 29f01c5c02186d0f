/**
 * Measures what Trainyard promises: `node bench/bench.ts [SUITE ...] [--quick]`; the suites stand below.
 * Prints a table, writes everything to bench/results/latest.json.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from './figures.ts';
import type { SuiteResult } from './figures.ts';
import { benchApi } from './api.ts';
import { benchApprovals } from './approvals.ts';
import { benchBusy } from './busy.ts';
import { benchFleetPage } from './fleet-page.ts';
import { benchIdle } from './idle.ts';
import { benchJobs } from './jobs.ts';
import { describeMachine, findTools, load } from './machine.ts';
import type { Tools } from './machine.ts';
import { benchPlan } from './plan.ts';
import { benchNotifications } from './notifications.ts';
import { removeScratch } from './project.ts';
import { benchPrune } from './prune.ts';
import { benchScripts } from './scripts.ts';
import { benchServe } from './serve.ts';
import { benchSimulated } from './simulated.ts';
import { benchStreams } from './streams.ts';

const SUITES: Readonly<Record<string, (tools: Tools, quick: boolean) => Promise<SuiteResult>>> = {
  plan: benchPlan,
  jobs: benchJobs,
  simulated: benchSimulated,
  idle: benchIdle,
  scripts: benchScripts,
  approvals: benchApprovals,
  notifications: benchNotifications,
  prune: benchPrune,
  streams: benchStreams,
  serve: benchServe,
  api: benchApi,
  busy: benchBusy,
  'fleet-page': benchFleetPage,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
});
const wanted = positionals.length === 0 ? Object.keys(SUITES) : positionals;
const unknown = wanted.filter((name) => !Object.hasOwn(SUITES, name));
if (unknown.length > 0) {
  process.stderr.write(
    `There is no benchmark ${unknown.join(', ')}. Choose from ${Object.keys(SUITES).join(', ')}.\n`,
  );
  process.exit(2);
}

const tools = findTools();
const machine = describeMachine(tools);
const results: SuiteResult[] = [];
const loads: Record<string, { before: number; after: number }> = {};
for (const name of wanted) {
  const suite = SUITES[name];
  if (suite === undefined) continue;
  process.stderr.write(`${name} …\n`);
  const before = load();
  try {
    results.push(await suite(tools, values.quick));
  } catch (error) {
    // What the other suites measured is worth keeping.
    results.push({
      suite: name,
      figures: [],
      notes: [`FAILED: ${error instanceof Error ? error.message : String(error)}`],
      rounds: {},
    });
    process.exitCode = 1;
  }
  loads[name] = { before, after: load() };
}
await removeScratch();

const report = { at: new Date().toISOString(), quick: values.quick, machine, load: loads, results };
const folder = join(import.meta.dirname, 'results');
await mkdir(folder, { recursive: true });
await writeFile(join(folder, 'latest.json'), `${JSON.stringify(report, null, 2)}\n`);
const { cpu, cores, memory_gib, system, node, python } = machine;
const busy = Object.entries(loads).map(([name, { before, after }]) => `${name} ${before} to ${after}`);
process.stdout.write(
  `${cpu}, ${cores} cores, ${memory_gib} GiB, ${system}, Node ${node}, Python ${python}\n` +
    `load average over one minute: ${busy.join(', ')}\n\n${table(results)}\n`,
);
