import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A new id with its kind in front, for example `run_01kb2m8q3r7t5vxy`: eight characters of time, eight of chance,
 * so that ids of one kind sort by age.
 */
export function newId(prefix: 'run' | 'job' | 'apr' | 'evt' | 'wrk' | 'tok', now: number): string {
  let time = '';
  for (let rest = Math.floor(now / 256), i = 0; i < 8; i++, rest = Math.floor(rest / 32)) time = ALPHABET.charAt(rest % 32) + time;
  let chance = '';
  for (const byte of randomBytes(8)) chance += ALPHABET.charAt(byte % 32);
  return `${prefix}_${time}${chance}`;
}
