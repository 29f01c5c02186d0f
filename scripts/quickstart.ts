/**
 * The example fleet from nothing to promoted models, in a project of its own, with the very command line a user types:
 * `npm run quickstart`. Tests give it another folder; outside the checkout `npx trainyard` is not there to type.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { styleText } from 'node:util';

const ROOT = join(import.meta.dirname, '..');
const CIRCUITS = 'config/circuits.yaml';

/** Of a build that this may run in: the new project is not what is built there. */
const OF_A_BUILD = [
  'GITHUB_ACTIONS',
  'TF_BUILD',
  'GITLAB_CI',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'manualCircuits',
  'MANUALCIRCUITS',
];

class StepFailed extends Error {}

const folder = freeFolder(process.argv[2]);
const fromHere = relative(process.cwd(), folder);
const shown = fromHere.startsWith('..') ? folder : fromHere;
// Ctrl-C reaches the command that runs, which knows what to do; this script ends with it.
process.on('SIGINT', () => undefined);
try {
  await quickstart();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  say(`\n${styleText('red', 'The quickstart stopped here:')} ${error.message}\n`);
  process.exitCode = 1;
}

async function quickstart(): Promise<void> {
  say(
    'Eight forecasters, one per sensor of two weather stations, each trained on four years of daily readings.\n',
  );

  explain('A new project, under version control like any other.');
  await trainyard('init', [shown], process.cwd());
  await git('init', '--quiet');
  await git('add', '.');
  // A fresh machine may not know who commits; the name given here stays in this one commit.
  await git(
    '-c',
    'user.name=quickstart',
    '-c',
    'user.email=quickstart@localhost',
    '-c',
    'commit.gpgsign=false',
    'commit',
    '--quiet',
    '-m',
    'Eight weather forecasters',
  );

  explain('What needs training, and why? No circuit has a model yet, so all eight do.');
  await trainyard('plan');
  explain(
    'Train them here, register the models, and promote them: --approve all says yes to the gates in advance.',
  );
  await trainyard('run', ['--approve', 'all']);
  explain('The promoted models, with what their training measured: mae is the mean error of a forecast.');
  await trainyard('models', ['list', '--registry', 'shared']);

  explain(
    'The same again: every circuit has a model for exactly these settings and data, so nothing is trained.',
  );
  await trainyard('run', ['--approve', 'all']);

  explain('Now one setting of one circuit changes: seattle_wind looks back 14 days instead of 7.');
  await lookBackFurther();
  await git('--no-pager', 'diff', '--unified=0', CIRCUITS);
  explain('The plan finds exactly that circuit.');
  await trainyard('plan');
  explain('And it can say how it knows.');
  await trainyard('why', ['seattle_wind']);

  say(`
${styleText('bold', 'That was Trainyard.')} The project stays in ${folder}.
Go on where this stopped:

  cd ${shown}
  npx trainyard run               train seattle_wind; it asks you before it promotes
  npx trainyard jobs logs seattle_wind_2015_12_31
  npx trainyard models show seattle-wind
  npx trainyard serve             all of it in your browser, at http://127.0.0.1:8787
  npx trainyard --help

Your own fleet, in five minutes: README.md. All of it: docs/index.md.
`);
}

/** The edit that a user would make in an editor. */
async function lookBackFurther(): Promise<void> {
  const file = join(folder, CIRCUITS);
  const before = await readFile(file, 'utf8');
  const after = before.replace(/(circuit_id: wind\n(?:.*\n)*?.*lags: )7\b/, '$114');
  if (after === before) throw new StepFailed(`${CIRCUITS} has no lags: 7 to change.`);
  await writeFile(file, after);
}

/** The folder asked for, or `quickstart` in the checkout (git ignores it); a number is added where one is there already. */
function freeFolder(asked: string | undefined): string {
  const wanted = asked === undefined ? join(ROOT, 'quickstart') : resolve(asked);
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? wanted : `${wanted}-${n}`;
    if (!existsSync(candidate)) return candidate;
  }
}

function trainyard(command: string, args: readonly string[] = [], cwd = folder): Promise<void> {
  const bin = join(ROOT, 'bin', 'trainyard.js');
  return run(['npx', 'trainyard', command, ...args], process.execPath, [bin, command, ...args], cwd);
}

function git(...args: string[]): Promise<void> {
  return run(['git', ...args.filter((arg, i) => arg !== '-c' && args[i - 1] !== '-c')], 'git', args, folder);
}

/** Prints a command as it would be typed, then runs it in this terminal. */
async function run(
  typed: readonly string[],
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<void> {
  say(
    styleText('bold', `$ ${typed.map((word) => (/^[\w./=-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`),
  );
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OF_A_BUILD.includes(name)));
  const outcome = await new Promise<number | string>((done) => {
    const child = spawn(program, args, { cwd, env, stdio: 'inherit' });
    child.on('error', (error) => done(error.message));
    child.on('close', (code, signal) => done(code ?? signal ?? 1));
  });
  if (outcome === 'spawn git ENOENT') throw new StepFailed('git is not installed.');
  if (outcome !== 0) throw new StepFailed(`\`${typed.join(' ')}\` ended with ${outcome}.`);
}

function explain(text: string): void {
  say(`\n${styleText('cyan', `# ${text}`)}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
