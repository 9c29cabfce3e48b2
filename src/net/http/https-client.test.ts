import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { testCertificates } from '../../../tests/support/certificates.ts';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { HttpsClient } from './https-client.ts';

let server: Server;
let authority: string;
const clock = new ManualClock();
/** Resolves when a request for a path without an answer has arrived. */
let arrived = () => {};

before(async () => {
  const { authority: own, servers } = await testCertificates();
  authority = own;
  server = createServer({
    cert: servers.map(({ certificate }) => certificate),
    key: servers.map(({ privateKey }) => privateKey),
  });
  server.on('request', (request, response) => {
    const [path] = (request.url ?? '').split('?');
    if (path === '/json') response.end('{"a":1}');
    else if (path === '/text') response.end('a');
    else if (path === '/missing') response.writeHead(404).end('{}');
    else if (path === '/large') response.end('x'.repeat(2000));
    else if (path === '/slow') {
      response.write('{');
      arrived();
    } else arrived();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

after(() => {
  server.closeAllConnections();
  server.close();
});

const url = (path: string) =>
  new URL(path, `https://localhost:${(server.address() as AddressInfo).port}`);
const client = () =>
  new HttpsClient({ authorities: authority, clock, timeoutMs: 5000, bodyBytesMax: 1000 });
const failed = (message: RegExp) => ({ code: 'request-failed', message });

test('a JSON document is returned, and anything else is an error', async () => {
  assert.deepEqual(await client().getJson(url('/json')), { a: 1 });
  await assert.rejects(client().getJson(url('/text')), failed(/is not JSON/));
  await assert.rejects(client().getJson(url('/missing')), failed(/has status 404/));
  await assert.rejects(client().getJson(url('/large')), failed(/more than 1000 bytes/));
});

test('a server without an answer, or whose answer does not end, is given up', async () => {
  for (const path of ['/nothing', '/slow']) {
    const waiting = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const answer = client().getJson(url(path));
    answer.catch(() => {}); // awaited below
    await waiting;
    clock.advance(5000);
    await assert.rejects(answer, failed(/no complete answer within 5000 ms/));
  }
  assert.equal(clock.timerCount, 0);
});

test('certificates of unknown authorities and addresses without TLS are refused', async () => {
  const unknowing = new HttpsClient({ authorities: undefined, clock });
  await assert.rejects(unknowing.getJson(url('/json')), failed(/cannot be used/));
  const plain = new URL('http://localhost/json');
  await assert.rejects(client().getJson(plain), failed(/only https is allowed/));
});

test('errors do not contain the query, which may have secrets', async () => {
  const secret = url('/missing?code=secret');
  await assert.rejects(
    client().getJson(secret),
    (error: Error) => !error.message.includes('secret'),
  );
});
