import { Link } from '@tanstack/react-router';
import { Empty, Page, buttonLook } from '../ui/index.ts';

/** An address that leads nowhere. */
export const NotFound = () => (
  <Page title="Not found">
    <Empty title={`There is no page at ${location.pathname}.`}>
      <Link to="/runs" className={buttonLook}>
        To the runs
      </Link>
    </Empty>
  </Page>
);
