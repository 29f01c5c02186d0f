/** One JSON document on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** For people only: goes to standard error, so that piped output stays clean. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
