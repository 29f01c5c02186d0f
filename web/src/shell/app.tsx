import { Outlet, useRouterState } from '@tanstack/react-router';
import { Shell } from './shell.tsx';

/** Every page stands in the shell, but the one before it is known who asks: no menu, no event stream. */
export function App() {
  const bare = useRouterState({ select: (state) => state.location.pathname === '/sign-in' });
  return bare ? <Outlet /> : <Shell />;
}
