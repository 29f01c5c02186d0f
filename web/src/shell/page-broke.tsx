import type { ErrorComponentProps } from '@tanstack/react-router';
import { ErrorNotice, Page } from '../ui/index.ts';

/** A page that met an error of its own; the rest of the app goes on. */
export const PageBroke = ({ error, reset }: ErrorComponentProps) => (
  <Page title="Something broke">
    <ErrorNotice error={error} retry={reset} />
  </Page>
);
