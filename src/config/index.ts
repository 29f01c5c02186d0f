export { ENVIRONMENT_VARIABLES } from './environment-variables.ts';
export { loadProjectConfig, parseProjectConfig } from './load-project-config.ts';
export type { ProjectConfig } from './load-project-config.ts';
export { PROVIDERS, ProjectFile } from './project-schema.ts';
