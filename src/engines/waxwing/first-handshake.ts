// The first TLS handshake of a process, between two ends within it.

import { generateKeyPair, sign } from 'node:crypto';
import { Duplex } from 'node:stream';
import { connect, createServer } from 'node:tls';
import { systemRandom } from '../../base/random.ts';
import { defaultTlsPolicy } from '../../net/tls-policy.ts';

const keyBytes = 32;

/** One end of a connection within the process. */
class End extends Duplex {
  other: End | undefined = undefined;

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.other?.push(bytes);
    done();
  }
}

/**
 * Makes a handshake with the cipher suites and groups of listeners, so that OpenSSL and Node have loaded
 * what the first client needs. Both ends know a random key, which takes the place of certificates; nobody
 * else can connect to them. A failure has no effect.
 */
export function firstHandshake(): void {
  generateKeyPair('ec', { namedCurve: 'P-256' }, (error, _publicKey, privateKey) => {
    if (error === null) sign('sha256', Buffer.alloc(keyBytes), privateKey);
  });
  const psk = systemRandom.bytes(keyBytes);
  const [ofServer, ofClient] = [new End(), new End()];
  ofServer.other = ofClient;
  ofClient.other = ofServer;
  const { ciphers, ...policy } = defaultTlsPolicy;
  const options = { ...policy, ciphers: `${ciphers}:PSK` };
  const server = createServer({ ...options, pskCallback: () => psk });
  const client = connect({
    ...options,
    socket: ofClient,
    pskCallback: () => ({ psk, identity: 'first' }),
    checkServerIdentity: () => undefined,
  });
  const end = () => {
    for (const each of [client, ofServer, ofClient]) each.destroy();
  };
  client.on('error', end);
  server.on('tlsClientError', end);
  server.on('secureConnection', (socket) => {
    socket.destroy();
    end();
  });
  server.emit('connection', ofServer);
}
