// A broker in a separate process whose turns are measured.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { heapOptions } from '../../src/engines/waxwing/broker-start.ts';
import { ConsoleClient } from '../support/console-client.ts';
import type { FromMetered, ToMetered } from './metered-broker.ts';
import { MqttClient } from './mqtt-client.ts';
import type { MeteredKind, Running } from './opened-broker.ts';
import { OpenWireClient } from './openwire-client.ts';
import { RawClient } from './raw-client.ts';
import { secureSocket } from './secure-socket.ts';
import { StompClient } from './stomp-client.ts';

/** As a broker's process is started. */
const execArgv = [...heapOptions];

/** A broker in a process of its own, whose turns are measured. */
export class MeteredProcess {
  readonly #child: ChildProcess;
  #running: Running;
  #clients: RawClient[] = [];

  private constructor(child: ChildProcess, running: Running) {
    this.#child = child;
    this.#running = running;
  }

  static async start(kind: MeteredKind): Promise<MeteredProcess> {
    const allocator = {
      MALLOC_MMAP_THRESHOLD_: '131072',
      MALLOC_TRIM_THRESHOLD_: '4194304',
      MALLOC_ARENA_MAX: '1',
    };
    const env = { ...process.env, ...allocator };
    const child = fork(join(import.meta.dirname, 'metered-broker.js'), [kind], { execArgv, env });
    const [running] = (await once(child, 'message')) as [Running];
    return new MeteredProcess(child, running);
  }

  /** Where the listener of a protocol is. */
  address(protocol: string): { readonly port: number; readonly ca: string } {
    const { ports, authority } = this.#running;
    return { port: ports[protocol] ?? 0, ca: authority };
  }

  #socket(protocol: string): Promise<Duplex> {
    const { port, ca } = this.address(protocol);
    return secureSocket(port, ca);
  }

  /** @param connection the id of the connection, which others must not have */
  async openwire(connection: string): Promise<OpenWireClient> {
    return OpenWireClient.over(await this.#socket('openwire'), connection);
  }

  async mqtt(
    clientId: string,
    isClean = true,
    protocol: 'mqtt' | 'mqtt-rabbitmq' = 'mqtt',
  ): Promise<MqttClient> {
    return MqttClient.over(await this.#socket(protocol), clientId, isClean);
  }

  /** A client of the console of a broker of ActiveMQ's type. */
  console(): ConsoleClient {
    const { ports, authority } = this.#running;
    return new ConsoleClient(ports['console'] ?? 0, authority, 'guest:guest');
  }

  async stomp(protocol: 'stomp' | 'stomp-rabbitmq' = 'stomp'): Promise<StompClient> {
    return StompClient.over(await this.#socket(protocol));
  }

  async connect(channelCount?: number): Promise<RawClient> {
    const { ports, authority } = this.#running;
    const client = await RawClient.open(ports['amqp091'] ?? 0, authority, channelCount);
    this.#clients.push(client);
    return client;
  }

  /** Replaces the broker by a new one, in the same process. */
  async renew(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.cut();
    this.#running = await this.#ask<Running>('renew');
  }

  begin(): void {
    this.#child.send('begin' satisfies ToMetered);
  }

  end(): Promise<Extract<FromMetered, { type: 'measured' }>> {
    return this.#ask('end');
  }

  /** How many values a scraper of metrics gets. */
  async scrape(): Promise<number> {
    const { valueCount } = await this.#ask<Extract<FromMetered, { type: 'scraped' }>>('metrics');
    return valueCount;
  }

  async #ask<T extends FromMetered>(message: ToMetered): Promise<T> {
    const answer = once(this.#child, 'message');
    this.#child.send(message);
    return (await answer)[0] as T; // the broker's process answers each with its own kind
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
    rmSync(this.#running.folder, { recursive: true });
  }
}
