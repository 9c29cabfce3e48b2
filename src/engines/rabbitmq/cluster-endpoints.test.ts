import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { managementAdmissionLimits } from '../../management/limits.ts';
import { ClusterEndpoints } from './cluster-endpoints.ts';

const settings = { host: '127.0.0.1', amqpsPort: 0, brokerPorts: undefined };
const common = { endpoint: 1, protocols: [], isWebSocket: false };
const listeners = [
  { ...common, name: 'amqps', scheme: 'amqps', standardPort: 5671 },
  { ...common, name: 'management', scheme: 'https', standardPort: 443, isManagement: true },
];

test('one address that does not log in has as few connections to the management port as elsewhere', async () => {
  const endpoints = new ClusterEndpoints({ healthy: [] }, settings);
  const spec = { listeners, ports: [], portsOfOthers: [] };
  const records = await endpoints.open(spec, assert.fail);
  const { port } = records.find(({ listener }) => listener === 'management') ?? { port: 0 };
  const excess = 20;
  const count = managementAdmissionLimits.unauthenticatedPerSourceMax + excess;
  const sockets = Array.from({ length: count }, () => connect({ host: '127.0.0.1', port }));
  try {
    await Promise.all(sockets.map((socket) => once(socket.resume(), 'connect')));
    // Connections are accepted in their order, so the answer to the last one comes after all decisions.
    const last = connect({ host: '127.0.0.1', port });
    sockets.push(last);
    last.write('GET / HTTP/1.0\r\n\r\n');
    const [answer] = await once(last, 'data');
    assert.match(String(answer), /over TLS only: use https:/);
    assert.ok(
      sockets.filter(({ readableEnded, closed }) => readableEnded || closed).length >= excess,
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    endpoints.close();
  }
});
