// A broker of ActiveMQ's type and its clients of all protocols, without sockets.

import { type ActiveMq, configureActiveMq } from '../../src/broker/activemq/activemq.ts';
import type { ActiveMqEvents } from '../../src/broker/activemq/events.ts';
import type { Limits } from '../../src/broker/limits.ts';
import { brokerNamespace } from '../../src/control/configurations/activemq/xml-tree.ts';
import { readConfiguration } from '../../src/engines/waxwing/configuration/read-configuration.ts';
import { amqp10Format } from '../../src/protocols/amqp10/format.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import { mqttForActiveMq } from '../../src/protocols/mqtt/activemq/protocol.ts';
import { mqttFormat } from '../../src/protocols/mqtt/format.ts';
import { openwireFormat } from '../../src/protocols/openwire/format.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import { stompFormat } from '../../src/protocols/stomp/activemq/format.ts';
import { Amqp10Peer } from './amqp10-peer.ts';
import type { TestConnect } from './mqtt-packets.ts';
import { MqttPeer } from './mqtt-peer.ts';
import { type ClientOptions, OpenWireBroker, type OpenWirePeer } from './openwire-peer.ts';
import { StompPeer } from './stomp-peer.ts';

const formats = [amqp091Format, stompFormat, openwireFormat, amqp10Format, mqttFormat];

/** What a broker of a test is opened with, besides its configuration. */
export interface ActiveMqParts {
  readonly events?: ActiveMqEvents;
  readonly limits?: Partial<Limits>;
  /** The broker whose log this one takes over, as after a crash. */
  readonly before?: ActiveMqPeers | undefined;
  readonly revision?: number;
}

/** A broker of ActiveMQ's type with a configuration, and its clients of all protocols. */
export class ActiveMqPeers {
  readonly b: OpenWireBroker;
  readonly dialect: ActiveMq;
  readonly warnings: readonly string[];
  readonly #mqtt: Protocol;

  private constructor(b: OpenWireBroker, dialect: ActiveMq, warnings: readonly string[]) {
    this.b = b;
    this.dialect = dialect;
    this.warnings = warnings;
    this.#mqtt = mqttForActiveMq(b.broker);
    this.#mqtt.begun?.();
  }

  /**
   * @param inside the elements of the configuration
   * @param attributes those of its root element
   */
  static async open(
    inside = '',
    attributes = '',
    { events, limits = {}, before, revision = 1 }: ActiveMqParts = {},
  ): Promise<ActiveMqPeers> {
    const text = `<broker xmlns="${brokerNamespace}" ${attributes}>${inside}</broker>`;
    const { configuration, warnings } = readConfiguration({
      configuration: { id: 'c-1', revision, text },
      users: [],
    });
    // As it comes to the broker process.
    const received = JSON.parse(JSON.stringify(configuration));
    let dialect: ActiveMq | undefined;
    const more = { formats, memoryBytes: () => 0 };
    const b = await OpenWireBroker.open(limits, before?.b, more, (broker) => {
      dialect = configureActiveMq(broker, received, events);
    });
    if (dialect === undefined) throw new Error('the broker has no destinations');
    return new ActiveMqPeers(b, dialect, warnings);
  }

  openwire(connection: string, options: ClientOptions = {}): Promise<OpenWirePeer> {
    return this.b.client({ connection, ...options });
  }

  async stomp(headers: Readonly<Record<string, string>> = {}): Promise<StompPeer> {
    const peer = new StompPeer(this.b.broker);
    await peer.connect(headers);
    peer.take();
    return peer;
  }

  async amqp10(containerId: string): Promise<Amqp10Peer> {
    const peer = new Amqp10Peer(this.b.broker);
    await peer.connect(containerId, {});
    peer.begin();
    peer.take();
    return peer;
  }

  async mqtt(options: TestConnect = {}): Promise<MqttPeer> {
    const peer = new MqttPeer({ protocol: this.#mqtt, sync: () => this.b.sync() });
    await peer.connect(options);
    peer.takeConnack();
    return peer;
  }

  /** Time passes, what is due happens, and everything is on the disk. */
  advance(ms: number): void {
    this.b.clock.advance(ms);
    this.b.broker.tick();
    this.b.broker.pump();
    this.b.sync();
  }

  /** Work that was left for later turns is done. */
  async settled(): Promise<void> {
    const { background } = this.b.broker;
    for (let turn = 0; turn < 10_000; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.b.sync();
      if (background.isIdle && !background.isPending) return;
    }
    throw new Error('the work does not end');
  }
}

/** A configuration with one policy. @param of `queue="&gt;"` */
export function policyOf(of: string, attributes: string, children = ''): string {
  return (
    '<destinationPolicy><policyMap><policyEntries>' +
    `<policyEntry ${of} ${attributes}>${children}</policyEntry>` +
    '</policyEntries></policyMap></destinationPolicy>'
  );
}
