import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { planeCertificates } from '../../../tests/support/certificates.ts';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import type { TrailHead } from '../../audit/trails/trail-head.ts';
import { systemRandom } from '../../base/random.ts';
import { Anchor, type StampedHead } from './anchor.ts';

// The anchor against a second machine: a real HTTPS server.

const head: TrailHead = {
  version: 1,
  accountId: '111122223333',
  region: 'eu-central-1',
  time: '2026-01-01T00:00:00Z',
  eventCount: 12,
  eventHash: 'ab'.repeat(32),
  serviceEventCount: 0,
  serviceEventHash: '',
  publicKeys: [],
  buckets: ['audit'],
  digests: [],
};

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly body: Buffer;
}

let folder = '';
let server: Server;
let received: Received[] = [];
let respond: (response: ServerResponse, request: IncomingMessage) => void;
let clock: ManualClock;
let failures: string[] = [];
let stamps: StampedHead[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waxwing-anchor-'));
  const { authority, servers } = await planeCertificates();
  writeFileSync(join(folder, 'ca.pem'), authority);
  const [of] = servers;
  assert.ok(of);
  server = createServer({ cert: of.certificate, key: of.privateKey }, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method, url, headers } = request;
      const body = Buffer.concat(parts);
      received.push({ method, url, type: headers['content-type'], body });
      respond(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  received = [];
  failures = [];
  stamps = [];
  clock = new ManualClock();
  respond = (response) => response.writeHead(204).end();
});

function anchor(changes: Partial<ConstructorParameters<typeof Anchor>[0]> = {}): Anchor {
  return new Anchor({
    url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/heads?of=waxwing`),
    authoritiesFile: join(folder, 'ca.pem'),
    type: 'json',
    head: () => head,
    clock,
    random: systemRandom,
    stamped: async (stamp) => {
      stamps.push(stamp);
    },
    failed: (error) => failures.push(String(error)),
    ...changes,
  });
}

/** Runs the attempt that is due, to its end. */
async function run(of: Anchor): Promise<void> {
  const [count, postedMs] = [of.failureCount, of.postedMs];
  of.tick(clock.nowMs());
  while (of.failureCount === count && of.postedMs === postedMs) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('the head is posted once for each digest, over TLS', async () => {
  const made = anchor();
  made.tick(clock.nowMs());
  made.changed();
  await run(made);
  const [posted, ...more] = received;
  assert.deepEqual(more, []);
  assert.deepEqual(
    [posted?.method, posted?.url, posted?.type],
    ['POST', '/heads?of=waxwing', 'application/json'],
  );
  assert.deepEqual(JSON.parse(posted?.body.toString() ?? ''), head);
  assert.deepEqual([made.postedMs, made.failureCount], [clock.nowMs(), 0]);
  made.tick(clock.nowMs());
  clock.advance(1000);
  made.changed();
  await run(made);
  assert.equal(received.length, 2);
});

test('a refusal is counted, reported, and repeated after a minute', async () => {
  respond = (response) => response.writeHead(503).end('later');
  const made = anchor();
  made.changed();
  await run(made);
  assert.equal(made.failureCount, 1);
  assert.match(failures[0] ?? '', /answered with status 503/);
  clock.advance(59_999);
  made.tick(clock.nowMs());
  assert.equal(received.length, 1);
  clock.advance(1);
  respond = (response) => response.writeHead(200).end();
  await run(made);
  assert.equal(received.length, 2);
  assert.equal(made.postedMs, clock.nowMs());
});

test('an answer that is too long, or that breaks off, counts as a failure', async () => {
  for (const answer of [
    (response: ServerResponse) => response.writeHead(200).end(Buffer.alloc(100 * 1024)),
    (response: ServerResponse) => {
      response.writeHead(200, { 'content-length': 10 }).write('a');
      setImmediate(() => response.destroy());
    },
    (_: ServerResponse, request: IncomingMessage) => request.socket.destroy(),
  ]) {
    respond = answer;
    const made = anchor();
    made.changed();
    await run(made);
    assert.equal(made.failureCount, 1);
    assert.equal(made.postedMs, 0);
  }
});

test('a server with a certificate of another authority receives nothing', async () => {
  const made = anchor({ authoritiesFile: undefined });
  made.changed();
  await run(made);
  assert.equal(made.failureCount, 1);
  assert.match(failures[0] ?? '', /certificate/);
  assert.deepEqual(received, []);
});

test('an anchor that is away, or whose authorities cannot be read, is a failure and no crash', async () => {
  const away = createServer();
  await new Promise<void>((resolve) => away.listen(0, '127.0.0.1', resolve));
  const { port } = away.address() as AddressInfo;
  await new Promise((resolve) => away.close(resolve));
  for (const changes of [
    { url: new URL(`https://127.0.0.1:${port}/`) },
    { authoritiesFile: join(folder, 'missing.pem') },
  ]) {
    const made = anchor(changes);
    made.changed();
    await run(made);
    assert.equal(made.failureCount, 1);
  }
});

test('a digest during an attempt is posted after it', async () => {
  let answer: () => void = () => {};
  respond = (response) => {
    answer = () => response.writeHead(200).end();
  };
  const made = anchor();
  made.changed();
  made.tick(clock.nowMs());
  while (received.length === 0) await new Promise((resolve) => setImmediate(resolve));
  made.changed();
  made.tick(clock.nowMs());
  clock.advance(1);
  answer();
  while (made.postedMs === 0) await new Promise((resolve) => setImmediate(resolve));
  respond = (response) => response.writeHead(200).end();
  clock.advance(1);
  made.tick(clock.nowMs());
  while (received.length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(received.length, 2);
});

/** Runs OpenSSL in the folder of the test. */
const openssl = (...args: readonly string[]) =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });

/** Creates a time stamp server, which answers by `openssl ts`. */
function createTimeStampServer(): void {
  const subject = ['-subj', '/CN=time stamps', '-addext', 'extendedKeyUsage=critical,timeStamping'];
  const files = ['-keyout', 'tsa.key', '-out', 'tsa.pem'];
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject);
  const lines = [
    '[tsa]',
    'serial = serial',
    'signer_cert = tsa.pem',
    'signer_key = tsa.key',
    'signer_digest = sha256',
    'default_policy = 1.2.3.4.1',
    'digests = sha256',
    'ess_cert_id_alg = sha256',
  ];
  writeFileSync(join(folder, 'tsa.cnf'), `${lines.join('\n')}\n`);
}

/** The answer of the time stamp server to a request. */
function timeStamp(query: Buffer): Buffer {
  writeFileSync(join(folder, 'query.tsq'), query);
  const files = ['-queryfile', 'query.tsq', '-out', 'reply.tsr'];
  openssl('ts', '-reply', '-config', 'tsa.cnf', '-section', 'tsa', ...files);
  return readFileSync(join(folder, 'reply.tsr'));
}

test('a time stamp server gets only a hash, and OpenSSL verifies the stored time stamp', async () => {
  createTimeStampServer();
  respond = (response) => {
    response.writeHead(200).end(timeStamp(received.at(-1)?.body ?? Buffer.alloc(0)));
  };
  const made = anchor({ type: 'rfc3161' });
  made.changed();
  await run(made);
  assert.deepEqual(failures, []);
  const [stamp] = stamps;
  assert.ok(stamp);
  assert.deepEqual(JSON.parse(stamp.head), head);
  const [posted] = received;
  assert.equal(posted?.type, 'application/timestamp-query');
  assert.ok(posted.body.includes(stamp.hash) && !posted.body.includes('audit'));
  writeFileSync(join(folder, 'stored.tsr'), stamp.reply);
  writeFileSync(join(folder, 'head.json'), stamp.head);
  const verify = ['ts', '-verify', '-in', 'stored.tsr', '-CAfile', 'tsa.pem'];
  assert.match(openssl(...verify, '-data', 'head.json'), /Verification: OK/);
  writeFileSync(join(folder, 'head.json'), stamp.head.replace('12', '11'));
  assert.throws(() => openssl(...verify, '-data', 'head.json'));
});

test('answers that are no time stamp for the request are failures', async () => {
  const earlier = readFileSync(join(folder, 'stored.tsr'));
  const rejection = Buffer.from('30053003020102', 'hex');
  for (const answer of [
    () => earlier, // of another request
    () => rejection,
    () => Buffer.from('no time stamp'),
    () => Buffer.alloc(0),
    () => timeStamp(received.at(-1)?.body ?? Buffer.alloc(0)).subarray(0, -1),
    () => Buffer.from('3084ffffffff', 'hex'),
  ]) {
    respond = (response) => response.writeHead(200).end(answer());
    const made = anchor({ type: 'rfc3161' });
    made.changed();
    await run(made);
    assert.equal(made.failureCount, 1);
    assert.match(failures.at(-1) ?? '', /answer of the time stamp server is not valid/);
  }
  assert.deepEqual(stamps, []);
});
