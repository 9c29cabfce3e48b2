// The ports of a cluster for clients.

import type { PortRecord } from '../../control/broker-record.ts';
import type { BrokerSpec } from '../../control/engine.ts';
import { managementAdmissionLimits } from '../../management/limits.ts';
import { NetError } from '../../net/errors.ts';
import { Forwarder, type ForwardTarget } from '../../net/forwarder.ts';
import { answerPlainHttp } from '../../net/http/plain-http.ts';
import { brokerAdmissionLimits } from '../../net/limits.ts';
import type { Reach } from '../../net/proxy-protocol/address-gate.ts';
import { clientLine } from '../../net/proxy-protocol/write-header.ts';
import { answerPlain } from '../../protocols/amqp091/plain-answer.ts';
import { otherPorts, type PortSettings, portRecord, wantedPorts } from '../ports/port-choice.ts';
import type { Cluster } from './cluster.ts';
import type { NodePorts } from './nodes/node-place.ts';

/** The time after which a node closes a connection without a log-in, and some more; milliseconds. */
const loginMs = 16_000;

/** The settings of the endpoints. */
export interface EndpointSettings extends PortSettings {
  /** The address on which brokers listen. */
  readonly host: string;
  /** How clients reach the ports; undefined for directly. */
  readonly access?: Reach | undefined;
}

/** What the ports of a cluster depend on. */
type EndpointSpec = Pick<BrokerSpec, 'listeners' | 'ports' | 'portsOfOthers'>;

/** One port for AMQP and one for management, which are forwarded to nodes that serve clients. */
export class ClusterEndpoints {
  readonly #cluster: Pick<Cluster, 'healthy'>;
  readonly #settings: EndpointSettings;
  readonly #forwarders: Forwarder[] = [];
  #turn = 0;

  constructor(cluster: Pick<Cluster, 'healthy'>, settings: EndpointSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
  }

  /**
   * Opens the ports.
   *
   * @param warn called if a preferred port is in use
   * @throws {NetError} `listen-failed`
   */
  async open(spec: EndpointSpec, warn: (text: string) => void): Promise<PortRecord[]> {
    const { host } = this.#settings;
    const wanted = wantedPorts(spec, spec.listeners, this.#settings);
    const others = otherPorts(spec, wanted, this.#settings);
    const records: PortRecord[] = [];
    try {
      for (const [at, { name, endpoint, isManagement = false }] of spec.listeners.entries()) {
        const forwarder = this.#forwarder(isManagement);
        this.#forwarders.push(forwarder);
        const first = wanted[at] ?? 0;
        const tried = first === 0 ? [0] : [first, ...others, 0];
        const port = await openFirst(forwarder, tried);
        const { record, warning } = portRecord({ listener: name, endpoint }, first, port, host);
        if (warning !== undefined) warn(warning);
        records.push(record);
      }
      return records;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #forwarder(isManagement: boolean): Forwarder {
    const kind: keyof NodePorts = isManagement ? 'management' : 'amqps';
    return new Forwarder({
      host: this.#settings.host,
      // Nodes answer some requests without a log-in, so that these connections last as long as clients want.
      limits: isManagement ? managementAdmissionLimits : brokerAdmissionLimits,
      reach: this.#settings.access,
      route: (_client, chosen) => chosen(this.#targets(kind)),
      loginMs,
      answerPlain: isManagement
        ? (bytes) => answerPlainHttp(bytes, ['https']) ?? Buffer.alloc(0)
        : answerPlain,
    });
  }

  /** The nodes that serve clients, in turns. */
  #targets(kind: keyof NodePorts): ForwardTarget[] {
    const { healthy } = this.#cluster;
    const first = healthy.length === 0 ? 0 : this.#turn++ % healthy.length;
    // Nodes are told the address of the client, except on the port for management.
    const header = kind === 'amqps' ? clientLine : undefined;
    return [...healthy.slice(first), ...healthy.slice(0, first)].map(({ place }) => ({
      host: place.address,
      port: place.ports[kind],
      header,
    }));
  }

  /** The bytes that clients have sent and received. */
  get networkBytes(): { readonly received: number; readonly sent: number } {
    const sum = { received: 0, sent: 0 };
    for (const { networkBytes } of this.#forwarders) {
      sum.received += networkBytes.received;
      sum.sent += networkBytes.sent;
    }
    return sum;
  }

  /** Accepts no more connections. The nodes tell the reason to those that there are. */
  refuse(): void {
    for (const forwarder of this.#forwarders) forwarder.refuse();
  }

  /** Closes the ports and all connections. */
  close(): void {
    for (const forwarder of this.#forwarders.splice(0)) forwarder.close();
  }
}

async function openFirst(forwarder: Forwarder, ports: readonly number[]): Promise<number> {
  for (const port of ports) {
    try {
      return await forwarder.open(port);
    } catch (error) {
      if (!(error instanceof NetError) || error.code !== 'port-in-use') throw error;
    }
  }
  throw new NetError('listen-failed', 'no port is free');
}
