// A broker of ActiveMQ's type of Waxwing.

import type { DescribeBrokerCommandOutput, MqClient } from '@aws-sdk/client-mq';
import { createBroker, mqClient } from '../../peers/mq-client.ts';
import type { Endpoint, PeerSettings } from '../../peers/peer.ts';
import { WaxwingService } from '../../peers/waxwing-service.ts';
import { rssKiB } from '../../processes.ts';
import type { ProtocolName, ProtocolPeer } from './peer.ts';

const schemes: Readonly<Record<ProtocolName, string>> = {
  openwire: 'ssl',
  stomp: 'stomp+ssl',
  mqtt: 'mqtt+ssl',
  amqp10: 'amqp+ssl',
};

/** Returns the ports of a broker's endpoints by the schemes of their URLs. */
export function portsByScheme(
  description: Pick<DescribeBrokerCommandOutput, 'BrokerInstances'>,
): Map<string, number> {
  const urls = description.BrokerInstances?.[0]?.Endpoints ?? [];
  const found = urls.map((url) => /^([^:]+):\/\/.*:(\d+)/.exec(url));
  return new Map(found.map((match) => [match?.[1] ?? '', Number(match?.[2])]));
}

/** Waxwing as users run it: the service and one broker of ActiveMQ's type in a child process. */
export class WaxwingActiveMq implements ProtocolPeer {
  readonly name = 'waxwing';
  readonly version: string;
  readonly #service: WaxwingService;
  readonly #user = { Username: 'bench', Password: `bench-${process.pid}-password` };
  #caFile = '';
  #ports = new Map<string, number>();
  #client: MqClient | undefined;

  private constructor(version: string, service: WaxwingService) {
    this.version = version;
    this.#service = service;
  }

  static async create(settings: PeerSettings): Promise<WaxwingActiveMq> {
    const service = new WaxwingService(`${settings.runFolder}/waxwing`, settings.node);
    return new WaxwingActiveMq(await service.version(), service);
  }

  async start(): Promise<void> {
    this.#service.reset();
    this.#service.launch(['--no-default-broker', '--amqps-port', '0']);
    const environment = await this.#service.environment();
    this.#caFile = environment['WAXWING_CA_FILE'] ?? '';
    this.#client = mqClient(environment);
    this.#ports = portsByScheme(await this.createBroker('bench'));
  }

  /** Creates one more broker, and waits until it is RUNNING. */
  async createBroker(name: string): Promise<DescribeBrokerCommandOutput> {
    if (this.#client === undefined) throw new Error('Waxwing has not been started');
    return await createBroker(this.#client, 'ACTIVEMQ', name, this.#user);
  }

  async stop(): Promise<void> {
    await this.#service.stop();
  }

  endpoint(protocol: ProtocolName): Endpoint | undefined {
    const port = this.#ports.get(schemes[protocol]);
    if (port === undefined) return undefined;
    const { Username: user, Password: password } = this.#user;
    return { host: '127.0.0.1', port, user, password, tls: { caFile: this.#caFile } };
  }

  async amqpAddress(queue: string): Promise<string> {
    return `queue://${queue}`;
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
