import assert from 'node:assert/strict';
import { Agent, type RequestOptions, request } from 'node:https';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import {
  CreateAliasCommand,
  EncryptCommand,
  KMSClient,
  ListAliasesCommand,
} from '@aws-sdk/client-kms';
import {
  CreateBrokerCommand,
  DeleteTagsCommand,
  DescribeBrokerCommand,
  MqClient,
} from '@aws-sdk/client-mq';
import { systemClock } from '../../../src/base/clock.ts';
import { httpLimits } from '../../../src/net/http/http-limits.ts';
import { HttpListener } from '../../../src/net/http/http-listener.ts';
import { apiAdmissionLimits } from '../../../src/net/limits.ts';
import { defaultTlsPolicy } from '../../../src/net/tls-policy.ts';
import { apiRoutes } from '../../../src/server/api/compose-api.ts';
import { planeCertificates } from '../../support/certificates.ts';
import { accessKeyId, region, secretAccessKey, TestApi } from '../../support/test-api.ts';

const { bodyBytesMax } = httpLimits;
const api = new TestApi();
let listener: HttpListener;
let port = 0;
let ca = '';

before(async () => {
  const certificates = await planeCertificates();
  ca = certificates.authority;
  listener = new HttpListener({
    host: '127.0.0.1',
    certificates: certificates.servers,
    policy: defaultTlsPolicy,
    admissionLimits: apiAdmissionLimits,
    routes: apiRoutes(api.dispatcher),
    clock: systemClock,
  });
  port = await listener.open(0);
  // The official clients sign with this machine's time.
  api.clock.advance(systemClock.nowMs() - api.clock.nowMs());
});

after(() => listener.close(1000));

interface Answer {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

function ask(options: RequestOptions, body: string | Buffer = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, ca, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode: status, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The answer to a plain TCP connection. */
function askPlain(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', reject);
    socket.write(text);
  });
}

/** The answer to arbitrary bytes on a TLS connection. */
function askRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', reject);
    socket.write(text);
  });
}

function sdkOptions() {
  return {
    endpoint: `https://127.0.0.1:${port}`,
    region,
    credentials: { accessKeyId, secretAccessKey },
    requestHandler: { httpsAgent: new Agent({ ca, keepAlive: true }) },
    maxAttempts: 1,
  };
}

test('the official KMS client makes calls and understands errors', async () => {
  const client = new KMSClient(sdkOptions());
  const encrypted = await client.send(
    new EncryptCommand({
      KeyId: 'k',
      Plaintext: Buffer.from([1, 2]),
      EncryptionContext: { é: '"' },
    }),
  );
  assert.deepEqual(Buffer.from(encrypted.CiphertextBlob ?? []), Buffer.from([2, 1]));
  assert.equal(api.recorded.at(-1)?.tls?.version, 'TLSv1.3');
  assert.equal(api.recorded.at(-1)?.tls?.host, `127.0.0.1:${port}`);
  assert.equal(api.recorded.at(-1)?.sourceIp, '127.0.0.1');
  const alias = new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: 'k' });
  await client.send(alias);
  await assert.rejects(client.send(alias), { name: 'AlreadyExistsException', message: 'alias/a' });
  const { Aliases } = await client.send(new ListAliasesCommand({}));
  assert.deepEqual(Aliases?.[0]?.AliasName, 'alias/a');
  await assert.rejects(client.send(new ListAliasesCommand({ Limit: 0 })), {
    name: 'ValidationException',
  });
  client.destroy();
});

test('the official Amazon MQ client makes calls and understands errors', async () => {
  const client = new MqClient(sdkOptions());
  const created = await client.send(
    new CreateBrokerCommand({
      BrokerName: 'x',
      EngineType: 'RABBITMQ',
      DeploymentMode: 'SINGLE_INSTANCE',
      HostInstanceType: 'mq.m7g.medium',
      PubliclyAccessible: false,
      Users: [{ Username: 'u', Password: 'a long password' }],
    }),
  );
  assert.equal(created.BrokerId, 'b-x');
  const ResourceArn = 'arn:aws:mq:eu-central-1:123456789012:broker:x:b-x';
  await client.send(new DeleteTagsCommand({ ResourceArn, TagKeys: ['a', 'b/c d'] }));
  assert.deepEqual(api.recorded.at(-1)?.requestParameters, {
    resourceArn: ResourceArn,
    tagKeys: ['a', 'b/c d'],
  });
  await assert.rejects(client.send(new DescribeBrokerCommand({ BrokerId: 'b-1' })), {
    name: 'NotFoundException',
    message: 'no broker b-1',
    ErrorAttribute: 'broker-id',
  });
  client.destroy();
});

test('the health endpoint reports only that the service answers', async () => {
  const { status, body } = await ask({ path: '/health' });
  assert.deepEqual([status, body], [200, '{}']);
});

test('an unknown path returns Not Found in the AWS error format', async () => {
  for (const path of ['/favicon.ico', '/v2/brokers', '/health/x', '/%', '//']) {
    const { status, headers, body } = await ask({ path });
    assert.deepEqual([status, headers['x-amzn-errortype']], [404, 'UnknownOperationException']);
    assert.match(JSON.parse(body).message, /^Unknown operation: GET /);
  }
});

test('a body of the maximum size is accepted, and one byte more is refused', async () => {
  const headers = { 'x-amz-target': 'TrentService.Encrypt' };
  const largest = await ask({ method: 'POST', headers }, Buffer.alloc(bodyBytesMax, ' '));
  assert.equal(largest.headers['x-amzn-errortype'], 'MissingAuthenticationTokenException');
  for (const sizeBytes of [bodyBytesMax + 1, 10 * bodyBytesMax]) {
    const { status, body } = await ask({ method: 'POST', headers }, Buffer.alloc(sizeBytes, ' '));
    assert.equal(status, 413);
    assert.deepEqual(JSON.parse(body), {
      __type: 'RequestEntityTooLargeException',
      message: 'The request is larger than the maximum of 1048576 bytes',
    });
  }
  assert.equal(api.refused.at(-1)?.code, 'RequestEntityTooLargeException');
});

test('a client without TLS receives an explanation', async () => {
  const answer = await askPlain('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(answer, /This port accepts only HTTPS with TLS 1\.2 or 1\.3/);
});

test('a client that offers only TLS 1.1 fails the handshake', async () => {
  const secureProtocol = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
  const ciphers = 'DEFAULT@SECLEVEL=0';
  await assert.rejects(ask({ path: '/health', ...secureProtocol, ciphers }), {
    message: /alert protocol version/,
  });
  assert.equal((await ask({ path: '/health', maxVersion: 'TLSv1.2' })).status, 200);
});

test('input that is not HTTP is answered and the connection is closed', async () => {
  assert.match(
    await askRaw('AMQP\0\0\x09\x01'),
    /^HTTP\/1\.1 400 Bad Request\r\n.*not valid HTTP/s,
  );
  assert.match(await askRaw('GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\n/);
  const header = `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`;
  assert.match(await askRaw(header), /^HTTP\/1\.1 431 /);
});

test('several calls reuse one connection', async () => {
  const agent = new Agent({ ca, keepAlive: true, maxSockets: 1 });
  const first = await ask({ path: '/health', agent });
  const second = await ask({ path: '/nowhere', agent });
  assert.deepEqual([first.status, second.status], [200, 404]);
  assert.equal(first.headers['connection'], 'keep-alive');
  agent.destroy();
});

test('the console address serves a page to browsers and still accepts API calls', async () => {
  const { status, headers, body } = await ask({ method: 'GET', path: '/' });
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/html; charset=utf-8');
  assert.match(String(headers['content-security-policy']), /^default-src 'none'/);
  assert.match(body, /^<!doctype html>[\s\S]*href="\/console\/"/);
  assert.deepEqual(
    ['x-content-type-options', 'x-frame-options', 'referrer-policy', 'cache-control'].map(
      (name) => headers[name],
    ),
    ['nosniff', 'DENY', 'no-referrer', 'no-store'],
  );
  const head = await ask({ method: 'HEAD', path: '/' });
  assert.deepEqual([head.status, head.body], [200, '']);
  assert.equal(head.headers['content-length'], String(Buffer.byteLength(body)));
  const form = await ask({ method: 'POST', path: '/', headers: { Accept: 'text/html,*/*' } });
  assert.deepEqual([form.status, form.headers['allow'], form.body], [405, 'GET, HEAD', body]);
  for (const call of [
    { method: 'GET', path: '/?Action=GetCallerIdentity' },
    { method: 'GET', path: '/', headers: { Authorization: 'AWS4-HMAC-SHA256 nothing' } },
    { method: 'POST', path: '/' },
  ]) {
    const answer = await ask(call);
    assert.ok(Number(answer.status) >= 400, `${call.method} ${call.path}`);
    assert.doesNotMatch(answer.body, /<!doctype/);
  }
});

test('handshakes wait while the port is held, and plain connections are answered at once', async () => {
  listener.hold();
  let isAnswered = false;
  const asked = ask({ path: '/x' }).finally(() => {
    isAnswered = true;
  });
  const left = connect(port, '127.0.0.1');
  left.write(Buffer.of(0x16, 3, 1));
  left.on('error', () => {});
  assert.match(await askPlain('GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
  left.destroy();
  assert.match(await askPlain('GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.equal(isAnswered, false);
  listener.release();
  assert.equal((await asked).status, 404);
  assert.equal((await ask({ path: '/x' })).status, 404);
});
