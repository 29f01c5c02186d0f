import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again until the answer is as it should be; a test that waits in vain ends by its own limit. */
export async function until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    await sleep(50);
  }
}
