// A broker of RabbitMQ's type of Waxwing, as a measured broker of AMQP 1.0.

import type { LoadGenerator } from '../../load.ts';
import type { Endpoint, PeerSettings } from '../../peers/peer.ts';
import { Waxwing } from '../../peers/waxwing.ts';
import { rssKiB } from '../../processes.ts';
import type { ProtocolName, ProtocolPeer } from './peer.ts';
import { declareForAmqp10 } from './rabbitmq.ts';

/** The service with its default broker, and durable classic queues. */
export class WaxwingRabbitMq implements ProtocolPeer {
  readonly name = 'waxwing-rabbitmq';
  readonly #peer: Waxwing;
  readonly #load: LoadGenerator;

  private constructor(peer: Waxwing, load: LoadGenerator) {
    this.#peer = peer;
    this.#load = load;
  }

  static async create(settings: PeerSettings, load: LoadGenerator): Promise<WaxwingRabbitMq> {
    const runFolder = `${settings.runFolder}/waxwing-rabbitmq`;
    return new WaxwingRabbitMq(await Waxwing.create({ ...settings, runFolder }, load), load);
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
    return protocol === 'amqp10' ? this.#peer.endpoint() : undefined;
  }

  async amqpAddress(queue: string): Promise<string> {
    return await declareForAmqp10(this.#load, this.#peer.endpoint(), queue);
  }

  pids(): number[] {
    return this.#peer.pids();
  }

  async memoryKiB(): Promise<number> {
    return rssKiB(this.pids());
  }

  brokerKiB(): number {
    return rssKiB(this.pids().slice(1));
  }
}
