import { afterEach, describe, expect, it } from 'vitest';
import { testWorld } from '../../testing/test-world.ts';
import type { TestWorld } from '../../testing/test-world.ts';
import { scriptsAside, statesAside } from './plan-aside.ts';

let w: TestWorld | undefined;
afterEach(async () => w?.[Symbol.asyncDispose]());

describe('what is looked up aside', () => {
  it('lets a few wait, tells the rest to come again, and always looks at the fleet', async () => {
    w = await testWorld({ environment: null });
    const { project } = w;
    const asked = Array.from({ length: 10 }, () => scriptsAside(project, project.config.scripts));
    const look = statesAside(project);
    const told = await Promise.allSettled(asked);
    expect(told.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 8 }, () => 'fulfilled'),
      'rejected',
      'rejected',
    ]);
    expect(told.at(-1)).toMatchObject({ reason: { code: 'interrupted', hint: 'Ask again in a moment.' } });
    expect(await look).not.toHaveLength(0);
    await expect(scriptsAside(project, project.config.scripts)).resolves.toBeDefined();
  }, 120_000);
});
