// RabbitMQ as a measured broker of AMQP 1.0, MQTT and STOMP.

import type { LoadGenerator } from '../../load.ts';
import type { Endpoint, PeerSettings } from '../../peers/peer.ts';
import { type Plugin, rabbitMq } from '../../peers/rabbitmq.ts';
import { RootedPeer } from '../../peers/rooted-peer.ts';
import { freePort } from '../../ports.ts';
import { rssKiB } from '../../processes.ts';
import { type ProtocolName, type ProtocolPeer, portOpens } from './peer.ts';

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

/**
 * The limit of messages in flight to a subscriber of MQTT, for both brokers. With their default of
 * 10, they wait for the consumer.
 */
export const mqttPrefetch = 'mqtt.prefetch = 1000';

/** The ports of the protocols that plugins of RabbitMQ serve. */
type PluginPorts = Readonly<Record<'mqtt' | 'stomp', number>>;

/** The plugins serve TLS only, with the settings of the listener for AMQP. */
const plugins = (ports: PluginPorts): readonly Plugin[] => [
  {
    name: 'rabbitmq_mqtt',
    configuration: `mqtt.listeners.tcp = none
mqtt.listeners.ssl.1 = 127.0.0.1:${ports.mqtt}
${mqttPrefetch}
`,
  },
  {
    name: 'rabbitmq_stomp',
    configuration: `stomp.listeners.tcp = none
stomp.listeners.ssl.1 = 127.0.0.1:${ports.stomp}
`,
  },
];

/** Debian trixie's RabbitMQ 4.0 in a Debian root, with durable classic queues. */
export class RabbitMq implements ProtocolPeer {
  readonly name = 'rabbitmq4';
  readonly #peer: RootedPeer;
  readonly #load: LoadGenerator;
  readonly #ports: PluginPorts;

  private constructor(peer: RootedPeer, load: LoadGenerator, ports: PluginPorts) {
    this.#peer = peer;
    this.#load = load;
    this.#ports = ports;
  }

  static async create(settings: PeerSettings, load: LoadGenerator): Promise<RabbitMq> {
    const ports = { mqtt: await freePort(), stomp: await freePort() };
    const { cacheFolder } = settings;
    const program = await rabbitMq('rabbitmq4', cacheFolder, 'trixie', plugins(ports));
    const peer = await RootedPeer.create('rabbitmq4', program, settings, load);
    return new RabbitMq(peer, load, ports);
  }

  get version(): string {
    return this.#peer.version;
  }

  async start(): Promise<void> {
    await this.#peer.reset();
    this.#peer.launch();
    await this.#peer.ready();
    const hasEnded = () => this.pids().length === 0;
    for (const port of Object.values(this.#ports)) await portOpens(port, hasEnded);
  }

  async stop(): Promise<void> {
    await this.#peer.stop();
  }

  endpoint(protocol: ProtocolName): Endpoint | undefined {
    const amqp = this.#peer.endpoint('tls');
    if (protocol === 'amqp10') return amqp;
    return protocol === 'openwire' ? undefined : { ...amqp, port: this.#ports[protocol] };
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
