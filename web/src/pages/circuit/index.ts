export { CircuitPage } from './circuit-page.tsx';
