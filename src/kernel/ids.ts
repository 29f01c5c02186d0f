import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

let lastTime = 0;
let count = 0;

/**
 * A new id with its kind in front, for example `run_01kb2m8q00013t5vx`: eight characters of time, four that count on
 * within it, five of chance. Ids of one kind sort by age, also those that one process makes in one go.
 */
export function newId(
  prefix: 'run' | 'job' | 'apr' | 'evt' | 'wrk' | 'tok' | 'ntf' | 'dlv' | 'prn',
  now: number,
): string {
  const time = Math.floor(now / 256);
  count = time === lastTime ? count + 1 : 0;
  lastTime = time;
  let chance = '';
  for (const byte of randomBytes(5)) chance += ALPHABET.charAt(byte % 32);
  return `${prefix}_${digits(time, 8)}${digits(count, 4)}${chance}`;
}

function digits(value: number, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32))
    text = ALPHABET.charAt(rest % 32) + text;
  return text;
}
