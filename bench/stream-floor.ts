/**
 * The least that a server of event streams can do: it keeps the connections and writes to each what its parent hands it.
 * Says its port once it listens.
 */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const open = new Set<ServerResponse>();
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.write('retry: 1000\n\n');
  open.add(response);
  response.on('close', () => open.delete(response));
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));

process.on('message', (frame: string) => {
  for (const response of open) response.write(frame);
});
process.on('disconnect', () => process.exit());
