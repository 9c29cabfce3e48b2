import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { DescribeBrokerCommand } from '@aws-sdk/client-mq';
import { Waxwing } from '../support/waxwing.ts';

// A service for clients on other machines: public names, and a range of ports for a firewall.

const portCount = 5;
const publicName = 'mq.example.test';

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The first of some ports in a row that were free just now. */
async function freeRange(): Promise<number> {
  for (let first = 21_000 + (process.pid % 1000) * 8; ; first += portCount) {
    const ports = Array.from({ length: portCount }, (_, i) => first + i);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
}

let waxwing: Waxwing;
let first = 0;
before(async () => {
  first = await freeRange();
  const range = ['--broker-ports', `${first}-${first + portCount - 1}`];
  const names = ['--public-host', publicName, '--public-host', '192.0.2.7, fd00::7'];
  const env = { WAXWING_NO_DEFAULT_BROKER: '1' };
  waxwing = await Waxwing.start({ args: ['--api-port', '0', ...range, ...names], env });
});
after(() => waxwing.remove());

async function urlsOf(id: string): Promise<URL[]> {
  const { BrokerInstances } = await waxwing.mq.send(new DescribeBrokerCommand({ BrokerId: id }));
  const [{ ConsoleURL = '', Endpoints = [] } = {}] = BrokerInstances ?? [];
  return [...Endpoints, ConsoleURL].map((url) => new URL(url));
}

/** Whether a server on this machine has a certificate for a name or address. */
function isFor(port: number, name: string): Promise<boolean> {
  const ca = readFileSync(join(waxwing.folder.data, 'ca.pem'));
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined });
    socket.once('error', () => resolve(false));
    socket.once('secureConnect', () => {
      const { subjectaltname = '' } = socket.getPeerCertificate();
      socket.destroy();
      resolve(socket.authorized && subjectaltname.split(', ').includes(name));
    });
  });
}

test('endpoints have the first public name, certificates have all, and ports are in the range', async () => {
  const id = await waxwing.createBroker();
  const urls = await urlsOf(id);
  assert.deepEqual(
    urls.map(({ hostname, port }) => [hostname, Number(port)]),
    [
      [publicName, first],
      [publicName, first + 1],
    ],
  );
  for (const port of [waxwing.apiPort, first, first + 1]) {
    for (const name of [`DNS:${publicName}`, 'IP Address:192.0.2.7', 'DNS:localhost']) {
      assert.ok(await isFor(port, name), `${name} on ${port}`);
    }
  }
  // The environment of clients on this machine needs no name service.
  assert.match(waxwing.environment['AWS_ENDPOINT_URL'] ?? '', /^https:\/\/localhost:\d+$/);
});

test('on :: the service has clients with IPv4 and IPv6, and endpoints have brackets', async () => {
  const both = await Waxwing.start({
    args: ['--no-default-broker', '--host', '::', '--public-host', '::1,192.0.2.7'],
  });
  const id = await both.createBroker();
  const { BrokerInstances } = await both.mq.send(new DescribeBrokerCommand({ BrokerId: id }));
  const [{ ConsoleURL = '', Endpoints = [] } = {}] = BrokerInstances ?? [];
  const [endpoint = ''] = Endpoints;
  assert.match(endpoint, /^amqps:\/\/\[::1\]:\d+$/);
  assert.match(ConsoleURL, /^https:\/\/\[::1\]:\d+$/);
  const ca = readFileSync(join(both.folder.data, 'ca.pem'));
  for (const host of ['::1', '127.0.0.1']) {
    for (const port of [both.apiPort, Number(new URL(endpoint).port)]) {
      const socket = connect({ host, port, ca });
      await new Promise<void>((resolve, reject) => {
        socket.once('secureConnect', resolve);
        socket.once('error', reject);
      });
      assert.ok(socket.authorized);
      socket.destroy();
    }
  }
  await both.remove();
});

test('a port of the range that another program uses is skipped, and a full range is left', async () => {
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(first + 2, '127.0.0.1', resolve));
  const ports = (await urlsOf(await waxwing.createBroker())).map(({ port }) => Number(port));
  assert.deepEqual(ports.slice().sort(), [first + 3, first + 4]);
  const more = (await urlsOf(await waxwing.createBroker())).map(({ port }) => Number(port));
  assert.ok(
    more.every((port) => port < first || port >= first + portCount),
    String(more),
  );
  await new Promise((resolve) => squatter.close(resolve));
});
