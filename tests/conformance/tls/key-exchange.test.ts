import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer as createTcp } from 'node:net';
import { after, before, test } from 'node:test';
import { connect, createServer, type Server } from 'node:tls';
import { ServerContexts } from '../../../src/net/server-name/server-contexts.ts';
import { defaultTlsPolicy } from '../../../src/net/tls-policy.ts';
import { planeCertificates, type TestCertificates } from '../../support/certificates.ts';

// The groups of key exchange, as they appear in the server's hello.

const isHybridKnown = Number(process.versions.openssl.split('.').slice(0, 2).join('.')) >= 3.5;
const skip = isHybridKnown
  ? false
  : `OpenSSL ${process.versions.openssl} of Node ${process.version} has no hybrid key exchange`;

let certificates: TestCertificates;
let server: Server;

before(async () => {
  certificates = await planeCertificates();
  const contexts = new ServerContexts({ policy: defaultTlsPolicy });
  server = createServer(contexts.first(certificates.servers), (socket) => {
    socket.on('error', () => {});
    socket.end('hello');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

after(() => {
  server.close();
});

/** The extension `key_share` of a server's hello (RFC 8446, 4.2.8), as far as the group. */
const keyShares = {
  X25519MLKEM768: Buffer.from('0033046411ec0460', 'hex'),
  X25519: Buffer.from('00330024001d0020', 'hex'),
  'P-256': Buffer.from('0033004500170041', 'hex'),
} as const;

/** The group that is agreed with a client; undefined if the handshake fails. */
async function agreed(ecdhCurve: string | undefined): Promise<string | undefined> {
  const { port } = server.address() as AddressInfo; // a TCP server has a port
  let bytes = Buffer.alloc(0);
  const between = createTcp((socket) => {
    const onward = connectTcp(port, '127.0.0.1');
    onward.on('data', (piece: Buffer) => {
      bytes = Buffer.concat([bytes, piece]);
    });
    for (const end of [socket, onward]) end.on('error', () => {});
    socket.pipe(onward).pipe(socket);
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  const { port: shown } = between.address() as AddressInfo; // a TCP server has a port
  const client = connect({
    port: shown,
    host: 'localhost',
    ca: certificates.authority,
    ...(ecdhCurve !== undefined && { ecdhCurve }),
  });
  await new Promise<void>((resolve) => {
    client.once('error', () => resolve());
    client.once('close', () => resolve());
    client.resume();
  });
  between.close();
  return Object.entries(keyShares).find(([, share]) => bytes.includes(share))?.[0];
}

test('classical groups are negotiated with clients that support no others', async () => {
  assert.equal(await agreed('X25519'), 'X25519');
  assert.equal(await agreed('P-256'), 'P-256');
});

test('the hybrid group is preferred with every client that supports it', { skip }, async () => {
  assert.equal(await agreed('X25519MLKEM768'), 'X25519MLKEM768');
  assert.equal(await agreed('X25519:X25519MLKEM768'), 'X25519MLKEM768');
  assert.equal(await agreed(undefined), 'X25519MLKEM768');
});
