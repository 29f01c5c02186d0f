export { VersionPage } from './version-page.tsx';
