import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { giveBackMemory, growHeapSlowly } from './memory.ts';

describe('giveBackMemory', () => {
  it('collects what nobody holds any more', async () => {
    growHeapSlowly();
    const lost = new WeakRef(Array.from({ length: 1000 }, (_, i) => ({ i })));
    // A weak reference keeps its target until the turn that made it is over.
    await turn();
    expect(lost.deref()).toBeDefined();
    await turn();
    // It does nothing where little has come since the last time; this is much.
    const much = Buffer.alloc(64 << 20, 1);
    giveBackMemory();
    expect(much.length).toBe(64 << 20);
    expect(lost.deref()).toBeUndefined();
  });
});
