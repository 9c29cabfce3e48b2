import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { systemClock } from '../../../src/base/clock.ts';
import { type HttpLimits, httpLimits } from '../../../src/net/http/http-limits.ts';
import { HttpListener } from '../../../src/net/http/http-listener.ts';
import type { HttpRequest } from '../../../src/net/http/message.ts';
import { apiAdmissionLimits } from '../../../src/net/limits.ts';
import { defaultTlsPolicy } from '../../../src/net/tls-policy.ts';
import { apiRoutes } from '../../../src/server/api/compose-api.ts';
import { planeCertificates, type TestCertificates } from '../../support/certificates.ts';
import { until } from '../../support/processes.ts';
import { TestApi } from '../../support/test-api.ts';

// The limits on unauthenticated callers: requests byte for byte, on a real port.

const api = new TestApi();
const kib = 1024;
let certificates: TestCertificates;
const listeners: HttpListener[] = [];
let port = 0;
let listener: HttpListener;

async function listen(limits: Partial<HttpLimits> = {}) {
  const options = {
    host: '127.0.0.1',
    certificates: certificates.servers,
    policy: defaultTlsPolicy,
    admissionLimits: apiAdmissionLimits,
    limits,
    routes: apiRoutes(api.dispatcher),
    clock: systemClock,
  };
  const made = new HttpListener(options);
  listeners.push(made);
  return { made, at: await made.open(0) };
}

before(async () => {
  certificates = await planeCertificates();
  const { made, at } = await listen();
  listener = made;
  port = at;
  api.clock.advance(systemClock.nowMs() - api.clock.nowMs());
});
after(() => Promise.all(listeners.map((each) => each.close(0))));

/** All data from the port until the end of the connection, or until the given number of answers. */
function told(bytes: readonly (string | Buffer)[], at = port, answerCount = Infinity) {
  return new Promise<string>((resolve) => {
    const socket = opened(at);
    let text = '';
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1');
      if (text.split('HTTP/1.1 ').length > answerCount) socket.destroy();
    });
    socket.on('close', () => resolve(text));
    for (const each of bytes) socket.write(each);
  });
}

function opened(at = port): TLSSocket {
  const socket = connect({ port: at, host: '127.0.0.1', ca: certificates.authority });
  socket.on('error', () => {});
  return socket;
}

/**
 * The head of a signed request as it goes over the wire, with headers that are not signed after it.
 */
function headOf({ method, rawPath, headers }: HttpRequest, ...more: string[]): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${rawPath} HTTP/1.1`, ...lines, ...more, '', ''].join('\r\n');
}

const unsigned = (...headers: string[]) =>
  ['POST / HTTP/1.1', 'Host: x', 'X-Amz-Target: TrentService.Encrypt', ...headers, '', ''].join(
    '\r\n',
  );
const chunks = (count: number) => '1\r\nx\r\n'.repeat(count);
const codeOf = (answer: string) => /x-amzn-ErrorType: (\w+)/i.exec(answer)?.[1];

test('an unsigned call is answered after its headers, and its chunked body is not parsed', async () => {
  const answer = await told([unsigned('Transfer-Encoding: chunked'), chunks(1000)]);
  assert.match(answer, /^HTTP\/1\.1 400 .*Connection: close/s);
  assert.equal(codeOf(answer), 'MissingAuthenticationTokenException');
});

test('header errors are refused before the body is requested', async () => {
  const signed = await api.kmsRequest('Encrypt', '{}');
  const late = await api.signed(
    'kms',
    { method: 'POST', path: '/', headers: { 'x-amz-target': 'TrentService.Encrypt' }, body: '{}' },
    { atMs: api.clock.nowMs() - 3_600_000 },
  );
  const cases: [string, string][] = [
    [unsigned(), 'MissingAuthenticationTokenException'],
    [unsigned('Authorization: AWS4-HMAC-SHA256 x'), 'IncompleteSignatureException'],
    [headOf(late), 'InvalidSignatureException'],
    [headOf(signed).replace('AKIAEXAMPLEEXAMPLE22', 'AKIA2'), 'UnrecognizedClientException'],
    [headOf(signed).replace('.Encrypt', '.Nothing'), 'UnknownOperationException'],
  ];
  for (const [head, code] of cases) {
    const asking = head.replace(/\r\n$/, 'Expect: 100-continue\r\nContent-Length: 900000\r\n\r\n');
    const answer = await told([asking]);
    assert.doesNotMatch(answer, /100 Continue/);
    assert.equal(codeOf(answer), code, answer);
  }
});

test('a plausible request with Expect receives 100 Continue', async () => {
  const body = '{"KeyId":"k","Plaintext":"AAEC"}';
  const request = await api.kmsRequest('Encrypt', body);
  const head = headOf(request, 'Expect: 100-continue', `Content-Length: ${body.length}`);
  const socket = opened();
  let text = '';
  socket.on('data', (piece: Buffer) => {
    text += piece.toString('latin1');
  });
  socket.write(head);
  await until('it is asked', () => text.includes('100 Continue'));
  socket.write(body);
  await until('it is answered', () => text.includes('HTTP/1.1 200 OK'));
  socket.destroy();
});

test('a chunked body is accepted only if the headers authenticate the caller', async () => {
  const body = '{"KeyId":"k","Plaintext":"AAEC"}';
  const inChunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\nX-Trailer: ignored\r\n\r\n`;
  const guessed = await api.kmsRequest('Encrypt', body);
  const refused = await told([headOf(guessed, 'Transfer-Encoding: chunked'), inChunks]);
  assert.match(refused, /^HTTP\/1\.1 411 /);
  assert.equal(codeOf(refused), 'MissingContentLength');
  const hash = createHash('sha256').update(body).digest('hex');
  const headers = { 'x-amz-target': 'TrentService.Encrypt', 'x-amz-content-sha256': hash };
  const proven = await api.signed('kms', { method: 'POST', path: '/', headers, body });
  const head = headOf(proven, 'Transfer-Encoding: chunked');
  assert.match(await told([head, inChunks], port, 1), /^HTTP\/1\.1 200 /);
  const other = `2\r\n{}\r\n0\r\n\r\n`;
  const changed = await told([head, other], port, 1);
  assert.equal(codeOf(changed), 'InvalidSignatureException');
});

test('bodies of unauthenticated requests share a bounded memory, which is released', async () => {
  const unauthenticatedBodies = { bytesMax: 64 * kib, sourceBytesMax: 32 * kib };
  const { made, at } = await listen({ unauthenticatedBodies });
  const length = `Content-Length: ${100 * kib}`;
  const head = headOf(await api.kmsRequest('Encrypt', '{}'), length);
  const holding = opened(at);
  holding.write(head);
  holding.write(Buffer.alloc(20 * kib, ' '));
  await until('it is received', () => made.unauthenticatedBytes > 0);
  assert.ok(
    made.unauthenticatedBytes <= unauthenticatedBodies.sourceBytesMax,
    `${made.unauthenticatedBytes} bytes`,
  );
  // The connection ends with the answer, which a client that is still sending may not see.
  await told([head, Buffer.alloc(100 * kib, ' ')], at, 1);
  assert.equal(api.refused.at(-1)?.code, 'ThrottlingException');
  // Small bodies need no share.
  const body = '{"KeyId":"k","Plaintext":"AAEC"}';
  const right = await api.kmsRequest('Encrypt', body);
  const small = headOf(right, `Content-Length: ${body.length}`);
  assert.match(await told([small, body], at, 1), /^HTTP\/1\.1 200 /);
  holding.destroy();
  await until('it is given back', () => made.unauthenticatedBytes === 0);
});

test('a body in too many chunks is cut off', async () => {
  const head = headOf(await api.kmsRequest('Encrypt', '{}'), 'Content-Length: 100000');
  const socket = opened();
  let answer = '';
  socket.on('data', (piece: Buffer) => {
    answer += piece.toString('latin1');
  });
  const sent = (bytes: string) => new Promise((resolve) => socket.write(bytes, resolve));
  await sent(head);
  let count = 0;
  while (!socket.destroyed && count < 50_000) {
    await sent('x');
    count++;
  }
  assert.ok(count >= httpLimits.bodyPiecesMax && count < 50_000, `${count} pieces`);
  assert.match(answer, /^(HTTP\/1\.1 413 |$)/);
  assert.equal(listener.unauthenticatedBytes, 0);
});

test('a request with too many headers or too many parameters is refused', async () => {
  const headers = Array.from({ length: httpLimits.headerCountMax }, (_, i) => `a${i}: x`);
  assert.match(await told([unsigned(...headers)], port, 1), /^HTTP\/1\.1 431 .*100 headers/s);
  const form = '&a'.repeat(2000);
  const contentType = 'application/x-www-form-urlencoded';
  const plain = { method: 'POST', path: '/', headers: { 'content-type': contentType }, body: form };
  const request = await api.signed('kms', plain);
  const answer = await told([headOf(request, `Content-Length: ${form.length}`), form], port, 1);
  assert.match(
    answer,
    /<Code>MalformedInput<\/Code>.*more than 1000 parameters, the maximum allowed/,
  );
  const anonymous = unsigned(`Content-Type: ${contentType}`, `Content-Length: ${form.length}`);
  const refused = await told([anonymous.replace(/X-Amz-Target.*\r\n/, ''), form], port, 1);
  assert.match(refused, /<Code>MissingAuthenticationToken<\/Code>/);
});

test('a client with too many pipelined requests is disconnected', async () => {
  const health = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n';
  assert.equal((await told([health.repeat(2)], port, 2)).split('HTTP/1.1 200').length, 3);
  const answer = await told([health.repeat(100)]);
  assert.ok(answer.split('HTTP/1.1 200').length <= 1 + httpLimits.pipelinedCountMax, answer);
});

test('unfinished headers, unfinished bodies and idle connections are closed', async () => {
  const limits = { headersMs: 100, requestMs: 200, unreadMs: 100, keepAliveMs: 100, checkMs: 20 };
  const { at } = await listen(limits);
  const right = headOf(await api.kmsRequest('Encrypt', '{}'), 'Content-Length: 1000');
  assert.match(await told(['POST / HTTP/1.1\r\nHost: x\r\n'], at), /^HTTP\/1\.1 408 /);
  assert.match(await told([right, 'x'], at), /^HTTP\/1\.1 408 /);
  assert.equal(codeOf(await told([unsigned('Content-Length: 9'), 'x'], at)), missing);
  assert.match(await told(['GET /health HTTP/1.1\r\nHost: x\r\n\r\n'], at), /^HTTP\/1\.1 200 /);
  assert.match(await told([''], at), /^(HTTP\/1\.1 408 |$)/);
});

const missing = 'MissingAuthenticationTokenException';

test('an authenticated connection no longer counts as unauthenticated', async () => {
  const body = '{"KeyId":"k","Plaintext":"AAEC"}';
  const before = listener.admission.unauthenticatedCount;
  const socket = opened();
  const head = headOf(await api.kmsRequest('Encrypt', body), `Content-Length: ${body.length}`);
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  await until('it has come', () => listener.admission.unauthenticatedCount === before + 1);
  socket.write(head + body);
  await until('it is known', () => listener.admission.unauthenticatedCount === before);
  socket.destroy();
});
