import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { ConnectionAdmission } from './connection-admission.ts';
import { brokerAdmissionLimits } from './limits.ts';

/** As /proc/net/tcp has it: a timer of a connection that probes whether its peer is there. */
const keepAliveTimer = '02';

/** The kernel's timer of the connection that a port of this machine has with another one. */
function timerOf(port: number, peerPort: number): string | undefined {
  const hex = (n: number) => n.toString(16).toUpperCase().padStart(4, '0');
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, local, remote, , , timer] = line.trim().split(/\s+/);
    if (!local?.endsWith(`:${hex(port)}`) || !remote?.endsWith(`:${hex(peerPort)}`)) continue;
    return timer?.slice(0, 2);
  }
  return undefined;
}

test('TCP keep-alive is enabled for connections', async () => {
  const admission = new ConnectionAdmission(brokerAdmissionLimits, systemClock);
  const server = createServer((socket) => {
    admission.accept(socket, { tls: () => {}, plain: () => {} });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on a port
  const accepted = once(server, 'connection');
  const client = connect(port, '127.0.0.1');
  await Promise.all([once(client, 'connect'), accepted]);
  assert.equal(timerOf(port, client.localPort ?? 0), keepAliveTimer);
  assert.notEqual(timerOf(client.localPort ?? 0, port), keepAliveTimer);
  client.destroy();
  server.close();
  admission.close();
});
