export { azureCommand, azureIssue, fewIssues, githubIssue, githubOutput } from './build-commands.ts';
export type { Issue } from './build-commands.ts';
export { LineDefuser, defuse, defuseJson } from './defuse.ts';
export { githubWorkflow } from './github.ts';
export { runIssues } from './run-issues.ts';
export { runOutputs } from './run-outputs.ts';
export type { Output } from './run-outputs.ts';
export { LONGEST_PAGE, runPage } from './run-page.ts';
export type { RunReport } from './run-report.ts';
