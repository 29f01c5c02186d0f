export { githubWorkflow } from './github.ts';
