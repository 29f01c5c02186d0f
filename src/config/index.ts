export { ENVIRONMENT_VARIABLES } from './environment-variables.ts';
export { loadProjectConfig } from './load-project-config.ts';
export type { ProjectConfig } from './load-project-config.ts';
export { ProjectFile } from './project-schema.ts';
export type { ScheduleConfig } from './schedules-schema.ts';
