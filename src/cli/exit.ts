/** Ends the command with an exit code after it has printed all it had to say: an outcome, not an error. */
export class ExitWith extends Error {
  readonly exit_code: number;

  constructor(exit_code: number) {
    super(`exit ${exit_code}`);
    this.exit_code = exit_code;
  }
}
