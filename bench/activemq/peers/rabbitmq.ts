// RabbitMQ as a measured broker of AMQP 1.0.

import type { LoadGenerator } from '../../load.ts';
import type { Endpoint, PeerSettings } from '../../peers/peer.ts';
import { rabbitMq } from '../../peers/rabbitmq.ts';
import { RootedPeer } from '../../peers/rooted-peer.ts';
import { rssKiB } from '../../processes.ts';
import type { ProtocolName, ProtocolPeer } from './peer.ts';

/** Declares a queue as a client of AMQP 0-9-1. Returns its address in AMQP 1.0. */
export async function declareForAmqp10(
  load: LoadGenerator,
  endpoint: Endpoint,
  queue: string,
): Promise<string> {
  const none = ['--producers', '0', '--consumers', '0', '--warmup', '0', '--duration', '0'];
  await load.run(endpoint, [], [...none, '--durable', '--qname', queue]);
  return `/queues/${queue}-0`;
}

/** Debian trixie's RabbitMQ 4.0 in a Debian root, with durable classic queues. */
export class RabbitMq implements ProtocolPeer {
  readonly name = 'rabbitmq4';
  readonly #peer: RootedPeer;
  readonly #load: LoadGenerator;

  private constructor(peer: RootedPeer, load: LoadGenerator) {
    this.#peer = peer;
    this.#load = load;
  }

  static async create(settings: PeerSettings, load: LoadGenerator): Promise<RabbitMq> {
    const program = await rabbitMq('rabbitmq4', settings.cacheFolder, 'trixie');
    return new RabbitMq(await RootedPeer.create('rabbitmq4', program, settings, load), load);
  }

  get version(): string {
    return this.#peer.version;
  }

  async start(): Promise<void> {
    await this.#peer.reset();
    this.#peer.launch();
    await this.#peer.ready();
  }

  async stop(): Promise<void> {
    await this.#peer.stop();
  }

  endpoint(protocol: ProtocolName): Endpoint | undefined {
    return protocol === 'amqp10' ? this.#peer.endpoint('tls') : undefined;
  }

  async amqpAddress(queue: string): Promise<string> {
    return await declareForAmqp10(this.#load, this.#peer.endpoint('tls'), queue);
  }

  pids(): number[] {
    return this.#peer.pids();
  }

  async memoryKiB(): Promise<number> {
    return rssKiB(this.pids());
  }

  brokerKiB(): number {
    return rssKiB(this.pids());
  }
}
