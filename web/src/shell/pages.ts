/** The pages of the menu, in its order. `counts`: with how many requests wait for a decision. */
export const PAGES: readonly { readonly to: string; readonly name: string; readonly counts?: 'waiting' }[] = [
  { to: '/fleet', name: 'Fleet' },
  { to: '/plan', name: 'Plan' },
  { to: '/runs', name: 'Runs' },
  { to: '/approvals', name: 'Approvals', counts: 'waiting' },
  { to: '/models', name: 'Models' },
  { to: '/scripts', name: 'Scripts' },
  { to: '/activity', name: 'Activity' },
  { to: '/settings', name: 'Settings' },
];
