/** Places outside runs where the process may be killed: their tests stand beside this list, and go through all of it. */

/** While a schedule fires: everything is looked at, everything is written and nothing is kept yet, all is kept. */
export const SCHEDULE_POINTS = ['schedule.prepared', 'schedule.written', 'schedule.fired'] as const;

/** While a hook is called, and while it fires: it is kept; everything is looked at, written and not kept yet, kept. */
export const HOOK_POINTS = ['hook.taken', 'hook.prepared', 'hook.written', 'hook.fired'] as const;

/** While a start over HTTP is written: everything is looked at, it is written and not kept yet, it is kept with its answer. */
export const ONCE_POINTS = ['once.prepared', 'once.written', 'once.kept'] as const;

/** While retention removes things, with the passes that the test's project has of each. */
export const PRUNE_POINTS = [
  'prune.versions_marked',
  'prune.objects_removed',
  'prune.objects_removed:2',
  'prune.logs_marked',
  'prune.logs_marked:2',
  'prune.logs_removed',
  'prune.logs_removed:2',
  'prune.run_begun',
  'prune.run_piece',
  'prune.run_piece:3',
  'prune.run_piece:5',
  'prune.run_removed',
  'prune.snapshots_moved',
] as const;
