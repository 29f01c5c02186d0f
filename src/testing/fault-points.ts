/**
 * Named places where a crash test ends the process, as a power cut would: no handlers, no clean-up.
 * `TRAINYARD_FAULT=submit.after` dies at the first pass, `submit.after:3` at the third.
 */
export function faultPoints(setting: string | undefined): (name: string) => void {
  if (setting === undefined || setting === '') return () => undefined;
  const match = /^(.*?)(?::(\d+))?$/.exec(setting);
  const wanted = match?.[1] ?? setting;
  let left = Number(match?.[2] ?? 1);
  return (name) => {
    if (name !== wanted || --left > 0) return;
    process.kill(process.pid, 'SIGKILL');
    // The signal is delivered on return to user code at the latest; nothing after this line may run.
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  };
}
