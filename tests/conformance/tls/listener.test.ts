import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { brokerAdmissionLimits } from '../../../src/net/limits.ts';
import { TlsListener } from '../../../src/net/tls-listener.ts';
import {
  amazonMqTlsPolicy,
  defaultTlsPolicy,
  type TlsPolicy,
} from '../../../src/net/tls-policy.ts';
import type { Connection, Transport } from '../../../src/protocols/protocol.ts';
import {
  planeCertificates,
  type TestCertificates,
  testCertificates,
} from '../../support/certificates.ts';
import { agreedSuites, openssl } from '../../support/openssl.ts';

/** Sends back what it receives, at the end of the turn. */
class Echo implements Connection {
  readonly transport: Transport;
  readonly gathered: Buffer[] = [];
  flushCount = 0;
  isEnded = false;
  constructor(transport: Transport) {
    this.transport = transport;
  }
  receive(bytes: Buffer): void {
    this.gathered.push(bytes);
    this.transport.admit();
    this.transport.requestFlush();
  }
  flush(): void {
    this.flushCount++;
    for (const bytes of this.gathered.splice(0)) this.transport.write(bytes);
  }
  writable(): void {}
  tick(): void {}
  ended(): void {
    this.isEnded = true;
  }
  shutdown(reason: string): void {
    this.transport.write(Buffer.from(reason));
    this.transport.close();
  }
}

class EchoServer {
  readonly listener: TlsListener;
  readonly connections: Echo[] = [];
  port = 0;
  constructor(policy: TlsPolicy, connectionCountMax = 100) {
    this.listener = new TlsListener({
      host: '127.0.0.1',
      certificates: certificates.servers,
      policy,
      limits: { ...brokerAdmissionLimits, connectionCountMax },
      protocols: [
        {
          name: 'echo',
          subprotocols: [],
          recognizes: () => 'yes',
          accept: (transport) => {
            const echo = new Echo(transport);
            this.connections.push(echo);
            return echo;
          },
        },
      ],
      answerPlain: () => Buffer.from('speak TLS'),
    });
  }
  async open(): Promise<this> {
    this.port = await this.listener.open(0);
    return this;
  }
  connect(): TLSSocket {
    return connectTls({ port: this.port, host: 'localhost', ca: certificates.authority });
  }
}

let certificates: TestCertificates;
let standard: EchoServer;
let parity: EchoServer;

before(async () => {
  certificates = await planeCertificates();
  standard = await new EchoServer(defaultTlsPolicy).open();
  parity = await new EchoServer(amazonMqTlsPolicy).open();
});

after(async () => {
  await Promise.all([standard.listener.close('over', 0), parity.listener.close('over', 0)]);
});

/** Everything a socket says until it ends. */
function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

function readOnce(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())));
}

const pageSuites = ['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES128-GCM-SHA256'];
const twins = ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-GCM-SHA256'];

test('with TLS 1.2, exactly the two documented suites and their ECDSA variants are supported', async () => {
  assert.deepEqual(await agreedSuites(standard.port), [...twins, ...pageSuites].sort());
});

test('new certificates are used for new connections, and existing connections stay open', async () => {
  const server = await new EchoServer(defaultTlsPolicy).open();
  const before = server.connect();
  await once(before, 'secureConnect');
  const other = await testCertificates();
  server.listener.showCertificates(other.servers);
  const later = connectTls({ port: server.port, host: 'localhost', ca: other.authority });
  await once(later, 'secureConnect');
  before.write('still');
  assert.equal(await readOnce(before), 'still');
  await server.listener.close('over', 0);
});

test('with parity, exactly the two documented suites are supported', async () => {
  assert.deepEqual(await agreedSuites(parity.port), [...pageSuites].sort());
});

test('TLS 1.3 is supported, but not with parity', async () => {
  for (const suite of ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256']) {
    const agreed = await openssl(standard.port, '-tls1_3', '-ciphersuites', suite);
    assert.deepEqual(agreed, { version: 'TLSv1.3', suite });
  }
  assert.equal(await openssl(parity.port, '-tls1_3'), undefined);
  assert.equal((await openssl(parity.port))?.version, 'TLSv1.2');
});

test('TLS versions below 1.2 are not supported', async () => {
  for (const { port } of [standard, parity]) {
    for (const version of ['-tls1_1', '-tls1']) {
      const agreed = await openssl(port, version, '-cipher', 'ALL:@SECLEVEL=0');
      assert.equal(agreed, undefined);
    }
  }
});

test('a client that supports only one key type gets a certificate of that type', async () => {
  for (const suite of [pageSuites[0], twins[0]]) {
    const socket = connectTls({
      port: standard.port,
      host: 'localhost',
      ca: certificates.authority,
      maxVersion: 'TLSv1.2',
      ciphers: suite,
    });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    assert.equal(socket.authorized, true);
    const { asn1Curve } = socket.getPeerCertificate();
    assert.equal(asn1Curve === 'prime256v1', suite === twins[0]);
    socket.destroy();
  }
});

test('input received in one turn is answered with one flush', async () => {
  const socket = standard.connect();
  socket.write('hello');
  assert.equal(await readOnce(socket), 'hello');
  const echo = standard.connections.at(-1);
  assert.equal(echo?.flushCount, 1);
  assert.match(echo?.transport.peerAddress ?? '', /^127\.0\.0\.1:\d+$/);
  assert.equal(echo?.transport.tlsVersion, 'TLSv1.3');
  socket.destroy();
});

test('a plaintext client is told to use TLS and disconnected', async () => {
  for (const text of ['GET / HTTP/1.1\r\n\r\n', 'AMQP\0\0\x09\x01', '\0'.repeat(100_000)]) {
    const socket = connectTcp(standard.port, '127.0.0.1');
    socket.write(text, 'latin1');
    assert.equal(await readAll(socket), 'speak TLS');
  }
});

test('malformed TLS input closes only its own connection', async () => {
  const good = standard.connect();
  good.write('before');
  assert.equal(await readOnce(good), 'before');
  for (const garbage of [
    '\x16',
    '\x16\x03\x01\xff\xff',
    `\x16\x03\x03\x00\x05${'x'.repeat(5000)}`,
  ]) {
    const socket = connectTcp(standard.port, '127.0.0.1');
    const everything = readAll(socket);
    socket.write(garbage, 'latin1');
    if (garbage.length < 100) socket.end();
    await everything;
  }
  good.write('after');
  assert.equal(await readOnce(good), 'after');
  good.destroy();
});

test('connections above the limit are closed immediately, and closed connections free a slot', async () => {
  const server = await new EchoServer(defaultTlsPolicy, 2).open();
  const [first, second] = [server.connect(), server.connect()];
  for (const socket of [first, second]) {
    socket.write('in');
    assert.equal(await readOnce(socket), 'in');
  }
  assert.equal(await readAll(server.connect()), '');
  first.destroy();
  await new Promise((resolve) => first.once('close', resolve));
  while (server.listener.connectionCount > 1) await new Promise((resolve) => setImmediate(resolve));
  const third = server.connect();
  third.write('in too');
  assert.equal(await readOnce(third), 'in too');
  await server.listener.close('over', 0);
});

test('closing the listener sends every client the reason before the port is released', async () => {
  const server = await new EchoServer(defaultTlsPolicy).open();
  const socket = server.connect();
  socket.write('hello');
  assert.equal(await readOnce(socket), 'hello');
  const rest = readAll(socket);
  await server.listener.close('the key is gone', 2000);
  assert.equal(await rest, 'the key is gone');
  assert.equal(server.connections[0]?.isEnded, true);
  const refused = connectTcp(server.port, '127.0.0.1');
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => refused.on('error', resolve));
  assert.equal(error.code, 'ECONNREFUSED');
});

test('a port that is already in use is reported as such', async () => {
  const second = new EchoServer(defaultTlsPolicy);
  await assert.rejects(second.listener.open(standard.port), {
    code: 'port-in-use',
    message: `port ${standard.port} on 127.0.0.1 is in use by another program: end it, or choose another port`,
  });
});
