// MQTT connections.

import { assert } from '../../base/assert.ts';
import type { ClientConnection, ConnectionInspector } from '../../broker/client-connection.ts';
import type { Access } from '../../broker/users.ts';
import { BaseConnection, type Due } from '../base-connection.ts';
import { InputGate } from '../input-gate.ts';
import { PeerWatch } from '../peer-watch.ts';
import type { Transport } from '../protocol.ts';
import { SendPause } from '../send-pause.ts';
import { Answers } from './answers.ts';
import { FieldReader } from './codec/fields.ts';
import { PacketReader, type PacketSink } from './codec/packet-reader.ts';
import { disconnectPacket, packetTypes, pingresp, type Version } from './codec/packets.ts';
import { PropertyWriter, propertyIds } from './codec/properties.ts';
import type { Dialect, VhostDialect } from './dialect.ts';
import { MqttError, malformed, protocolError, reasons, toMqttError } from './errors.ts';
import type { MqttHost } from './host.ts';
import { KeepAlive } from './keep-alive.ts';
import { type Agreement, expirySeconds, Opening, type OpeningHost } from './opening.ts';
import { Publisher } from './packets/publish.ts';
import { checkFlags, readAcknowledgement, readDisconnect } from './packets/short-packets.ts';
import { subscribe, unsubscribe } from './packets/subscribe.ts';
import { EarlierReader } from './sessions/earlier-reader.ts';
import { Outgoing } from './sessions/outgoing.ts';
import type { Session } from './sessions/session.ts';
import type { SessionRegistry } from './sessions/session-registry.ts';
import { ConnectionState } from './states.ts';

/** Units of work per PUBLISH packet, per acknowledgement, and per other packet. */
const publishUnits = 8;
const acknowledgementUnits = 4;
const packetUnits = 32;

const { puback, pubrec, pubrel, pubcomp } = packetTypes;

/** An MQTT connection. */
export class MqttConnection
  extends BaseConnection
  implements ClientConnection, PacketSink, OpeningHost, MqttHost
{
  readonly service: Dialect;
  readonly answers: Answers;
  override readonly gate: InputGate;
  readonly pause: SendPause;
  protected override readonly state = new ConnectionState();
  protected override readonly input: PacketReader;
  readonly #fields = new FieldReader();
  readonly #opening: Opening;
  protected override readonly watch: PeerWatch;
  readonly #keepAlive = new KeepAlive();
  inspector: ConnectionInspector | undefined = undefined;
  #publisher: Publisher | undefined = undefined;
  #outgoing: Outgoing | undefined = undefined;
  #earlier: EarlierReader | undefined = undefined;
  #agreement: Agreement | undefined = undefined;
  /** Whether the client has ended the connection without its will. */
  #isWillDropped = false;
  #isReleased = false;
  /** Whether the subscriptions of a stored session are being restored. */
  #isRestoring = false;
  /** Whether packets behind CONNECT are held back. */
  #isHeld = false;

  constructor(transport: Transport, service: Dialect) {
    const { broker } = service;
    super(transport, broker);
    this.service = service;
    this.answers = new Answers(this);
    this.watch = new PeerWatch(broker, this.outbox, this.answers);
    this.input = new PacketReader(this, service.terms);
    this.gate = new InputGate(this.input, broker.background, this);
    this.pause = new SendPause(this.gate);
    this.#opening = new Opening(this, transport);
  }

  get #agreed(): Agreement {
    assert(this.#agreement !== undefined, 'the client has no session');
    return this.#agreement;
  }

  get registry(): SessionRegistry {
    return this.#agreed.registry;
  }

  get dialect(): VhostDialect {
    return this.#agreed.registry.dialect;
  }

  get version(): Version {
    return this.#agreed.version;
  }

  get access(): Access {
    return this.#agreed.access;
  }

  get keepAliveSeconds(): number {
    return this.#agreed.keepAliveSeconds;
  }

  get protocolName(): string {
    return 'MQTT';
  }

  get clientId(): string {
    return this.#agreed.clientId;
  }

  get session(): Session {
    return this.#agreed.session;
  }

  get packetBytesMax(): number {
    return this.#agreed.packetBytesMax;
  }

  get inFlightMax(): number {
    return this.#agreed.inFlightMax;
  }

  get aliasMax(): number {
    return this.#agreed.aliasMax;
  }

  get channelCount(): number {
    return this.service.terms.channelCount;
  }

  get takesDeliveries(): boolean {
    return this.outbox.isWritable && this.state.name === 'open' && !this.watch.isCrowded;
  }

  began(first: number): void {
    const type = first >> 4;
    const isConnect = type === packetTypes.connect;
    const isAwaited = this.state.name === 'awaiting-connect';
    // [MQTT-3.1.0-1] [MQTT-3.1.0-2]
    if (isConnect !== isAwaited) {
      const why = isConnect ? 'a second CONNECT packet' : 'a packet before CONNECT';
      throw protocolError(why);
    }
    checkFlags(first);
  }

  packet(
    first: number,
    bytes: Buffer,
    at: number,
    end: number,
    rest: readonly Buffer[] | undefined,
  ): void {
    if (this.state.name === 'awaiting-connect') {
      this.state.enter('checking-password');
      // Packets that the client sends before the answer are held back.
      this.#isHeld = true;
      this.gate.hold();
      this.#opening.connect(bytes, at, end);
    } else if (this.state.name === 'open') this.#handle(first, bytes, at, end, rest);
  }

  #handle(
    first: number,
    bytes: Buffer,
    at: number,
    end: number,
    rest: readonly Buffer[] | undefined,
  ): void {
    const type = first >> 4;
    if (type === packetTypes.publish) {
      this.gate.count(publishUnits);
      this.#publisher?.publish(first, bytes, at, end, rest);
      return;
    }
    const fields = this.#fields.open(bytes, at, end);
    if (type >= puback && type <= pubcomp) {
      this.gate.count(acknowledgementUnits);
      this.#handleAcknowledgement(type, fields);
      return;
    }
    this.gate.count(packetUnits);
    this.#handleOther(type, fields);
  }

  #handleAcknowledgement(type: number, fields: FieldReader): void {
    const { id, reason } = readAcknowledgement(fields, this.version);
    if (type === puback) this.#outgoing?.acknowledged(id);
    else if (type === pubrec) this.#outgoing?.received(id, reason >= 0x80);
    else if (type === pubrel) this.#publisher?.released(id);
    else this.#outgoing?.completed(id);
  }

  #handleOther(type: number, fields: FieldReader): void {
    const earlier = this.#earlier;
    if (earlier === undefined) return;
    switch (type) {
      case packetTypes.subscribe:
        // Messages sent before this packet are dispatched to the previous consumers first.
        this.broker.pump();
        subscribe(this, earlier, fields);
        return;
      case packetTypes.unsubscribe:
        this.broker.pump();
        unsubscribe(this, earlier, fields);
        return;
      case packetTypes.pingreq:
        if (fields.left > 0) throw malformed('PINGREQ has a content');
        this.outbox.append(pingresp, 0, pingresp.length);
        return;
      case packetTypes.disconnect:
        this.#disconnect(fields);
        return;
      default:
        throw protocolError(`a client must not send a packet of type ${type}`);
    }
  }

  /** Handles DISCONNECT. Only a normal one discards the will. [MQTT-3.14.4-3] */
  #disconnect(fields: FieldReader): void {
    const { reason, expirySeconds: seconds } = readDisconnect(fields, this.version);
    if (seconds !== undefined) this.#changeExpiry(seconds);
    this.#isWillDropped = reason === reasons.success;
    this.broker.pump();
    this.#release();
    this.end();
  }

  /** [MQTT-3.14.2-2] is about servers; a client must not make a session last that would not. */
  #changeExpiry(seconds: number): void {
    if (this.#opening.expirySeconds === 0 && seconds !== 0) {
      throw protocolError('DISCONNECT sets the expiry of a session that ends with its connection');
    }
    this.#opening.changeExpiry(expirySeconds(seconds));
  }

  loggedIn(): void {
    this.input.isAdmitted = true;
    this.state.enter('awaiting-session');
  }

  opened(agreement: Agreement, connack: Buffer): void {
    this.#agreement = agreement;
    this.inspector = this.service.inspector(this, this.transport);
    this.broker.clientConnections.add(this);
    this.#publisher = new Publisher(this);
    const outgoing = new Outgoing(this);
    this.#outgoing = outgoing;
    this.#earlier = new EarlierReader(this, outgoing);
    const { session } = agreement;
    const isStored = session.isStored || agreement.will !== undefined;
    const group = isStored ? this.broker.store.definedGroup : 0;
    const mayRead = (filter: string) => this.dialect.mayRead(filter, this.access);
    this.#isRestoring = true;
    this.broker.background.run(this.#restore(session, outgoing, mayRead), () => {
      this.#isRestoring = false;
      // [MQTT-3.2.0-1]
      this.answers.say(group, connack, () => this.#open(outgoing));
      this.broker.store.log.sync();
      this.transport.requestFlush();
    });
  }

  *#restore(
    session: Session,
    outgoing: Outgoing,
    mayRead: (filter: string) => boolean,
  ): Generator<void> {
    try {
      yield* session.open(outgoing, mayRead);
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  #open(outgoing: Outgoing): void {
    if (this.state.name !== 'awaiting-session') return;
    this.state.enter('open');
    this.#keepAlive.start(this.#agreed.keepAliveSeconds);
    outgoing.resume();
    outgoing.wake();
    this.#releaseGate();
    this.setReading();
    this.broker.pump();
  }

  #releaseGate(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.gate.release();
  }

  refused(connack: Buffer | undefined): void {
    if (this.state.isOver) return;
    this.input.stop();
    if (connack !== undefined) this.outbox.append(connack, 0, connack.length);
    this.state.enter('closing');
    this.#release();
    this.end();
  }

  takenOver(): void {
    const why = 'another connection uses the client id';
    this.failed(new MqttError('closing', 'sessionTakenOver', why));
  }

  override failed(thrown: unknown): void {
    const error = toMqttError(thrown);
    if (error.code === 'internal') this.broker.internalError(error.cause, this.peerAddress);
    if (this.state.isOver) return;
    this.input.stop();
    // Answers that wait for the log are not sent. The client repeats what they were about.
    this.answers.drop();
    this.#sayDisconnect(error);
    this.state.enter('closing');
    this.#release();
    this.end();
  }

  /** Before MQTT 5, and before CONNACK, the server has no DISCONNECT packet. */
  #sayDisconnect(error: MqttError): void {
    if (this.state.name !== 'open' || this.version !== 5) return;
    const properties = new PropertyWriter();
    const { isTold } = this.#agreed;
    if (isTold) properties.text(propertyIds.reasonString, error.message.slice(0, 1000));
    const bytes = disconnectPacket(error.reasonCode, properties);
    const isLarge = bytes.length > this.packetBytesMax; // [MQTT-3.14.2-3]
    const sent = isLarge ? disconnectPacket(error.reasonCode, new PropertyWriter()) : bytes;
    if (sent.length <= this.packetBytesMax) this.outbox.append(sent, 0, sent.length);
  }

  /** Requeues everything. Long work is done in later turns. */
  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#opening.abandon();
    this.broker.clientConnections.delete(this);
    this.broker.flow.remove(this);
    this.pause.end();
    this.#publisher?.end();
    this.#outgoing?.stop();
    this.#earlier?.stop();
    this.#releaseGate();
    this.broker.background.run(this.#requeueAll());
  }

  *#requeueAll(): Generator<void> {
    // Another job of this connection may still be publishing or subscribing.
    while (this.#isRestoring || this.gate.isBusy) yield;
    try {
      const agreement = this.#agreement;
      if (agreement === undefined) return;
      if (this.#outgoing !== undefined) yield* this.#outgoing.release();
      yield* agreement.session.leave();
      const will = this.#isWillDropped ? undefined : this.#opening.ownedWill();
      agreement.registry.ended(agreement.session, this.#opening.expirySeconds, will);
    } finally {
      // Also after an error: until then, no other connection can use the client id.
      this.#opening.release();
    }
  }

  uncrowded(): void {
    this.#outgoing?.wake();
  }

  protected override deliver(): void {
    this.#outgoing?.wake();
  }

  protected override closing(reason: string): MqttError {
    return new MqttError('closing', 'unspecified', reason);
  }

  protected override overdue(): void {
    this.#release();
    this.end();
  }

  protected override beat(nowMs: number, hasReceived: boolean): Due {
    return this.#keepAlive.tick(nowMs, hasReceived) ? 'end' : 'nothing';
  }

  protected override ticked(due: Due): void {
    if (this.state.name !== 'open' || due !== 'end') return;
    const why = 'the client was silent for more than 1.5 times its keep-alive';
    this.failed(new MqttError('closing', 'keepAliveTimeout', why));
  }

  protected override gone(): void {
    this.pause.end();
  }

  protected override abandon(): void {
    this.#opening.abandon();
  }

  protected override get isAgreed(): boolean {
    return this.#agreement !== undefined && this.state.name === 'open';
  }

  protected override get isWaiting(): boolean {
    return this.answers.isWaiting;
  }

  protected override lost(): void {
    this.answers.drop();
    this.#release();
  }

  override shutdown(reason: string): void {
    this.failed(new MqttError('closing', 'serverShuttingDown', reason));
  }
}
