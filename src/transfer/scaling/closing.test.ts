import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { ManagementClient } from '../moving/management-client.ts';
import { movedOf } from './closing.ts';

test('only an answer says whether clients have moved: a broker that is busy stores their limits', async () => {
  let status = 404;
  const server = createServer((_request, response) => {
    response.writeHead(status).end(JSON.stringify({ value: { to: 'amqps://a:1', limits: {} } }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}`);
  const access = { url, username: 'a', password: 'b', authorities: [] };
  const management = new ManagementClient(access, systemClock);
  try {
    assert.equal(await movedOf(management), undefined);
    status = 200;
    assert.deepEqual(await movedOf(management), { to: 'amqps://a:1', limits: {} });
    for (status of [429, 500, 503]) {
      await assert.rejects(movedOf(management), new RegExp(`status ${status}`));
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
