export { RETIRED_CONNECTOR, isRetiredConnector } from './channel-schema.ts';
export type { ChannelSettings, SmtpSettings } from './channel-schema.ts';
export { ENVIRONMENT_VARIABLES, manualCircuits } from './environment-variables.ts';
export { loadProjectConfig, secretVariables } from './load-project-config.ts';
export type { ProjectConfig } from './load-project-config.ts';
export type { NotificationSettings, RouteSettings } from './notification-schema.ts';
export { ProjectFile } from './project-schema.ts';
export type { ScheduleConfig } from './schedules-schema.ts';
export type { OidcSettings, ServerSettings } from './server-schema.ts';
