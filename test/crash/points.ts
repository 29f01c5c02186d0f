/** Places outside runs where the process may be killed: their tests stand beside this list, and go through all of it. */

/** While a schedule fires: everything is looked at, everything is written and nothing is kept yet, all is kept. */
export const SCHEDULE_POINTS = ['schedule.prepared', 'schedule.written', 'schedule.fired'] as const;
