import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import tls, { type SecureContextOptions } from 'node:tls';
import { type TestCertificates, testCertificates } from '../../tests/support/certificates.ts';
import { systemClock } from '../base/clock.ts';
import { HttpsClient } from '../net/http/https-client.ts';
import { dial } from './amqp/dial.ts';
import { ManagementClient } from './moving/management-client.ts';

// Reading the certificates of the public authorities takes 25 milliseconds, so no connection may do it.

let certificates: TestCertificates;
let stranger: TestCertificates;
const server = createServer((_, response) => response.setHeader('Connection', 'close').end('{}'));
let port = 0;

before(async () => {
  [certificates, stranger] = await Promise.all([testCertificates(), testCertificates()]);
  const [ecdsa] = certificates.servers;
  server.setSecureContext({ cert: ecdsa?.certificate, key: ecdsa?.privateKey });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port; // it listens on a port, not on a pipe
});

after(() => server.close());

/** Counts the contexts that Node makes for connections which bring their authorities with them. */
function contextsWithAuthorities(context: TestContext): () => number {
  const made = context.mock.method(tls, 'createSecureContext');
  return () =>
    made.mock.calls.filter(({ arguments: [options] }) => {
      const { ca } = (options ?? {}) as SecureContextOptions;
      return ca !== undefined;
    }).length;
}

const dialOptions = (authority: string) => ({
  authorities: [authority],
  clock: systemClock,
  timeoutMs: 10_000,
});
const endpoint = () => ({ host: 'localhost', port, isTls: true, serverName: undefined });

function management(authority: string): ManagementClient {
  const url = new URL(`https://localhost:${port}`);
  const access = { url, username: 'u', password: 'p', authorities: [authority] };
  return new ManagementClient(access, systemClock);
}

test('connections to AMQP servers do not read the authorities again', async (t) => {
  const count = contextsWithAuthorities(t);
  for (let i = 0; i < 2; i++) {
    (await dial(endpoint(), dialOptions(certificates.authority))).destroy();
  }
  assert.equal(count(), 0);
  await assert.rejects(dial(endpoint(), dialOptions(stranger.authority)), {
    code: 'connection-failed',
  });
});

test('connections to management APIs do not read the authorities again', async (t) => {
  const count = contextsWithAuthorities(t);
  const client = management(certificates.authority);
  for (let i = 0; i < 2; i++) assert.deepEqual(await client.get('/overview'), {});
  assert.deepEqual(await management(certificates.authority).get('/overview'), {});
  assert.equal(count(), 0);
});

test('a client with other authorities refuses a server that another one has just trusted', async () => {
  assert.deepEqual(await management(certificates.authority).get('/overview'), {});
  const other = management(stranger.authority);
  await assert.rejects(other.get('/overview'), { code: 'connection-failed' });
  assert.deepEqual(await management(certificates.authority).get('/overview'), {});
});

test('requests of HTTPS clients do not read the authorities again', async (t) => {
  const count = contextsWithAuthorities(t);
  for (let i = 0; i < 2; i++) {
    const client = new HttpsClient({ authorities: certificates.authority, clock: systemClock });
    assert.deepEqual(await client.getJson(new URL(`https://localhost:${port}/`)), {});
  }
  assert.equal(count(), 0);
  const other = new HttpsClient({ authorities: stranger.authority, clock: systemClock });
  await assert.rejects(other.getJson(new URL(`https://localhost:${port}/`)), {
    code: 'request-failed',
  });
});
