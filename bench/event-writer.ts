/** A thread that writes an event every half second: in the thread that measures, each sync to disk would count as an answer's time. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const db = new DatabaseSync(String(workerData), { timeout: 5000 });
const insert = db.prepare(
  `insert into events (at, type, severity, message, data) values (?, 'bench.tick', 'info', 'tick', '{}')`,
);
const timer = setInterval(() => insert.run(new Date().toISOString()), 500);
parentPort?.once('message', () => {
  clearInterval(timer);
  db.exec(`delete from events where type = 'bench.tick'`);
  db.close();
});
