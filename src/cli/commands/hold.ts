import type { Command } from 'commander';
import { defineVerdict } from '../deciding.ts';

export function define(parent: Command): void {
  defineVerdict(
    parent,
    'hold',
    'Holds what a request shows: neither approved nor rejected, it can be reopened later.',
    `
    trainyard hold apr_01kb2m8q3r7t5vxy --subjects seattle-wind:3 --comment "after the audit"
    trainyard approvals reopen apr_01kb2m8q3r7t5vxy`,
  );
}
