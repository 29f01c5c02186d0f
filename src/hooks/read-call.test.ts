import { describe, expect, it } from 'vitest';
import type { HookConfig } from '../config/index.ts';
import { TRAIN } from '../config/test-config.ts';
import { UsageError } from '../kernel/errors.ts';
import { readCall } from './read-call.ts';

const hook = (more: Partial<HookConfig> = {}): HookConfig => ({
  sender: 'github',
  secret: '${env:S}',
  events: null,
  branches: null,
  circuits_from_body: false,
  pull: false,
  enabled: true,
  run: TRAIN,
  ...more,
});
const read = (config: HookConfig, body: unknown, headers: Record<string, string> = {}) =>
  readCall(config, {
    header: (name) => headers[name],
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  });

const PUSH = { ref: 'refs/heads/main', before: 'a'.repeat(40), after: 'b'.repeat(40), deleted: false };
const AZURE = {
  id: 'e1',
  eventType: 'git.push',
  resource: { refUpdates: [{ name: 'refs/heads/main', newObjectId: 'b'.repeat(40) }] },
};

describe('a genuine call', () => {
  it.each([
    ['github', PUSH, { 'x-github-event': 'push' }, 'push'],
    ['gitlab', { object_kind: 'push', ...PUSH }, {}, 'push'],
    ['standard', { object_kind: 'push', ...PUSH }, {}, 'push'],
    ['standard', { type: 'data.arrived', ref: 'refs/heads/main' }, {}, 'data.arrived'],
    ['azure-devops', AZURE, {}, 'git.push'],
    ['bearer', { type: 'tick', ref: 'refs/heads/main' }, {}, 'tick'],
  ] as const)('of %s tells its event and branch', (sender, body, headers, event) => {
    expect(read(hook({ sender }), body, headers)).toEqual({
      event,
      branch: 'main',
      circuits: null,
      ignored: null,
    });
  });

  it('concerns a hook whose events and branches take it, by name or glob', () => {
    const about = (more: Partial<HookConfig>, event = 'push', ref = 'refs/heads/release/7') =>
      read(hook(more), { ...PUSH, ref }, { 'x-github-event': event }).ignored;
    expect(about({ events: ['push'] })).toBeNull();
    expect(about({ events: ['pu*'], branches: ['release/*'] })).toBeNull();
    expect(about({ branches: ['main', 'release/7'] })).toBeNull();
    expect(about({ events: ['push'] }, 'issues')).toBe('event issues is not among its events');
    expect(about({ branches: ['main'] })).toBe('branch release/7 is not among its branches');
    expect(about({ branches: ['main'] }, 'push', 'refs/tags/v1')).toBe(
      'it names no branch, and the hook is for some',
    );
    expect(read(hook({ sender: 'bearer', events: ['tick'] }), '').ignored).toBe(
      'an event without a type is not among its events',
    );
  });

  it('of a push to several branches is for the one that the hook is for', () => {
    const updates = ['topic', 'gone', 'main'].map((name) => ({
      name: `refs/heads/${name}`,
      newObjectId: (name === 'gone' ? '0' : 'b').repeat(40),
    }));
    const about = (branches: string[]) =>
      read(hook({ sender: 'azure-devops', branches }), { ...AZURE, resource: { refUpdates: updates } });
    expect(about(['main'])).toMatchObject({ branch: 'main', ignored: null });
    expect(about(['gone', 'm*'])).toMatchObject({ branch: 'main', ignored: null });
    expect(about(['other']).ignored).toBe('branch topic is not among its branches');
  });

  it('that GitHub made of another event is no push, whatever its header says', () => {
    expect(read(hook({ events: ['push'] }), { issue: {} }, { 'x-github-event': 'push' }).ignored).toBe(
      'it is called a push, and is none',
    );
  });

  it('that is a ping starts nothing', () => {
    expect(read(hook(), { zen: 'x' }, { 'x-github-event': 'ping' }).ignored).toMatch(/^a ping/);
  });

  it.each([
    { ...PUSH, deleted: true },
    { ...PUSH, after: '0'.repeat(40) },
  ])('that tells of a branch that is gone starts nothing', (body) => {
    expect(read(hook(), body, { 'x-github-event': 'push' }).ignored).toBe('branch main was removed');
  });

  it('says which circuits, where the hook goes by that, each once', () => {
    const by_body = hook({ sender: 'bearer', circuits_from_body: true });
    expect(read(by_body, { circuits: ['p/a', 'p_b', 'p/a'], more: 1 }).circuits).toEqual(['p/a', 'p_b']);
    expect(read(hook({ sender: 'bearer' }), { circuits: ['p/a'] }).circuits).toBeNull();
  });

  it.each([
    [{}, /which circuits/],
    [{ circuits: [] }, /which circuits/],
    [{ circuits: ['*'] }, /no glob/],
    [{ circuits: ['p/[a-z]'] }, /no glob/],
    [{ circuits: ['p_a,p_b'] }, /no glob or list/],
    [{ circuits: ['p_a p_b'] }, /no glob or list/],
    [{ circuits: ['@(p_a)'] }, /no glob/],
    [{ circuits: ['p/a/b'] }, /no glob/],
    [{ circuits: ['auto'] }, /not AUTO/],
    [{ circuits: [7] }, /which circuits/],
    [{ circuits: Array.from({ length: 10_001 }, (_, i) => `c${i}`) }, /which circuits/],
  ])('that has to say which circuits and does not is refused', (body, why) => {
    expect(() => read(hook({ sender: 'bearer', circuits_from_body: true }), body)).toThrow(why);
  });

  it.each(['[]', '"text"', '7', 'null', '{', 'payload=%7B%7D'])('with the body %s is refused', (body) => {
    expect(() => read(hook(), body)).toThrow(UsageError);
  });

  it('sent as a form is told how to be sent', () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(() => read(hook(), 'payload=%7B%7D', form)).toThrow(
      expect.objectContaining({ hint: 'Have the sender use the content type application/json.' }),
    );
  });

  it('may hold anything where nobody looks', () => {
    const strange = { ref: 7, deleted: 'yes', type: { a: 1 }, resource: { refUpdates: 'none' }, after: null };
    expect(read(hook({ sender: 'bearer' }), strange)).toEqual({
      event: null,
      branch: null,
      circuits: null,
      ignored: null,
    });
  });
});
