export { ScriptsPage } from './scripts-page.tsx';
