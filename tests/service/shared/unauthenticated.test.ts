import assert from 'node:assert/strict';
import { request } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { before, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { systemClock } from '../../../src/base/clock.ts';
import type { HttpRequest } from '../../../src/net/http/message.ts';
import { openssl } from '../../support/openssl.ts';
import { isRunning } from '../../support/processes.ts';
import { sharedWaxwing } from '../../support/shared-waxwing.ts';
import { signRequest } from '../../support/sign-request.ts';
import type { Waxwing } from '../../support/waxwing.ts';

// Invalid requests to the ports of a running service: each is answered, no process ends, and other
// clients are not affected.

let waxwing: Waxwing;
let amqpPort = 0;
let processes: number[] = [];
before(async () => {
  waxwing = await sharedWaxwing();
  amqpPort = Number(new URL(waxwing.amqpUrl).port);
  processes = [waxwing.pid, ...waxwing.children];
});

/** All that a peer answers to some bytes until it ends the connection. */
function answerOf(socket: Socket, bytes: Buffer | string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Data after the end of the connection is answered with a reset.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.write(bytes);
  });
}

function overTls(port: number, bytes: Buffer | string, options: ConnectionOptions = {}) {
  const trusted = { port, host: 'localhost', ca: waxwing.ca, ...options };
  return answerOf(connectTls(trusted), bytes);
}

const amqpHeader = Buffer.from('414d515000000901', 'hex');

test('a client without TLS is told so in its own protocol, on both ports', async () => {
  const http = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const plain = async (port: number, bytes: Buffer | string) =>
    (await answerOf(connectTcp(port, '127.0.0.1'), bytes)).toString('latin1');
  assert.match(await plain(waxwing.apiPort, http), /^HTTP\/1\.1 400 .*accepts only HTTPS/s);
  assert.match(await plain(waxwing.apiPort, amqpHeader), /^HTTP\/1\.1 400 .*accepts only HTTPS/s);
  assert.match(await plain(amqpPort, http), /^HTTP\/1\.1 400 .*over TLS only: use amqps:/s);
  assert.match(await plain(amqpPort, amqpHeader), /NOT_ALLOWED - .*over TLS only: use amqps:/s);
  assert.equal(await plain(amqpPort, '\x00\x01\x02 nothing known'), '');
});

test('both ports refuse a client that offers only TLS 1.1, but accept 1.2 and 1.3', async () => {
  for (const port of [waxwing.apiPort, amqpPort]) {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    await assert.rejects(overTls(port, 'x', old), /alert protocol version/);
    assert.equal(await openssl(port, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'), undefined);
    assert.equal((await openssl(port, '-tls1_2'))?.version, 'TLSv1.2');
    assert.equal((await openssl(port, '-tls1_3'))?.version, 'TLSv1.3');
  }
});

test('a client of another protocol on the AMQP port is told the expected protocol', async () => {
  for (const header of ['GET / HTTP/1.1\r\n\r\n', '414d515009010000', 'ffffffffffffffff']) {
    const bytes = header.startsWith('G') ? header : Buffer.from(header, 'hex');
    assert.deepEqual(await overTls(amqpPort, bytes), amqpHeader);
  }
  // A client of AMQP 1.0 without SASL, which is required.
  const withoutSasl = Buffer.from('414d515000010000', 'hex');
  assert.deepEqual(await overTls(amqpPort, withoutSasl), Buffer.from('414d515003010000', 'hex'));
});

test('invalid, oversized and truncated frames close only their own connection', async () => {
  const bystander = await waxwing.connect();
  const frames = {
    'of an unknown type': '2a0000000000014fce',
    'larger than a frame before any agreement may be': '010000ffffffff',
    'without its end': `0100000000000${'4'}00000000ff`,
    'of garbage': 'de'.repeat(5000),
  };
  for (const [what, hex] of Object.entries(frames)) {
    const bytes = Buffer.concat([amqpHeader, Buffer.from(hex, 'hex')]);
    const answer = await overTls(amqpPort, bytes);
    // connection.start came first; what follows is a connection.close or the plain end.
    assert.equal(answer.toString('hex', 7, 11), '000a000a', what);
  }
  await bystander.publish('unauthenticated.orders', ['undisturbed']);
  assert.deepEqual(await bystander.take('unauthenticated.orders'), ['undisturbed']);
  await bystander.close();
});

/** Returns the answer of the API to an unchanged request. */
function ask({ method, rawPath, rawQuery, headers, body }: HttpRequest) {
  return new Promise<{ status: number | undefined; type: unknown; message: string }>(
    (resolve, reject) => {
      const sent = request(
        {
          port: waxwing.apiPort,
          ca: waxwing.ca,
          method,
          path: rawQuery ? `${rawPath}?${rawQuery}` : rawPath,
          headers: { ...Object.fromEntries(headers), 'content-length': body.length },
          agent: false,
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          response.on('end', () => {
            const said = JSON.parse(text) as { message?: string; __type?: string };
            const type = response.headers['x-amzn-errortype'] ?? said.__type;
            resolve({ status: response.statusCode, type, message: said.message ?? '' });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    },
  );
}

/** Signs a call of the key service as the official clients do, or with something changed. */
function signed(operation: string, body: string, changes: { atMs?: number; secret?: string } = {}) {
  const { environment } = waxwing;
  return signRequest(
    {
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `TrentService.${operation}`,
      },
      body,
    },
    {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: changes.secret ?? environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      region: environment['AWS_REGION'] ?? '',
      service: 'kms',
      atMs: changes.atMs ?? systemClock.nowMs(),
    },
  );
}

test('malformed calls are refused with the errors of AWS', async () => {
  const right = await ask(await signed('ListKeys', '{}'));
  assert.equal(right.status, 200);
  const wrongSecret = await ask(await signed('ListKeys', '{}', { secret: 'x'.repeat(40) }));
  assert.equal(wrongSecret.type, 'InvalidSignatureException');
  assert.match(wrongSecret.message, /signature we calculated does not match/);
  const hourAgo = systemClock.nowMs() - 3_600_000;
  const skewed = await ask(await signed('ListKeys', '{}', { atMs: hourAgo }));
  assert.equal(skewed.type, 'InvalidSignatureException');
  assert.match(skewed.message, /Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T/);
  const unknown = await ask(await signed('SellKeys', '{}'));
  assert.equal(unknown.type, 'UnknownOperationException');
  const malformed = await ask(await signed('ListKeys', '{"Limit": '));
  assert.equal(malformed.type, 'SerializationException');
  const wrongType = await ask(await signed('ListKeys', '{"Limit": "many"}'));
  assert.equal(wrongType.type, 'SerializationException');
  for (const { status } of [wrongSecret, skewed, unknown, malformed, wrongType]) {
    assert.ok(status === 400 || status === 403 || status === 404, String(status));
  }
});

test('an official client with an unknown access key is refused with an error', async () => {
  const { AWS_ENDPOINT_URL = '', AWS_REGION = '' } = waxwing.environment;
  const { requestHandler } = waxwing.kms.config;
  const unknownCaller = new KMSClient({
    endpoint: AWS_ENDPOINT_URL,
    region: AWS_REGION,
    credentials: { accessKeyId: 'AKIA2222222222222222', secretAccessKey: 'x'.repeat(40) },
    requestHandler,
    maxAttempts: 1,
  });
  await assert.rejects(unknownCaller.send(new ListKeysCommand({})), {
    name: 'UnrecognizedClientException',
  });
});

test('none of these inputs ended a process or revealed a stack trace', async () => {
  assert.ok(processes.every(isRunning));
  assert.doesNotMatch(waxwing.output, /\bat .*\.js:\d+/);
  const client = await waxwing.connect();
  await client.publish('unauthenticated.orders', ['as before']);
  assert.deepEqual(await client.take('unauthenticated.orders'), ['as before']);
  await client.close();
});
