import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { ManagementClient } from '../moving/management-client.ts';
import { closeToClients, movedOf } from './closing.ts';

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

test('the checks of a cluster are no clients that must leave', async () => {
  const users = ['shop', 'waxwing-move', 'monitoring-AWS-OWNED-DO-NOT-DELETE'];
  const connected = new Set(users);
  const changes: string[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    const path = decodeURIComponent(url.replace('/api', ''));
    if (method === 'DELETE') connected.delete(path.replace('/connections/of ', ''));
    if (method !== 'GET') changes.push(`${method} ${path}`);
    const list = path.startsWith('/connections')
      ? [...connected].map((user) => ({ user, name: `of ${user}` }))
      : users.map((name) => ({ name }));
    const isList = ['/connections', '/users'].some((each) => path.startsWith(each));
    const status = method === 'GET' && !isList && path !== '/user-limits' ? 404 : 200;
    request.resume().on('end', () => {
      response.writeHead(status).end(JSON.stringify(path === '/user-limits' ? [] : list));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}`);
  const access = { url, username: 'a', password: 'b', authorities: [] };
  const management = new ManagementClient(access, systemClock);
  let passedMs = 0;
  // Each look at the time is three seconds later, and nothing is waited for.
  const clock = {
    ...systemClock,
    monotonicMs: () => (passedMs += 3000),
    setTimeout: (then: () => void) => systemClock.setTimeout(then, 0),
  };
  const interruption = new AbortController().signal;
  try {
    await closeToClients({ kind: 'cluster', management, clock, interruption }, 'amqps://b:1');
    assert.deepEqual(changes, [
      'PUT /global-parameters/waxwing_moved',
      'PUT /user-limits/shop/max-connections',
      'DELETE /connections/of shop',
    ]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
