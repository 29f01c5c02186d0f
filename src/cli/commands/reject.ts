import type { Command } from 'commander';
import { defineVerdict } from '../deciding.ts';

export function define(parent: Command): void {
  defineVerdict(
    parent,
    'reject',
    'Rejects what a request shows, and goes on with its run here unless another process does.',
    `
    trainyard reject apr_01kb2m8q3r7t5vxy --comment "the data was broken"
    trainyard reject apr_01kb2m8q3r7t5vxy --subjects seattle-wind:3 --retrain`,
  );
}
