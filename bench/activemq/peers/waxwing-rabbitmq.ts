// A broker of RabbitMQ's type of Waxwing, as a measured broker of AMQP 1.0, MQTT and STOMP.

import type { LoadGenerator } from '../../load.ts';
import { createBroker, createConfiguration, mqClient } from '../../peers/mq-client.ts';
import type { Endpoint, PeerSettings } from '../../peers/peer.ts';
import { WaxwingService } from '../../peers/waxwing-service.ts';
import { freePort } from '../../ports.ts';
import { rssKiB } from '../../processes.ts';
import type { ProtocolName, ProtocolPeer } from './peer.ts';
import { declareForAmqp10, mqttPrefetch } from './rabbitmq.ts';
import { portsByScheme } from './waxwing.ts';

/** AMQP 1.0 shares the port of AMQP 0-9-1. */
const schemes: Readonly<Record<ProtocolName, string | undefined>> = {
  openwire: undefined,
  stomp: 'stomp+ssl',
  mqtt: 'mqtt+ssl',
  amqp10: 'amqps',
};

/**
 * The service and one broker of RabbitMQ's type in a child process, with durable classic queues and
 * a configuration that opens the ports of MQTT and STOMP.
 */
export class WaxwingRabbitMq implements ProtocolPeer {
  readonly name = 'waxwing-rabbitmq';
  readonly version: string;
  readonly #service: WaxwingService;
  readonly #load: LoadGenerator;
  readonly #user = { Username: 'bench', Password: `bench-${process.pid}-password` };
  #caFile = '';
  #ports = new Map<string, number>();

  private constructor(version: string, service: WaxwingService, load: LoadGenerator) {
    this.version = version;
    this.#service = service;
    this.#load = load;
  }

  static async create(settings: PeerSettings, load: LoadGenerator): Promise<WaxwingRabbitMq> {
    const service = new WaxwingService(`${settings.runFolder}/waxwing-rabbitmq`, settings.node);
    return new WaxwingRabbitMq(await service.version(), service, load);
  }

  async start(): Promise<void> {
    this.#service.reset();
    this.#service.launch(['--no-default-broker', '--amqps-port', '0']);
    const environment = await this.#service.environment();
    this.#caFile = environment['WAXWING_CA_FILE'] ?? '';
    const client = mqClient(environment);
    const configuration = await createConfiguration(client, 'bench', [
      `mqtt.listeners.ssl.default = ${await freePort()}`,
      mqttPrefetch,
      `stomp.listeners.ssl.1 = ${await freePort()}`,
    ]);
    const created = await createBroker(client, 'RABBITMQ', 'bench', this.#user, configuration);
    this.#ports = portsByScheme(created);
  }

  async stop(): Promise<void> {
    await this.#service.stop();
  }

  endpoint(protocol: ProtocolName): Endpoint | undefined {
    const port = this.#ports.get(schemes[protocol] ?? '');
    if (port === undefined) return undefined;
    const { Username: user, Password: password } = this.#user;
    return { host: '127.0.0.1', port, user, password, tls: { caFile: this.#caFile } };
  }

  async amqpAddress(queue: string): Promise<string> {
    const endpoint = this.endpoint('amqp10');
    if (endpoint === undefined) throw new Error('the broker has no endpoint for it');
    return await declareForAmqp10(this.#load, endpoint, queue);
  }

  pids(): number[] {
    return this.#service.pids();
  }

  async memoryKiB(): Promise<number> {
    return rssKiB(this.pids());
  }

  brokerKiB(): number {
    return rssKiB(this.pids().slice(1));
  }
}
