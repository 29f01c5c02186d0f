/** Where things have their pages, for links from other pages. */
export const runPath = (number: number): string => `/runs/${number}`;
export const jobPath = (id: string): string => `/jobs/${encodeURIComponent(id)}`;
export const modelPath = (name: string): string => `/models/${encodeURIComponent(name)}`;
export const versionPath = (name: string, version: number): string => `${modelPath(name)}/${version}`;
