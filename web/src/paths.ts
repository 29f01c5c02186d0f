/** Where things have their pages, for links from elsewhere. */
export const runPath = (run: number): string => `/runs/${run}`;
export const jobPath = (job: string): string => `/jobs/${encodeURIComponent(job)}`;
export const circuitPath = (circuit: string): string => `/fleet/${encodeURIComponent(circuit)}`;
export const approvalPath = (approval: string): string => `/approvals/${encodeURIComponent(approval)}`;
export const modelPath = (model: string): string => `/models/${encodeURIComponent(model)}`;
export const versionPath = (model: string, version: number): string => `${modelPath(model)}/${version}`;
/** The table and the chart of a run of scripts. */
export const scriptRunPath = (run: number): string => `/scripts/runs/${run}`;
