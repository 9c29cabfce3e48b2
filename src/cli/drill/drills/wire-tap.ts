// The drill `wire-tap`.

import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import { readable } from '../plain-text.ts';
import { brokerWithMessages } from '../service/prepared.ts';
import { WireTap } from '../service/wire-tap.ts';

const timeoutMs = 10_000;

/** Somebody reads what clients and the service send to each other. */
export const wireTap: Drill = {
  name: 'wire-tap',
  promise:
    'Somebody who reads the network sees no message, name, password or key; there is no port without TLS.',
  run: async (lab) => {
    const service = await lab.service();
    const broker = await brokerWithMessages(lab, service);
    const brokerPort = Number(new URL(broker.endpoint).port);
    const ports = { 'the API': service.apiPort, 'the broker': brokerPort };
    const taps = await Promise.all(Object.values(ports).map((port) => WireTap.open(port)));
    const [ofApi, ofBroker] = taps;
    const said = lab.word('message');
    const secret = lab.word('plaintext');
    await lab.step('use', 'published, consumed and encrypted through a tapped line', async () => {
      const url = broker.url.replace(`:${brokerPort}`, `:${ofBroker?.port}`);
      const client = await service.connect(url);
      await client.publish(broker.queue, [said]);
      await client.take(broker.queue);
      await client.close();
      const clients = await service.clients(undefined, `https://localhost:${ofApi?.port}`);
      await clients.kms.encrypt({ KeyId: broker.keyArn, Plaintext: Buffer.from(secret) });
    });
    const tapped = await lab.step('listen', 'recorded all bytes in both directions', async () =>
      taps.map((tap, i) => ({ name: Object.keys(ports)[i] ?? '', bytes: tap.bytes() })),
    );
    for (const tap of taps) await tap.close();
    const texts = [said, secret].map((text) => ({ name: 'a text', bytes: Buffer.from(text) }));
    const found = readable([...broker.hidden, ...texts], tapped);
    const byteCount = tapped.reduce((sum, { bytes }) => sum + bytes.length, 0);
    lab.saw(
      'nothing of it is readable on the line',
      found.length === 0 && tapped.every(({ bytes }) => bytes.length > 1000),
      found[0] ?? `nothing in ${byteCount} bytes`,
    );
    const probed = await lab.step('probe', 'tried to connect in weaker ways', async () => ports);
    for (const [name, port] of Object.entries(probed)) await sawPolicy(lab, name, port);
  },
};

/** Reports what a port answers to weaker connections. */
async function sawPolicy(lab: Lab, name: string, port: number): Promise<void> {
  const plain = await answerInClear(port);
  lab.saw(
    `${name} answers a client without TLS only that TLS is required`,
    plain === '' || /TLS only|only HTTPS/.test(plain),
    plain === '' ? 'it closed the connection' : JSON.stringify(plain.slice(0, 100)),
  );
  // Suites without forward secrecy: a stolen key would open what was recorded before.
  const weak = 'AES256-GCM-SHA384:AES128-GCM-SHA256:AES256-SHA:AES128-SHA:@SECLEVEL=0';
  const attempts: readonly (readonly [string, ConnectionOptions])[] = [
    ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }],
    ['suites without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: weak }],
  ];
  for (const [what, options] of attempts) {
    // What is agreed does not depend on whether the certificate is trusted.
    const agreed = await agreedSuite(port, { rejectUnauthorized: false, ...options });
    lab.saw(`${name} refuses ${what}`, agreed === undefined, agreed ?? 'no connection');
  }
}

/** What a port answers to a request without TLS. */
function answerInClear(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    });
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

/** The version and suite that a port agrees to; undefined if it refuses. */
function agreedSuite(port: number, options: ConnectionOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: 'localhost', port, ...options }, () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
      socket.destroy();
    });
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
  });
}
