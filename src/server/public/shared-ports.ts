// Ports that all brokers share: clients name the broker when TLS begins.

import type { Socket } from 'node:net';
import { systemRandom } from '../../base/random.ts';
import { type BrokerRecord, portOf } from '../../control/broker-record.ts';
import { Forwarder, type ForwardTarget } from '../../net/forwarder.ts';
import { brokerAdmissionLimits } from '../../net/limits.ts';
import type { Reach } from '../../net/proxy-protocol/address-gate.ts';
import { secretHeader } from '../../net/proxy-protocol/write-header.ts';
import { readServerName, refuseName } from '../../net/server-name/read-server-name.ts';
import { brokerLabels } from './broker-names.ts';
import { plainAnswersOf } from './plain-answers.ts';
import type { SharedPortNumbers } from './shared-ports-setting.ts';

/**
 * The limits of a shared port. Brokers limit connections without a log-in themselves, for each client:
 * they are told its address. One source cannot take all places.
 */
const limits = { ...brokerAdmissionLimits, connectionCountMax: 40_000 };
const connectionsPerSourceMax = 10_000;
const secretBytes = 32;

/** The settings of the shared ports. */
export interface SharedPortsOptions {
  readonly host: string;
  readonly ports: SharedPortNumbers;
  readonly trustedProxies: readonly string[];
  /** The domains with a name for each broker. */
  readonly domains: readonly string[];
  readonly brokerOf: (id: string) => BrokerRecord | undefined;
}

/** A broker among the names of a domain. */
const labelForm = /^(b-[0-9a-f-]{36})(?:-\d)?$/;

/** The shared ports. Connections are forwarded to brokers without being decrypted. */
export class SharedPorts {
  readonly #options: SharedPortsOptions;
  readonly #secret = systemRandom.bytes(secretBytes);
  readonly #forwarders: Forwarder[] = [];
  /** Connections that named no broker of the service. */
  #unknownCount = 0;

  constructor(options: SharedPortsOptions) {
    this.#options = options;
  }

  /** How the listeners of brokers recognize these connections. */
  get access(): Pick<Reach, 'routerSecret'> {
    return { routerSecret: this.#secret.toString('hex') };
  }

  /**
   * Opens the ports.
   *
   * @throws {NetError} `port-in-use`, `listen-failed`
   */
  async open(): Promise<void> {
    const { ports, host, trustedProxies } = this.#options;
    for (const port of new Set(ports.values())) {
      const listeners = [...ports].filter(([, each]) => each === port).map(([name]) => name);
      const forwarder = new Forwarder({
        host,
        limits,
        reach: { trustedProxies },
        route: (client, chosen) => this.#route(client, listeners, chosen),
        loginMs: 0,
        connectionsPerSourceMax,
        answerPlain: await plainAnswersOf(listeners),
      });
      this.#forwarders.push(forwarder);
      try {
        await forwarder.open(port);
      } catch (error) {
        this.close();
        throw error;
      }
    }
  }

  #route(
    client: Socket,
    listeners: readonly string[],
    chosen: (targets: readonly ForwardTarget[]) => void,
  ): void {
    readServerName(client, limits.helloBytesMax, (name) => {
      const target = name === undefined ? undefined : this.#targetOf(name, listeners);
      if (target !== undefined) {
        chosen([target]);
        return;
      }
      this.#unknownCount++;
      refuseName(client, 'unrecognized-name');
    });
  }

  #targetOf(name: string, listeners: readonly string[]): ForwardTarget | undefined {
    const dot = name.indexOf('.');
    const label = name.slice(0, Math.max(dot, 0));
    if (!this.#options.domains.includes(name.slice(dot + 1))) return undefined;
    const [, id = ''] = labelForm.exec(label) ?? [];
    const broker = this.#options.brokerOf(id);
    if (broker === undefined) return undefined;
    const endpoint = brokerLabels(broker).indexOf(label) + 1;
    const port = listeners
      .map((listener) => portOf(broker, listener, endpoint))
      .find((each) => each !== undefined);
    if (port === undefined) return undefined;
    // Processes of ActiveMQ own the ports of pairs, and do not read headers.
    const isPair = broker.deploymentMode === 'ACTIVE_STANDBY_MULTI_AZ';
    const header = isPair ? undefined : (of: Socket) => secretHeader(of, this.#secret);
    return { host: connectableHost(this.#options.host), port, header };
  }

  /** Connections of all ports, and those that reached no broker by reason. */
  get counts() {
    const closed = { crowded: 0, late: 0, unproxied: 0, unknown: this.#unknownCount };
    let connections = 0;
    for (const { connectionCount, admission } of this.#forwarders) {
      connections += connectionCount;
      closed.crowded += admission.closed.crowded;
      closed.late += admission.closed.late;
      closed.unproxied += admission.closed.unproxied;
    }
    return { connections, closed };
  }

  /** Accepts no more connections. */
  refuse(): void {
    for (const forwarder of this.#forwarders) forwarder.refuse();
  }

  /** Closes the ports and all connections. */
  close(): void {
    for (const forwarder of this.#forwarders.splice(0)) forwarder.close();
  }
}

/** The address at which a listener of this machine can be reached. */
function connectableHost(host: string): string {
  if (host === '::' || host === '::1') return '::1';
  return ['0.0.0.0', '', 'localhost'].includes(host) ? '127.0.0.1' : host;
}
