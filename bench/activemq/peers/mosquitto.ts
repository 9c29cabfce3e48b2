// Mosquitto as a measured broker.

import { ensurePackages, installedVersion } from '../../peers/debian-packages.ts';
import type { Endpoint, PeerSettings } from '../../peers/peer.ts';
import { freePort } from '../../ports.ts';
import { LocalBroker } from './local-broker.ts';
import type { ProtocolName, ProtocolPeer } from './peer.ts';

/** Debian's mosquitto, which keeps everything in memory. */
export class Mosquitto implements ProtocolPeer {
  readonly name = 'mosquitto';
  readonly version: string;
  readonly #broker: LocalBroker;
  readonly #port: number;

  private constructor(version: string, broker: LocalBroker, port: number) {
    this.version = version;
    this.#broker = broker;
    this.#port = port;
  }

  static async create(settings: PeerSettings): Promise<Mosquitto> {
    await ensurePackages({ mosquitto: 'mosquitto' });
    const version = await installedVersion('mosquitto');
    const broker = await LocalBroker.create(`${settings.runFolder}/mosquitto`);
    const port = await freePort();
    broker.write('mosquitto.conf', configuration(broker, port));
    return new Mosquitto(`mosquitto ${version}`, broker, port);
  }

  async start(): Promise<void> {
    const command = ['mosquitto', '-c', this.#broker.path('mosquitto.conf')];
    await this.#broker.start(command, [this.#port]);
  }

  async stop(): Promise<void> {
    await this.#broker.stop();
  }

  endpoint(protocol: ProtocolName): Endpoint | undefined {
    if (protocol !== 'mqtt') return undefined;
    return {
      ...{ host: '127.0.0.1', port: this.#port },
      ...{ user: 'bench', password: 'bench', tls: { caFile: this.#broker.path('ca.pem') } },
    };
  }

  pids(): number[] {
    return this.#broker.pids();
  }

  async memoryKiB(): Promise<number> {
    return this.#broker.rssKiB();
  }

  brokerKiB(): number {
    return this.#broker.rssKiB();
  }
}

/**
 * Its default limits of 20 messages in flight and 1,000 queued ones would drop messages or make it
 * wait for the consumer; they are raised. It may read its key after the start, as root.
 */
const configuration = (broker: LocalBroker, port: number) => `user root
listener ${port} 127.0.0.1
certfile ${broker.path('server.pem')}
keyfile ${broker.path('server.key')}
tls_version tlsv1.3
allow_anonymous true
persistence false
max_inflight_messages 1000
max_queued_messages 0
log_type error
log_type warning
`;
