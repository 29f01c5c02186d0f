/** Fires a schedule for one time, as a worker would, at a given moment: `node fire-schedule.ts FOLDER NAME SLOT START`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fireSchedule } from '../../src/actions/index.ts';
import { openProject } from '../../src/app.ts';

const [folder, name = '', slot = '', start = ''] = process.argv.slice(2);
const project = await openProject({ folder, mode: 'write' });
const schedule = project.settings.schedules[name];
if (schedule === undefined) throw new Error(`no schedule ${name}`);
await sleep(Number(start) - Date.now());
const actor = { name: `schedule:${name}`, identity: 'claimed' as const };
const occasion = { name, schedule, kind: 'cron' as const, slot: Number(slot), actor, force: true };
const fired = await fireSchedule(project, occasion);
process.stdout.write(fired === null ? 'none' : `${fired.firing.outcome} ${fired.firing.run_number}`);
await project.close();
