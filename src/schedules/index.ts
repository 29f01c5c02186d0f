/** Runs by the clock: when a schedule is due, and what its rows know. What it starts is decided above, in `actions`. */
export { dueSlot, nextDue, nextTimes } from './due.ts';
export type { Due, Times } from './due.ts';
export {
  FiringOutcome,
  decidedUntil,
  forgetFirings,
  isDecided,
  listFirings,
  noteSchedules,
  openRunOf,
  pauseSchedule,
  recordFiring,
  resumeSchedule,
  scheduleStates,
} from './schedule-store.ts';
export type { Firing, FiringKey, ScheduleState } from './schedule-store.ts';
