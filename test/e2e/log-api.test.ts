import { describe, expect, it } from 'vitest';
import { openProject } from '../../src/app.ts';
import { createApp } from '../../src/server/app.ts';
import { TestProject } from '../helpers/project.ts';

/** Prints what no text editor likes: halves of characters, zero bytes, escape codes, a carriage return. */
const PRINTS = `
sys.stdout.buffer.write(b'\\xff\\xfe half \\xe2\\x82 \\x00 \\x1b[31mred\\x1b[0m \\r')
sys.stdout.buffer.write('ä€😀\\n'.encode() * 20000)
sys.stdout.buffer.flush()
write_model()`;

describe('a log over HTTP', () => {
  it('comes whole in pieces of any size, whatever was printed', async () => {
    await using project = TestProject.create({ circuits: ['kiln_1'], provider: 'local', train: PRINTS });
    await project.trained();
    const opened = await openProject({ folder: project.folder, mode: 'write' });
    try {
      const app = createApp({ project: opened });
      const read = async (limit: number): Promise<string> => {
        let text = '';
        for (let offset = '0', over = false; !over;) {
          const piece = await app.request(
            `/api/v1/jobs/kiln_1_2026_03_31/logs?limit=${limit}&offset=${offset}`,
          );
          expect(piece.status).toBe(200);
          const got = await piece.text();
          expect(Buffer.byteLength(got)).toBeLessThanOrEqual(3 * limit);
          text += got;
          offset = piece.headers.get('x-next-offset') ?? '';
          over = piece.headers.get('x-log-over') === 'true';
        }
        return text;
      };
      const whole = await read(262_144);
      expect(whole).toContain(`half \ufffd \0 \u001b[31mred\u001b[0m \r${'ä€😀\n'.repeat(20_000)}`);
      expect(await read(4099)).toBe(whole);
      const streamed = await (await app.request('/api/v1/jobs/kiln_1_2026_03_31/logs/stream')).text();
      const text = streamed
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => (JSON.parse(line.slice(6)) as { text?: string }).text ?? '')
        .join('');
      expect(text).toBe(whole);
    } finally {
      await opened.close();
    }
  });
});
