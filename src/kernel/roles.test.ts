import { describe, expect, it } from 'vitest';
import { rolesWithin } from './roles.ts';

describe('roles', () => {
  it.each([
    [[], []],
    [['viewer'], ['viewer']],
    [['operator'], ['viewer', 'operator']],
    [['approver'], ['viewer', 'approver']],
    [
      ['approver', 'operator'],
      ['viewer', 'operator', 'approver'],
    ],
    [['admin'], ['viewer', 'operator', 'approver', 'admin']],
  ] as const)('%j come to %j: an operator is no approver', (given, all) => {
    expect(rolesWithin(given)).toEqual(all);
  });
});
