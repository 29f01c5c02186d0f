import type { Command } from 'commander';
import { defineVerdict } from '../deciding.ts';

export function define(parent: Command): void {
  defineVerdict(
    parent,
    'approve',
    'Approves what a request shows, and goes on with its run here unless another process does.',
    `
    trainyard approve apr_01kb2m8q3r7t5vxy
    trainyard approve apr_01kb2m8q3r7t5vxy --subjects seattle-wind:3 --comment "checked by hand"
    trainyard approve apr_01kb2m8q3r7t5vxy --no-wait`,
  );
}
