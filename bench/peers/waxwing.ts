// Waxwing as a measured broker.

import { join } from 'node:path';
import type { LoadGenerator, StartReport } from '../load.ts';
import { freePort } from '../ports.ts';
import {
  type Endpoint,
  firstConnection,
  type Peer,
  type PeerSettings,
  startTimeoutSeconds,
} from './peer.ts';
import { WaxwingService } from './waxwing-service.ts';

/** Waxwing as users run it: the service and one child process for the broker `default`. */
export class Waxwing implements Peer {
  readonly name = 'waxwing';
  readonly version: string;
  readonly #service: WaxwingService;
  readonly #load: LoadGenerator;
  readonly #port: number;
  #endpoint: Endpoint | undefined;

  private constructor(version: string, service: WaxwingService, load: LoadGenerator, port: number) {
    this.version = version;
    this.#service = service;
    this.#load = load;
    this.#port = port;
  }

  static async create(settings: PeerSettings, load: LoadGenerator): Promise<Waxwing> {
    const service = new WaxwingService(join(settings.runFolder, 'waxwing'), settings.node);
    return new Waxwing(await service.version(), service, load, await freePort());
  }

  get dataFolder(): string {
    return this.#service.dataFolder;
  }

  async reset(): Promise<void> {
    this.#service.reset();
    this.#endpoint = undefined;
  }

  launch(): bigint {
    return this.#service.launch(['--amqps-port', String(this.#port)]);
  }

  async ready(): Promise<bigint> {
    const noEndpoint = { host: '127.0.0.1', port: this.#port, user: '', password: '', tls: {} };
    const args = ['--hello', '--wait', String(startTimeoutSeconds)];
    const report = this.#load.run<StartReport>(this.#endpoint ?? noEndpoint, [], args);
    const at = await firstConnection(report, this.#service.process, this.#service.outputFile);
    this.#endpoint ??= await this.#askEndpoint();
    return at;
  }

  async #askEndpoint(): Promise<Endpoint> {
    const environment = await this.serviceEnvironment();
    const url = new URL(environment['WAXWING_AMQP_URL'] ?? '');
    return {
      host: '127.0.0.1',
      port: Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      tls: { caFile: environment['WAXWING_CA_FILE'] ?? '' },
    };
  }

  /** Returns the output of `waxwing env` after the whole service has started. */
  async serviceEnvironment(): Promise<Record<string, string>> {
    return await this.#service.environment();
  }

  async stop(): Promise<void> {
    await this.#service.stop();
  }

  endpoint(): Endpoint {
    if (this.#endpoint === undefined) throw new Error('Waxwing has not been started');
    return this.#endpoint;
  }

  pids(): number[] {
    return this.#service.pids();
  }
}
