import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { systemClock } from '../../../src/base/clock.ts';
import { HttpListener } from '../../../src/net/http/http-listener.ts';
import { jsonResponse } from '../../../src/net/http/message.ts';
import type { Admission, RequestHandler } from '../../../src/net/http/request-handler.ts';
import { RouteTable } from '../../../src/net/http/route-table.ts';
import { staticSite } from '../../../src/net/http/static-site.ts';
import { webSocketHandler } from '../../../src/net/http/web-socket.ts';
import { apiAdmissionLimits } from '../../../src/net/limits.ts';
import { defaultTlsPolicy } from '../../../src/net/tls-policy.ts';
import { planeCertificates } from '../../support/certificates.ts';
import { httpsRequest } from '../../support/https-request.ts';
import { until } from '../../support/processes.ts';

// The features of the HTTP listener: routes, bytes, streams, sites, WebSocket connections.

const mib = 1024 * 1024;
let listener: HttpListener;
let port = 0;
let ca = '';
let folder = '';
/** Pieces that the endless stream was asked for, and whether it was told to end. */
const endless = { pieceCount: 0, isEnded: false };
const told: string[] = [];
const indexPage = '<title>Console</title>';
const longScript = 'let b = 1;'.repeat(1000);

function handler(answer: Admission['answer'], more: Partial<RequestHandler> = {}): RequestHandler {
  return {
    admit: () => ({ refusal: undefined, isProven: false, answer }),
    reject: (_head, rejection, limitBytes) => jsonResponse(400, { rejection, limitBytes }),
    ...more,
  };
}

async function* pieces() {
  try {
    for (;;) {
      endless.pieceCount++;
      yield Buffer.alloc(64 * 1024);
    }
  } finally {
    endless.isEnded = true;
  }
}

async function* broken() {
  yield Buffer.from('the beginning');
  throw new Error('and no end');
}

function routes(): RouteTable {
  const small = { bodyBytesMax: 8 };
  const echo: Admission['answer'] = async (body) => ({ status: 200, headers: {}, body });
  const labels: RequestHandler = handler(echo, {
    admit: (_head, found) => ({
      refusal: jsonResponse(200, Object.fromEntries(found)),
      isProven: false,
      answer: echo,
    }),
  });
  const site = {
    folder: join(folder, 'site'),
    contentSecurityPolicy: "default-src 'self'",
    immutable: /^\/assets\//,
  };
  return new RouteTable()
    .handle('POST', '/echo', handler(echo))
    .handle('POST', '/small', handler(echo, small))
    .handle('GET', '/api/queues/{vhost}/{name}', labels)
    .handle(
      'GET',
      '/numbers',
      handler(async () => ({ status: 200, headers: {}, stream: numbers() })),
    )
    .handle(
      'HEAD',
      '/numbers',
      handler(async () => ({ status: 200, headers: {}, stream: pieces() })),
    )
    .handle(
      'GET',
      '/endless',
      handler(async () => ({ status: 200, headers: {}, stream: pieces() })),
    )
    .handle(
      'GET',
      '/broken',
      handler(async () => ({ status: 200, headers: {}, stream: broken() })),
    )
    .site('/console', staticSite({ ...site, path: '/console', isSinglePage: true }))
    .site('/files', staticSite({ ...site, path: '/files', isSinglePage: false }))
    .upgrade(
      '/ws',
      webSocketHandler({
        protocols: ['mqtt'],
        messageBytesMax: 1000,
        refuse: (head) =>
          head.rawQuery === 'no' ? jsonResponse(403, { message: 'not you' }) : undefined,
        opened(socket, head, admitted) {
          admitted();
          told.push(`${head.rawPath} ${socket.protocol}`);
          socket.on('message', (bytes: Buffer) => socket.send(bytes));
          socket.on('close', (code) => told.push(`closed ${code}`));
        },
      }),
    );
}

async function* numbers() {
  for (let number = 0; number < 1000; number++) yield Buffer.from(`${number}\n`);
}

before(async () => {
  const certificates = await planeCertificates();
  ca = certificates.authority;
  folder = await mkdtemp(join(tmpdir(), 'waxwing-site-'));
  await mkdir(join(folder, 'site', 'assets'), { recursive: true });
  await writeFile(join(folder, 'site', 'index.html'), indexPage);
  await writeFile(join(folder, 'site', 'assets', 'a.js'), 'let a = 1;');
  await writeFile(join(folder, 'site', 'assets', 'b.js'), longScript);
  await writeFile(join(folder, 'site', 'assets', 'b.js.br'), brotliCompressSync(longScript));
  await writeFile(join(folder, 'site', 'index.html.br'), brotliCompressSync(indexPage));
  await writeFile(join(folder, 'site', '.hidden'), 'secret');
  await writeFile(join(folder, 'site', '.hidden.js.br'), 'secret');
  await writeFile(join(folder, 'outside.txt'), 'secret');
  listener = new HttpListener({
    host: '127.0.0.1',
    certificates: certificates.servers,
    policy: defaultTlsPolicy,
    admissionLimits: apiAdmissionLimits,
    routes: routes(),
    clock: systemClock,
  });
  port = await listener.open(0);
});

after(async () => {
  await listener.close(0);
  await rm(folder, { recursive: true });
});

const ask = (options: RequestOptions, body: string | Buffer = '') =>
  httpsRequest({ port, ca, ...options }, body);
const textOf = async (options: RequestOptions) => (await ask(options)).body.toString();

/** Bytes of our choice on a TLS connection. */
function raw(text: string): TLSSocket {
  const socket = connect({ port, host: '127.0.0.1', ca });
  socket.on('error', () => {});
  socket.write(text);
  return socket;
}

test('binary responses are returned unchanged', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const { body, headers } = await ask({ method: 'POST', path: '/echo' }, bytes);
  assert.deepEqual(body, bytes);
  assert.equal(headers['cache-control'], 'no-store');
});

test('a route can set a lower body limit and its own error text', async () => {
  const options = { method: 'POST', path: '/small' };
  assert.equal((await ask(options, 'x'.repeat(8))).status, 200);
  const { status, body } = await ask(options, 'x'.repeat(9));
  assert.equal(status, 400);
  assert.deepEqual(JSON.parse(body.toString()), { rejection: 'too-large', limitBytes: 8 });
});

test('a chunked body from an unknown sender is refused in the error format of the route', async () => {
  const options = { method: 'POST', path: '/echo', headers: { 'Transfer-Encoding': 'chunked' } };
  const { status, body } = await ask(options, 'x');
  assert.deepEqual([status, JSON.parse(body.toString()).rejection], [400, 'length-required']);
});

test('path parameters are decoded, including an encoded slash', async () => {
  const text = await textOf({ path: '/api/queues/%2F/a%20b' });
  assert.deepEqual(JSON.parse(text), { vhost: '/', name: 'a b' });
});

test('an unknown path returns 404, and a wrong method returns the allowed methods', async () => {
  assert.equal((await ask({ path: '/nothing' })).status, 404);
  const { status, headers } = await ask({ path: '/echo' });
  assert.deepEqual([status, headers.allow], [405, 'POST']);
});

test('a stream is sent completely, and HEAD reads none of it', async () => {
  const text = await textOf({ path: '/numbers' });
  assert.equal(text, Array.from({ length: 1000 }, (_, number) => `${number}\n`).join(''));
  const before = endless.pieceCount;
  const { status, body } = await ask({ method: 'HEAD', path: '/numbers' });
  assert.deepEqual([status, body.length, endless.pieceCount], [200, 0, before]);
});

test('a stream respects backpressure and ends when the peer disconnects', async () => {
  endless.isEnded = false;
  endless.pieceCount = 0;
  const socket = raw('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'readable');
  let seen = -1;
  await until('it waits for the peer', () => {
    const isStill = seen === endless.pieceCount;
    seen = endless.pieceCount;
    return isStill;
  });
  assert.ok(endless.pieceCount * 64 * 1024 < 16 * mib, `${endless.pieceCount} pieces`);
  assert.equal(endless.isEnded, false);
  socket.destroy();
  await until('it is told', () => endless.isEnded);
});

test('a failing stream resets the connection, so a partial response is not taken as complete', async () => {
  await assert.rejects(ask({ path: '/broken' }), { code: 'ECONNRESET' });
});

test('a site is served with its content types, security policy and cache rules', async () => {
  const page = await ask({ path: '/console/' });
  assert.equal(page.body.toString(), indexPage);
  assert.match(page.headers['content-type'] ?? '', /^text\/html/);
  assert.equal(page.headers['content-security-policy'], "default-src 'self'");
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal(page.headers['cache-control'], 'no-store');
  const script = await ask({ path: '/console/assets/a.js' });
  assert.match(script.headers['cache-control'] ?? '', /immutable/);
  const { etag = '' } = script.headers;
  const again = await ask({ path: '/console/assets/a.js', headers: { 'If-None-Match': etag } });
  assert.deepEqual([again.status, again.body.length], [304, 0]);
  const head = await ask({ method: 'HEAD', path: '/console/' });
  assert.deepEqual([head.status, head.body.length], [200, 0]);
});

test('clients that accept Brotli get the compressed copy, with an ETag of its own', async () => {
  const path = '/console/assets/b.js';
  const plain = await ask({ path });
  const packed = await ask({ path, headers: { 'Accept-Encoding': 'gzip, deflate, br, zstd' } });
  assert.deepEqual(brotliDecompressSync(packed.body), plain.body);
  assert.deepEqual(
    [plain, packed].map(({ headers: { vary, ...of } }) => [
      vary,
      of['content-encoding'],
      of['content-type'],
      of['content-length'],
    ]),
    [
      ['Accept-Encoding', undefined, 'text/javascript; charset=utf-8', '10000'],
      ['Accept-Encoding', 'br', 'text/javascript; charset=utf-8', String(packed.body.length)],
    ],
  );
  assert.match(packed.headers['cache-control'] ?? '', /immutable/);
  const { etag = '' } = packed.headers;
  assert.notEqual(etag, plain.headers.etag);
  const withBrotli = { 'Accept-Encoding': 'br', 'If-None-Match': etag };
  assert.equal((await ask({ path, headers: withBrotli })).status, 304);
  assert.equal((await ask({ path, headers: { 'If-None-Match': etag } })).status, 200);
  const page = await ask({ path: '/console/', headers: { 'Accept-Encoding': 'br' } });
  assert.equal(brotliDecompressSync(page.body).toString(), '<title>Console</title>');
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  const head = await ask({ method: 'HEAD', path, headers: { 'Accept-Encoding': 'br' } });
  assert.deepEqual([head.headers['content-encoding'], head.body.length], ['br', 0]);
  const part = await ask({ path, headers: { 'Accept-Encoding': 'br', Range: 'bytes=0-3' } });
  assert.deepEqual([part.status, part.body], [206, packed.body.subarray(0, 4)]);
  const beyond = { 'Accept-Encoding': 'br', Range: 'bytes=99999-' };
  assert.equal((await ask({ path, headers: beyond })).status, 416);
});

test('a file without a compressed copy, or for a client that refuses it, is sent as it is', async () => {
  for (const encoding of ['identity', 'gzip', 'br;q=0', 'br; q=0.0', 'brotli', 'x-br', '*;q=0']) {
    const headers = { 'Accept-Encoding': encoding };
    const { headers: got, body } = await ask({ path: '/console/assets/b.js', headers });
    assert.deepEqual([got['content-encoding'], body.length], [undefined, 10_000], encoding);
  }
  const headers = { 'Accept-Encoding': 'br;q=0.5' };
  const { body } = await ask({ path: '/console/assets/a.js', headers });
  assert.equal(body.toString(), 'let a = 1;');
  const packed = await ask({ path: '/console/assets/b.js', headers });
  assert.equal(packed.headers['content-encoding'], 'br');
  for (const path of ['/files/.hidden.js', '/files/../outside.js', '/files/none.js']) {
    assert.equal((await ask({ path, headers })).status, 404, path);
  }
});

test('a single-page app is served for its client-side paths', async () => {
  const text = '<title>Console</title>';
  assert.equal(await textOf({ path: '/console' }), text);
  assert.equal(await textOf({ path: '/console/brokers/b-1?tab=logs' }), text);
  assert.equal((await ask({ path: '/files/brokers' })).status, 404);
  assert.equal((await ask({ path: '/files/assets' })).status, 404);
  assert.equal((await ask({ method: 'POST', path: '/console/' })).status, 405);
});

/** The number of times that this process has a file open. */
async function openCount(path: string): Promise<number> {
  const links = (await readdir('/proc/self/fd')).map((name) => readlink(`/proc/self/fd/${name}`));
  const found = await Promise.allSettled(links);
  return found.filter((link) => link.status === 'fulfilled' && link.value === path).length;
}

test('files that a client asked for and did not read are closed with its connection', async () => {
  const path = join(folder, 'site', 'assets', 'large.bin');
  await writeFile(path, Buffer.alloc(32 * mib));
  const socket = connect({ host: '127.0.0.1', port, ca });
  await once(socket, 'secureConnect');
  socket.pause();
  const asked = 'GET /files/assets/large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n';
  socket.write(asked.repeat(4));
  await until('the files are open', async () => (await openCount(path)) === 4);
  socket.destroy();
  await until('the files are closed', async () => (await openCount(path)) === 0);
});

test('no path can escape the site folder', async () => {
  const paths = [
    '../outside.txt',
    '..%2foutside.txt',
    '%2e%2e/outside.txt',
    '.hidden',
    '%2ehidden',
  ];
  const more = [
    '..\\outside.txt',
    '%00',
    '%',
    'assets/../../outside.txt',
    '//outside.txt',
    '%2f..',
  ];
  for (const path of [...paths, ...more]) {
    const { status, body } = await ask({ path: `/files/${path}` });
    assert.equal(status, 404, path);
    assert.doesNotMatch(body.toString(), /secret/);
  }
});

test('Range headers of every kind are answered or refused without a crash', async () => {
  const wanted: [string, number][] = [
    ['bytes=0-2', 206],
    ['bytes=5-2', 416],
    ['bytes=100-', 416],
    ['bytes=-3', 206],
    ['bytes=0-1,3-4', 200],
    ['lines=1-2', 200],
    ['bytes=9999999999999999999-', 416],
  ];
  for (const [Range, status] of wanted) {
    const found = await ask({ path: '/files/assets/a.js', headers: { Range } });
    assert.equal(found.status, status, Range);
  }
});

function open(path: string, protocols: string[]): WebSocket {
  return new WebSocket(`wss://127.0.0.1:${port}${path}`, protocols, { ca });
}

test('a WebSocket connection uses the negotiated subprotocol', async () => {
  const socket = open('/ws', ['other', 'mqtt']);
  await once(socket, 'open');
  assert.equal(socket.protocol, 'mqtt');
  socket.send(Buffer.from([1, 2, 3]));
  const [bytes] = await once(socket, 'message');
  assert.deepEqual(bytes, Buffer.from([1, 2, 3]));
  socket.close(1000);
  await until('it is told', () => told.includes('closed 1000'));
  assert.ok(told.includes('/ws mqtt'));
});

test('an oversized WebSocket message closes its connection, whole or in fragments', async () => {
  for (const count of [1, 4]) {
    const socket = open('/ws', ['mqtt']);
    await once(socket, 'open');
    for (let part = 1; part <= count; part++) {
      socket.send(Buffer.alloc(1004 / count), { fin: part === count });
    }
    const [code] = await once(socket, 'close');
    assert.equal(code, 1009);
  }
});

test('pings on a route are answered one at a time', async () => {
  const socket = open('/ws', ['mqtt']);
  await once(socket, 'open');
  const answers: string[] = [];
  socket.on('pong', (data: Buffer) => answers.push(data.toString()));
  for (let i = 0; i < 1000; i++) socket.ping(`${i}`);
  await until('an answer', () => answers.length > 0);
  socket.ping('last');
  await until('the last answer', () => answers.at(-1) === 'last');
  assert.equal(answers[0], '0');
  assert.ok(answers.length < 1000, `${answers.length} answers`);
  socket.close();
});

test('an invalid upgrade request is refused with a status', async () => {
  const refusals: [string, string[], number][] = [
    ['/ws', ['other'], 400],
    ['/ws', [], 400],
    ['/ws?no', ['mqtt'], 403],
    ['/nothing', ['mqtt'], 404],
    ['/echo', ['mqtt'], 405],
  ];
  for (const [path, protocols, status] of refusals) {
    const socket = open(path, protocols);
    const [{ message }] = await once(socket, 'error');
    assert.equal(message, `Unexpected server response: ${status}`, path);
  }
  const wrong = raw(
    'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: other\r\n' +
      'Sec-WebSocket-Protocol: mqtt\r\n\r\n',
  );
  const [answer] = await once(wrong, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 4\d\d /);
});

test('peers that disconnect at any point of an upgrade cause no crash', async () => {
  const hello =
    'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
    'Sec-WebSocket-Protocol: mqtt\r\n\r\n';
  for (const text of [hello, `${hello}\x82\xff`, `${hello}\xff\xff\xff\xff`, hello.slice(0, -2)]) {
    const socket = raw('');
    const closed = once(socket, 'close');
    await once(socket, 'secureConnect');
    socket.write(Buffer.from(text, 'latin1'), () => socket.destroy());
    await closed;
  }
  assert.equal((await ask({ method: 'POST', path: '/echo' }, 'x')).status, 200);
});

test('a source that asks for many files gets further ones later, and answers to users at once', async () => {
  const held: (() => void)[] = [];
  const refusedDelayMs = 1234;
  const publicKeys = async () => jsonResponse(200, { keys: [] });
  const proven = (answer: typeof publicKeys) => ({ refusal: undefined, isProven: true, answer });
  const certificates = await planeCertificates();
  const paced = new HttpListener({
    host: '127.0.0.1',
    certificates: certificates.servers,
    policy: defaultTlsPolicy,
    admissionLimits: apiAdmissionLimits,
    limits: { fileCountMax: 2, refusedDelayMs, checkMs: 3_600_000 },
    routes: routes()
      .handle('GET', '/keys', handler(publicKeys))
      .handle('GET', '/own', handler(publicKeys, { admit: () => proven(publicKeys) })),
    clock: {
      ...systemClock,
      setTimeout(callback, ms) {
        if (ms !== refusedDelayMs) return systemClock.setTimeout(callback, ms);
        held.push(callback);
        return systemClock.setTimeout(() => {}, 0);
      },
    },
  });
  const to = { port: await paced.open(0), ca: certificates.authority };
  const file = { ...to, path: '/files/assets/a.js' };
  try {
    assert.deepEqual([(await ask(file)).status, (await ask(file)).status], [200, 200]);
    const third = ask(file);
    await until('the third file waits', () => held.length === 1);
    assert.equal((await ask({ ...to, path: '/own' })).status, 200);
    held[0]?.();
    assert.equal((await third).body.toString(), 'let a = 1;');
    const keys = ask({ ...to, path: '/keys' });
    await until('the keys wait', () => held.length === 2);
    held[1]?.();
    assert.equal((await keys).body.toString(), '{"keys":[]}');
  } finally {
    await paced.close(0);
  }
});
