export { ScriptRunPage } from './script-run-page.tsx';
