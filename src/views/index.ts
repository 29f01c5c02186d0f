/** What people and programs see of things: one document for each, the same in `--json`, the API and the web UI. */
export { RunRow, RunView, runRow, runView } from './run.ts';
export { CircuitPage, CircuitView, FleetBoard, FleetProblem, circuitRows, circuitView } from './circuit.ts';
export { TokenRow, tokenRow } from './token.ts';
