/** How the project and its server are set up, and how they are. */
export { SettingsPage } from './settings-page.tsx';
