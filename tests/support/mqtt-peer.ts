// A client of MQTT without sockets, and its broker.

import type { Broker } from '../../src/broker/broker.ts';
import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import type { Limits } from '../../src/broker/limits.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import { mqttForActiveMq } from '../../src/protocols/mqtt/activemq/protocol.ts';
import { mqttFormat } from '../../src/protocols/mqtt/format.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import { stompFormat } from '../../src/protocols/stomp/activemq/format.ts';
import {
  ackPacket,
  connectPacket,
  packet,
  publishPacket,
  type Received,
  readPackets,
  subscribePacket,
  type TestConnect,
  type TestProperties,
  unsubscribePacket,
} from './mqtt-packets.ts';
import { type BrokerParts, openParts, PeerBroker } from './peer-broker.ts';
import { PeerTransport } from './peer-transport.ts';
import { StompPeer } from './stomp-peer.ts';

const formats = [amqp091Format, stompFormat, mqttFormat];

/** A broker's parts, for MQTT over a log in memory that syncs when a test says so. */
export class MqttBroker extends PeerBroker {
  readonly protocol: Protocol;

  readonly #protocolOf: (broker: Broker) => Protocol;

  private constructor(parts: BrokerParts, protocolOf: (broker: Broker) => Protocol) {
    super(parts);
    this.#protocolOf = protocolOf;
    this.protocol = protocolOf(parts.broker);
    this.protocol.begun?.();
  }

  /**
   * @param before the broker whose log this one takes over, as after a crash
   * @param rowCount records that reached the disk although they were not confirmed
   */
  static async open(
    limits: Partial<Limits> = {},
    before?: MqttBroker,
    more: Partial<BrokerOptions> = {},
    rowCount = 0,
    protocolOf = mqttForActiveMq,
  ): Promise<MqttBroker> {
    const parts = await openParts(limits, before, { formats, ...more }, rowCount);
    return new MqttBroker(parts, protocolOf);
  }

  /** The broker that the next start finds after a crash: what was synced, and nothing else. */
  async crash(limits: Partial<Limits> = {}, rowCount = 0): Promise<MqttBroker> {
    return MqttBroker.open(limits, this, {}, rowCount, this.#protocolOf);
  }

  /** Time passes, and what is due happens. */
  advance(ms: number): void {
    this.clock.advance(ms);
    this.broker.tick();
    this.sync();
  }

  /** Work that was left for later turns is done. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 10_000; turn++) {
      const { background } = this.broker;
      if (background.isIdle && !background.isPending) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error('the work does not end');
  }

  /** A client that has logged in. */
  async client(options: TestConnect = {}): Promise<MqttPeer> {
    const peer = new MqttPeer(this);
    await peer.connect(options);
    peer.takeConnack();
    return peer;
  }

  /** A client of STOMP that has logged in. */
  async stompClient(headers: Readonly<Record<string, string>> = {}): Promise<StompPeer> {
    const peer = new StompPeer(this.broker);
    await peer.connect(headers);
    peer.take();
    return peer;
  }
}

/** A client in this process: what it sends is received at once, what it is sent is kept. */
export class MqttPeer extends PeerTransport {
  readonly #broker: Pick<MqttBroker, 'protocol' | 'sync'>;
  version: 3 | 4 | 5 = 4;
  connack: Received | undefined = undefined;
  /** What came with CONNACK. */
  #pending: Received[] = [];

  constructor(broker: Pick<MqttBroker, 'protocol' | 'sync'>) {
    super(broker.protocol);
    this.#broker = broker;
  }

  /** Logs in; what comes back stays to be taken. */
  async connect(options: TestConnect = {}): Promise<void> {
    this.version = options.version ?? 4;
    this.receive(connectPacket(options));
    await this.#turns();
  }

  /** The answer to CONNECT takes some turns, and a sync if the session is stored. */
  async #turns(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) {
      await new Promise(setImmediate);
      this.#broker.sync();
    }
    this.connection.flush();
  }

  receive(bytes: Buffer): void {
    this.connection.receive(Buffer.from(bytes));
    this.connection.flush();
  }

  publish(topic: string, payload: string, options: Parameters<typeof publishPacket>[3] = {}): void {
    this.receive(publishPacket(this.version, topic, payload, options));
  }

  subscribe(filters: Readonly<Record<string, number>>, properties?: TestProperties, id = 1): void {
    this.receive(subscribePacket(this.version, id, filters, properties));
  }

  unsubscribe(filters: readonly string[], id = 2): void {
    this.receive(unsubscribePacket(this.version, id, filters));
  }

  puback(id: number, reason?: number): void {
    this.receive(ackPacket(0x40, id, reason));
  }

  pubrec(id: number, reason?: number): void {
    this.receive(ackPacket(0x50, id, reason));
  }

  pubrel(id: number): void {
    this.receive(ackPacket(0x62, id));
  }

  pubcomp(id: number): void {
    this.receive(ackPacket(0x70, id));
  }

  ping(): void {
    this.receive(packet(0xc0));
  }

  disconnect(...content: readonly Buffer[]): void {
    this.receive(packet(0xe0, ...content));
  }

  /** The connection is lost. */
  cut(): void {
    this.connection.ended();
  }

  takeConnack(): void {
    [this.connack, ...this.#pending] = this.take();
  }

  /** Packets that have come since the last look. */
  take(): Received[] {
    this.connection.flush();
    const { packets, rest } = readPackets(Buffer.concat(this.received.splice(0)), this.version);
    if (rest.length > 0) this.received.push(rest);
    return [...this.#pending.splice(0), ...packets];
  }

  /** Messages among them. */
  messages(): Received[] {
    return this.take().filter(({ type }) => type === 'publish');
  }

  /** Payloads of the messages among them. */
  payloads(): string[] {
    return this.messages().map(({ payload }) => payload ?? '');
  }
}
