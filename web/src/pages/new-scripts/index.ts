export { NewScriptsPage } from './new-scripts-page.tsx';
