/** The command line's entry: everything else is loaded when a command needs it. */
import { runCli } from './cli/run-cli.ts';

process.exitCode = await runCli(process.argv.slice(2));
