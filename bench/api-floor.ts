/** Fifty rows by an index, as JSON, over the same HTTP stack and nothing else: `node bench/api-floor.ts DATABASE`. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { DatabaseSync } from 'node:sqlite';

const db = new DatabaseSync(process.argv[2] ?? '', { readOnly: true });
const rows = db.prepare('select * from jobs where id < ? order by id desc limit 50');
const app = new Hono().get('/jobs', (c) => c.json({ items: rows.all(c.req.query('before') ?? 'job_z') }));
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
  process.stderr.write(`http://127.0.0.1:${port}\n`),
);
