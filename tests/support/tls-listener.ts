// A broker behind a TLS port of this process.

import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import * as x509 from '@peculiar/x509';
import type { Broker } from '../../src/broker/broker.ts';
import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import { amqp091 } from '../../src/protocols/amqp091/protocol.ts';
import type { Connection, Protocol, Transport } from '../../src/protocols/protocol.ts';
import type { LogOptions } from '../../src/storage/log-owner.ts';
import { BrokerOnLog } from './broker-on-log.ts';

class SocketTransport implements Transport {
  readonly peerAddress: string;
  readonly localAddress: string;
  readonly tlsVersion: string;
  connection: Connection | undefined = undefined;
  readonly #socket: TLSSocket;
  #isFlushDue = false;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.peerAddress = `${socket.remoteAddress}:${socket.remotePort}`;
    this.localAddress = `${socket.localAddress}:${socket.localPort}`;
    this.tlsVersion = socket.getProtocol() ?? '';
  }

  write(bytes: Buffer, released?: () => void): boolean {
    if (this.#socket.destroyed) return true;
    return this.#socket.write(bytes, released);
  }

  requestFlush(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.connection?.flush();
    });
  }

  checksLogin(): void {}
  admit(): void {}

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), 2000).unref();
  }
}

async function selfSigned(): Promise<{ key: string; cert: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=localhost',
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
        ]),
      ],
    },
    webcrypto,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'), cert: certificate.toString('pem') };
}

/** A broker over a log on a disk in memory, behind a real TLS port of this process. */
export class TlsListener {
  /** The broker, its log and its disk. */
  readonly onLog: BrokerOnLog;
  /** The certificate that clients must trust, PEM. */
  readonly ca: string;
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();
  readonly #transports = new Set<SocketTransport>();
  #protocol: Protocol | undefined = undefined;
  /** Another one after a reboot. */
  #protocolBroker: Broker | undefined = undefined;
  readonly #ticks: NodeJS.Timeout;

  private constructor(onLog: BrokerOnLog, key: string, cert: string) {
    this.onLog = onLog;
    this.ca = cert;
    this.#server = createServer({ key, cert, minVersion: 'TLSv1.2' }, (s) => this.#accept(s));
    this.#ticks = setInterval(() => this.#tick(), 100);
  }

  /**
   * @param port 0 for any free one
   * @param options of the broker, where they differ
   * @param logOptions of its log
   */
  static async start(
    port = 0,
    options: Partial<BrokerOptions> = {},
    logOptions: Partial<LogOptions> = {},
  ): Promise<TlsListener> {
    const onLog = await BrokerOnLog.start(logOptions, {
      formats: [amqp091Format],
      users: [{ username: 'guest', passwordHash: 'guest' }],
      verifyPassword: async (password, hash) => password === hash,
      ...options,
    });
    const { key, cert } = await selfSigned();
    const listener = new TlsListener(onLog, key, cert);
    await new Promise<void>((resolve) => listener.#server.listen(port, '127.0.0.1', resolve));
    return listener;
  }

  /** Disconnects all clients and reopens the broker, after a clean stop or a simulated kill. */
  async again(how: 'restart' | 'kill'): Promise<void> {
    await this.#disconnect();
    await this.onLog[how]();
  }

  async #disconnect(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    while (this.#sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  get broker(): Broker {
    return this.onLog.broker;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `amqps://guest:guest@localhost:${this.port}`;
  }

  #protocolOf(broker: Broker): Protocol {
    if (this.#protocol === undefined || this.#protocolBroker !== broker) {
      this.#protocol = amqp091(broker);
      this.#protocolBroker = broker;
    }
    return this.#protocol;
  }

  #accept(socket: TLSSocket): void {
    const transport = new SocketTransport(socket);
    const connection = this.#protocolOf(this.broker).accept(transport);
    transport.connection = connection;
    this.#sockets.add(socket);
    this.#transports.add(transport);
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => connection.receive(bytes));
    socket.on('drain', () => connection.writable());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#transports.delete(transport);
      connection.ended();
    });
  }

  #tick(): void {
    if (this.onLog.isOpen) this.broker.tick();
    for (const transport of this.#transports) transport.connection?.tick(performance.now());
  }

  async close(): Promise<void> {
    clearInterval(this.#ticks);
    await this.#disconnect();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.onLog.close();
  }
}
