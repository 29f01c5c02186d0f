import { afterEach, describe, expect, it } from 'vitest';
import { SettingsWatch } from '../../actions/index.ts';
import { openLog } from '../../kernel/log.ts';
import { testWorld } from '../../testing/test-world.ts';
import { watchSettings } from './serve-project.ts';

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

describe('settings that change under a server', () => {
  it('are told once each, although the loop that advances the runs looked first', async () => {
    const w = await testWorld({ environment: null });
    opened.push(w);
    const lines: string[] = [];
    const log = await openLog({ format: 'text', level: 'info', write: (line) => lines.push(line) });
    const changed: string[] = [];
    const stop = new AbortController();
    const settings = new SettingsWatch(w.project);
    await settings.look();
    const live = { changed: (what: string): void => void changed.push(what) };
    const over = watchSettings(w.project, settings, { live, log, signal: stop.signal });
    opened.push({
      [Symbol.asyncDispose]: async () => {
        stop.abort();
        await over;
      },
    });
    const edited = async (text: string): Promise<void> => {
      await w.write('trainyard.yaml', text);
      w.clock.jumpTo(w.clock.now() + 10_000);
      await settings.look();
      await w.clock.advance(1500);
    };
    await edited('groups: [');
    await edited('provider: simulated\nserver: {port: 1234}\n');
    await edited('provider: simulated\ngroups: {leads: [ada]}\n');
    await w.clock.advance(10_000);
    expect(changed).toEqual(['system', 'system', 'system']);
    expect(lines).toEqual([
      expect.stringContaining('trainyard.yaml changed and is not used: '),
      expect.stringContaining('but for server.port: that counts from the next start.'),
      expect.stringContaining('trainyard.yaml holds as it is now.'),
    ]);
  });
});
