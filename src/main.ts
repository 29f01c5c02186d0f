/** The command line's entry: everything else is loaded when a command needs it. */
import { runCli } from './cli/run-cli.ts';

// Whoever reads our output may stop reading (`| head`): that is their right, not a fault.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A terminal that was closed takes nothing any more; what runs must still be ended and summed up.
    if (stream === process.stderr || error.code === 'EIO') return;
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2));
