// An AMQP 0-9-1 connection.

import { assert } from '../../base/assert.ts';
import { Reader } from '../../base/bytes.ts';
import type { Broker } from '../../broker/broker.ts';
import type { ClientConnection } from '../../broker/client-connection.ts';
import type { PublisherListener } from '../../broker/flow.ts';
import type { Access } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import type { Connection, Transport } from '../protocol.ts';
import { Channel, type ChannelHost } from './channel.ts';
import { FrameReader, type FrameSink, frameTypes } from './codec/frames.ts';
import { type ConnectionTuneOk, type Method, methodIds, readMethod } from './codec/methods.gen.ts';
import { AmqpError, toAmqpError } from './errors.ts';
import * as handshake from './handshake.ts';
import { ConnectionFacts } from './inspection/connection-facts.ts';
import { AmqpInspector } from './inspection/connection-inspector.ts';
import { Opening, type OpeningHost } from './methods/connection.ts';
import { Outbox } from './outbox.ts';
import { PeerAccount } from './peer-account.ts';
import type { SharedState } from './shared-state.ts';
import type { WaitingFrame } from './stalls/backlog.ts';
import { ConfirmingChannels } from './stalls/confirming-channels.ts';
import { FrameGate } from './stalls/frame-gate.ts';
import { releaseHeld } from './stalls/release-held.ts';
import { StalledChannels } from './stalls/stalled-channels.ts';
import { ConnectionState } from './states.ts';
import { AgeWatch } from './timing/delivery-ages.ts';
import { Heartbeats, heartbeatError } from './timing/heartbeats.ts';

const closeOkId = methodIds.connectionCloseOk;

/** The reason for closing a connection. */
interface Failure {
  readonly error: AmqpError;
  /** The class and method of the frame that caused it. */
  readonly methodId: number;
  readonly isUnanswered: boolean;
}

/** An AMQP 0-9-1 connection. */
export class AmqpConnection
  implements Connection, ClientConnection, FrameSink, OpeningHost, ChannelHost, PublisherListener
{
  readonly shared: SharedState;
  readonly broker: Broker;
  readonly peerAddress: string;
  readonly localAddress: string;
  readonly outbox: Outbox;
  readonly account: PeerAccount;
  readonly gate: FrameGate;
  readonly state = new ConnectionState();
  readonly facts = new ConnectionFacts();
  readonly #transport: Transport;
  readonly #frames: FrameReader;
  readonly #channels: (Channel | undefined)[] = [];
  readonly #opening: Opening;
  #channelMax: number = handshake.offer.channelMax;
  readonly #heartbeats = new Heartbeats();
  #hasReceived = false;
  #isPaused = false;
  #isBehind = false;
  readonly #confirming = new ConfirmingChannels();
  readonly #ageWatch = new AgeWatch();
  readonly #stalled = new StalledChannels(this, this.#channels);
  #methodId = 0;
  /** The error with which the connection will be closed, after earlier frames are handled. */
  #failure: Failure | undefined = undefined;
  #isDraining = false;
  /** Whether a drained frame has failed. */
  hasDrainFailed = false;
  /** The error of a failed delivery, until the end of the turn. */
  #bug: { readonly thrown: unknown } | undefined = undefined;

  constructor(transport: Transport, shared: SharedState) {
    const { broker } = shared;
    this.#transport = transport;
    this.peerAddress = transport.peerAddress;
    this.localAddress = transport.localAddress;
    this.shared = shared;
    this.broker = broker;
    this.#opening = new Opening(this, transport);
    this.outbox = new Outbox(transport, broker, () => this.#wake());
    this.account = new PeerAccount(broker, this.outbox);
    this.#frames = new FrameReader(this, handshake.frameMaxBeforeLogin);
    this.gate = new FrameGate(this.#frames, broker.background, this);
  }

  get notifiesCancel(): boolean {
    return this.#opening.notifiesCancel;
  }

  get inspector(): AmqpInspector {
    return new AmqpInspector(this, this.#transport, this.#channels);
  }

  get frameMax(): number {
    return this.#frames.frameMax;
  }

  get vhost(): Vhost {
    const { vhost } = this.#opening;
    assert(vhost !== undefined, 'no virtual host is open');
    return vhost;
  }

  get access(): Access {
    const { access } = this.#opening;
    assert(access !== undefined, 'no virtual host is open');
    return access;
  }

  receive(bytes: Buffer): void {
    this.#hasReceived = true;
    this.facts.receivedBytes += bytes.length;
    if (this.state.name === 'closed') return;
    this.gate.beginTurn();
    try {
      const rest = this.state.name === 'awaiting-header' ? this.#readHeader(bytes) : bytes;
      if (rest.length > 0) this.#frames.receive(rest);
    } catch (thrown) {
      // The frame boundaries are lost, so close-ok cannot be recognised.
      this.#fail(toAmqpError(thrown), true);
    }
    this.#received();
    // Deliveries stop by themselves. This is for peers that send requests and do not read the
    // answers.
    this.#setBehind();
  }

  /** Everything received was handled: delivers and confirms. */
  #received(): void {
    this.broker.pump();
    if (!this.#confirming.write()) return;
    this.broker.store.log.sync();
    // After the sync was requested: a group that is written at once is confirmed in the same turn.
    this.#transport.requestFlush();
  }

  #setBehind(): void {
    const { isBehind } = this.account;
    if (this.#isBehind === isBehind) return;
    this.#isBehind = isBehind;
    this.setReading();
  }

  /** Reads from the peer, unless the broker, the peer or one of its channels is behind. */
  setReading(): void {
    const isHeldUp = this.#isBehind || this.gate.isBusy || this.#stalled.isFull;
    if (this.#isPaused || isHeldUp) this.#transport.pause();
    else this.#transport.resume();
  }

  /** Returns the data after the protocol header; empty while the header is incomplete. */
  #readHeader(bytes: Buffer): Buffer {
    const rest = this.#opening.readHeader(bytes);
    if (rest !== undefined) return rest;
    // The protocol is unknown. The answer states the supported one (2.2.4).
    this.outbox.append(handshake.protocolHeader, 0, handshake.protocolHeader.length);
    this.end();
    return Buffer.alloc(0);
  }

  send(method: Method): void {
    this.outbox.method(0, method);
  }

  method(number: number, bytes: Buffer, at: number, end: number): void {
    const channel = number === 0 ? undefined : this.#channels[number];
    try {
      if (channel?.backlog !== undefined) {
        this.#stalled.postpone(channel.backlog, frameTypes.method, bytes, at, end, true);
      } else if (channel !== undefined) channel.method(bytes, at, end);
      else this.#withoutChannel(number, bytes, at, end);
    } catch (thrown) {
      this.#failOn(channel, thrown, { type: frameTypes.method, bytes, at, end, isLast: true });
    }
  }

  header(number: number, bytes: Buffer, at: number, end: number): void {
    const channel = this.#channels[number];
    try {
      if (channel?.backlog !== undefined) {
        this.#stalled.postpone(channel.backlog, frameTypes.header, bytes, at, end, true);
      } else if (channel !== undefined) channel.header(bytes, at, end);
      else this.#contentWithoutChannel(number, 'header');
    } catch (thrown) {
      this.#failOn(channel, thrown, { type: frameTypes.header, bytes, at, end, isLast: true });
    }
  }

  body(number: number, bytes: Buffer, at: number, end: number, isLast: boolean): void {
    const channel = this.#channels[number];
    try {
      if (channel?.backlog !== undefined) {
        this.#stalled.postpone(channel.backlog, frameTypes.body, bytes, at, end, isLast);
      } else if (channel !== undefined) channel.body(bytes, at, end, isLast);
      else this.#contentWithoutChannel(number, 'body');
    } catch (thrown) {
      this.#failOn(channel, thrown, { type: frameTypes.body, bytes, at, end, isLast });
    }
  }

  goOnLater(channel: Channel): void {
    this.#stalled.goOnLater(channel);
  }

  heartbeat(number: number, size: number): void {
    if (number === 0 && size === 0) return;
    this.#methodId = 0;
    this.#failOn(undefined, heartbeatError(number, size));
  }

  #contentWithoutChannel(number: number, kind: string): void {
    if (this.state.name === 'closing') return;
    this.#methodId = 0;
    if (number === 0 || this.state.name !== 'open') {
      throw new AmqpError('unexpected-frame', `expected method frame, got ${kind} frame instead`);
    }
    throw new AmqpError('channel-error', "expected 'channel.open'");
  }

  /**
   * Errors that end a channel are answered on it; all others end the connection. In both cases
   * frames are still parsed, so that `connection.close-ok` is recognised. A frame for which a permission is
   * being checked is handled again later.
   */
  #failOn(channel: Channel | undefined, thrown: unknown, frame?: WaitingFrame): void {
    const cause = channel && frame ? this.#stalled.waitIfUndecided(channel, thrown, frame) : thrown;
    if (cause === undefined) return;
    const error = toAmqpError(cause);
    if (channel !== undefined && error.scope === 'channel') {
      channel.fail(error);
      return;
    }
    this.#methodId = channel?.methodId ?? this.#methodId;
    this.#fail(error);
  }

  #withoutChannel(number: number, bytes: Buffer, at: number, end: number): void {
    const r = new Reader(bytes, at, end);
    const id = r.u32();
    this.#methodId = id;
    if (this.state.isOver) {
      if (number === 0) this.#whileClosing(id);
      return;
    }
    const method = readMethod(id, r);
    if (method === undefined) {
      throw new AmqpError('command-invalid', `unknown method ${id >>> 16}.${id & 0xffff}`);
    }
    if (number === 0) this.#control(method);
    else if (this.state.name !== 'open') this.state.refuse();
    else this.#openChannel(number, method);
  }

  #whileClosing(id: number): void {
    if (id === methodIds.connectionClose) this.send({ id: closeOkId });
    if (id === closeOkId || id === methodIds.connectionClose) this.end();
  }

  #openChannel(number: number, method: Method): void {
    if (method.id === methodIds.channelCloseOk) return; // close-ok for a channel that both sides closed at once
    if (method.id !== methodIds.channelOpen)
      throw new AmqpError('channel-error', "expected 'channel.open'");
    if (number > this.#channelMax) {
      throw new AmqpError(
        'not-allowed',
        `channel number ${number} is higher than the negotiated channel_max (${this.#channelMax})`,
      );
    }
    this.#methodId = 0; // as RabbitMQ states for the limit of a user
    this.broker.accounts.channelOpened(this.access);
    this.#methodId = method.id;
    this.#channels[number] = new Channel(this, number);
    this.outbox.method(number, { id: methodIds.channelOpenOk });
  }

  #control(method: Method): void {
    if (method.id === methodIds.connectionClose) this.#closedByPeer();
    else this.#opening.method(method);
  }

  tuned({ channelMax, frameMax, heartbeat }: ConnectionTuneOk): void {
    this.#channelMax = channelMax;
    this.#frames.frameMax = frameMax;
    this.#heartbeats.start(heartbeat * 1000);
  }

  opened(): void {
    this.broker.clientConnections.add(this);
  }

  requestFlush(): void {
    this.#transport.requestFlush();
  }

  #closedByPeer(): void {
    this.#frames.stop();
    this.#drain(() => this.#answerClose());
  }

  #answerClose(): void {
    if (this.#failure !== undefined) {
      this.#close(this.#failure);
      return;
    }
    this.broker.pump(); // earlier publishes are delivered to the consumers that existed then
    // The resources must be released before the peer has its answer.
    this.#release(() => {
      if (this.state.isOver) return;
      this.send({ id: closeOkId });
      this.state.enter('closed');
    });
    // The peer may still be sending. It closes the transport, or tick() does.
  }

  /** Handles the frames in backlogs over several turns, before the connection ends. */
  #drain(drained: () => void): void {
    if (this.#stalled.isLater(() => this.#drain(drained))) return;
    this.#isDraining = true;
    this.hasDrainFailed = false;
    const ended = () => {
      this.#isDraining = false;
      if (!this.#stalled.isLater(() => this.#drain(drained))) drained();
    };
    if (this.broker.background.beginsAtOnce && !this.#stalled.hasBacklog) ended();
    else this.gate.finishFirst(this.#stalled.drain(), ended);
  }

  /**
   * Closes the connection with an error.
   *
   * @param isUnanswered whether the peer's answer cannot be recognised
   */
  #fail(error: AmqpError, isUnanswered = false): void {
    if (error.code === 'internal-error' && error.cause) this.#reportBug(error.cause);
    if (this.state.isOver || this.state.name === 'awaiting-header') {
      if (isUnanswered || !this.state.isOver) this.end();
      return;
    }
    // The later of two errors belongs to the earlier frame, which had waited.
    this.#failure = { error, methodId: this.#methodId, isUnanswered };
    this.hasDrainFailed = this.#isDraining;
    if (this.#isDraining) return;
    this.#drain(() => {
      if (this.#failure !== undefined) this.#close(this.#failure);
    });
  }

  /**
   * Sends the reason for closing. A peer that has logged in must answer. Any other connection ends
   * at once, because it takes a place that other clients need.
   */
  #close({ error, methodId, isUnanswered }: Failure): void {
    if (this.state.isOver) return;
    this.#release();
    this.state.enter('closing');
    this.send({
      id: methodIds.connectionClose,
      replyCode: error.replyCode,
      replyText: error.replyText,
      classId: methodId >>> 16,
      methodId: methodId & 0xffff,
    });
    if (isUnanswered || !this.#opening.isLoggedIn) this.end();
  }

  /** Ends the connection: nothing more is sent or received. */
  end(): void {
    if (this.state.name !== 'closed') this.state.enter('closed');
    this.#frames.stop();
    this.outbox.flush();
    this.#transport.close();
  }

  #reportBug(thrown: unknown): void {
    this.broker.internalError(thrown, this.peerAddress);
  }

  deliveryFailed(thrown: unknown): void {
    this.broker.delivery.hasFailed = true;
    if (this.#bug !== undefined) return;
    this.#bug = { thrown };
    this.outbox.block();
    this.outbox.discard();
    this.#transport.requestFlush();
  }

  /** Releases all resources. Long work is done later. */
  #release(done?: () => void): void {
    this.#opening.abandon();
    this.broker.clientConnections.delete(this);
    this.broker.flow.remove(this);
    const channels = this.#channels.filter((channel) => channel !== undefined);
    this.#channels.length = 0;
    if (channels.length > 0) this.broker.accounts.channelsClosed(this.access, channels.length);
    for (const channel of channels) channel.abandon();
    releaseHeld(this, this.#opening.vhost, channels, done);
  }

  forget(channel: Channel): void {
    if (this.#channels[channel.number] !== channel) return;
    this.#channels[channel.number] = undefined;
    this.broker.accounts.channelsClosed(this.access, 1);
  }

  startedPublishing(): void {
    this.broker.flow.add(this);
  }

  confirming(channel: Channel): void {
    this.#confirming.add(channel);
  }

  held(bytes: number): void {
    this.account.heldBytes += bytes;
    if (this.#isBehind) this.#setBehind();
  }

  failed(thrown: unknown): void {
    this.#methodId = 0;
    this.#fail(toAmqpError(thrown));
  }

  channelFailed(channel: Channel, thrown: unknown): void {
    this.#failOn(channel, thrown);
  }

  blocked(reason: string): void {
    if (this.#opening.toldWhenBlocked) this.send({ id: methodIds.connectionBlocked, reason });
  }

  unblocked(): void {
    if (this.#opening.toldWhenBlocked) this.send({ id: methodIds.connectionUnblocked });
  }

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.setReading();
  }

  get channelCount(): number {
    return this.#channels.filter((channel) => channel !== undefined).length;
  }

  writable(): void {
    if (this.#bug !== undefined) return;
    this.outbox.resume();
    this.#wake();
  }

  /** More deliveries are possible. */
  #wake(): void {
    this.#setBehind();
    for (const channel of this.#channels) channel?.wake();
    this.broker.pump();
  }

  tick(nowMs: number): void {
    if (this.state.isOverdue(nowMs)) this.end();
    this.#setBehind();
    const overdue = this.account.tick(nowMs, this.#isPaused);
    if (overdue !== undefined) this.#fail(overdue);
    const isTaking = this.#isBehind && this.account.isTaking;
    const hasReceived = this.#hasReceived || this.#isPaused || this.#stalled.isFull || isTaking;
    const due = this.#heartbeats.tick(nowMs, hasReceived, this.outbox.hasWritten);
    this.#hasReceived = false;
    this.outbox.hasWritten = false;
    if (this.state.name !== 'open') return;
    this.#ageWatch.tick(nowMs, this.#channels);
    if (due === 'end') this.end();
    else if (due === 'send') this.outbox.heartbeat();
  }

  flush(): void {
    if (this.#bug !== undefined) this.#fail(toAmqpError(this.#bug.thrown));
    if (this.#stalled.goOn()) this.#received();
    this.outbox.flush();
  }

  ended(): void {
    this.outbox.end();
    if (this.gate.endsLater()) return;
    this.#drain(() => {
      this.#release();
      if (this.state.name !== 'closed') this.state.enter('closed');
      this.#frames.stop();
      this.broker.pump();
    });
  }

  shutdown(reason: string): void {
    this.failed(new AmqpError('connection-forced', reason));
  }
}
