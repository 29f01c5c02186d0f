/** The command line's entry: everything else is loaded when a command needs it. */
import { runCli } from './cli/run-cli.ts';
import { EXIT, messageOf } from './kernel/errors.ts';

// Whoever reads our output may stop reading (`| head`): that is their right, not a fault.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A terminal that was closed takes nothing any more; what runs must still be ended and summed up.
    if (stream === process.stderr || error.code === 'EIO') return;
    if (error.code === 'EPIPE') process.exit();
    process.stderr.write(
      `error: What the command prints cannot be written: ${messageOf(error)}.\nhint: ${
        error.code === 'ENOSPC' ? 'The disk is full: free some space' : 'See where its output goes'
      }, then type it again.\n`,
    );
    process.exit(EXIT.unexpected);
  });
}

process.exitCode = await runCli(process.argv.slice(2));
