/** The command line in a terminal of its own (a pseudo terminal that Python makes). */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const BIN = join(import.meta.dirname, '../../bin/trainyard.js');

/** Types each answer when its pattern has come, makes the file that stands behind it, and ends with the exit code. */
const TYPIST = `
import fcntl, json, os, pty, re, select, struct, sys, termios, time
steps = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 100, 0, 0))
seen, end = '', time.time() + 55
while time.time() < end:
    try:
        if not select.select([fd], [], [], 0.1)[0]:
            continue
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    seen += data.decode('utf8', 'replace')
    if steps and re.search(steps[0][0], seen):
        seen = ''
        step = steps.pop(0)
        os.write(fd, step[1].encode())
        if len(step) > 2:
            open(step[2], 'w').close()
else:
    os.kill(pid, 9)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
`;

export const CTRL_C = '\u0003';

/** Types each answer once its pattern was shown, and then makes the empty file `makes` in the folder. What was on the screen comes without colours and cursor movements. */
export async function inTerminal(
  cwd: string,
  args: readonly string[],
  answers: readonly (readonly [pattern: string, answer: string, makes?: string])[],
): Promise<{ code: number | null; screen: string }> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    USER: 'tester',
    TERM: 'xterm-256color',
    GIT_CONFIG_GLOBAL: '/dev/null',
  };
  const child = spawn('python3', ['-c', TYPIST, JSON.stringify(answers), process.execPath, BIN, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  return { code, screen: stripVTControlCharacters(screen).replaceAll('\r', '') };
}
