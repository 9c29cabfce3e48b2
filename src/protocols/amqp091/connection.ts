import { assert } from '../../base/assert.ts';
import { Reader } from '../../base/bytes.ts';
import type { Broker } from '../../broker/broker.ts';
import type { PublisherListener } from '../../broker/flow.ts';
import type { LoginAttempt } from '../../broker/logins/logins.ts';
import type { Session } from '../../broker/session.ts';
import type { Access, User } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import type { Connection, Transport } from '../protocol.ts';
import { Channel, type ChannelHost } from './channel.ts';
import { FrameReader, type FrameSink, frameTypes } from './codec/frames.ts';
import { type ConnectionStartOk, type Method, readMethod } from './codec/methods.gen.ts';
import { AmqpError, toAmqpError } from './errors.ts';
import * as handshake from './handshake.ts';
import { Outbox } from './outbox.ts';
import { PeerAccount } from './peer-account.ts';
import { ConfirmingChannels } from './stalls/confirming-channels.ts';
import { FrameGate } from './stalls/frame-gate.ts';
import { StalledChannels } from './stalls/stalled-channels.ts';
import { enter, type State } from './states.ts';
import { AgeWatch } from './timing/delivery-ages.ts';
import { Heartbeats } from './timing/heartbeats.ts';

const closeOkId = 0x000a0033;

/** Milliseconds that a client may take to open a connection, or to answer `connection.close`. */
const patienceMs = 10_000;

/** One AMQP 0-9-1 connection. */
export class AmqpConnection
  implements Connection, Session, FrameSink, ChannelHost, PublisherListener
{
  readonly broker: Broker;
  readonly outbox: Outbox;
  readonly account: PeerAccount;
  readonly gate: FrameGate;
  notifiesCancel = false;
  readonly #transport: Transport;
  readonly #frames: FrameReader;
  readonly #channels: (Channel | undefined)[] = [];
  #state: State = 'awaiting-header';
  #stateSinceMs = -1;
  #header: Buffer = Buffer.alloc(0);
  /** The log-in that is being checked. */
  #attempt: LoginAttempt | undefined = undefined;
  #user: User | undefined = undefined;
  #vhost: Vhost | undefined = undefined;
  #access: Access | undefined = undefined;
  #toldWhenRefused = false;
  #toldWhenBlocked = false;
  #channelMax: number = handshake.offer.channelMax;
  readonly #heartbeats = new Heartbeats();
  #hasReceived = false;
  #isPaused = false;
  #isBehind = false;
  readonly #confirming = new ConfirmingChannels();
  readonly #ageWatch = new AgeWatch();
  readonly #stalled = new StalledChannels(this, this.#channels);
  #methodId = 0;
  /** What a delivery failed with, until the end of the turn. */
  #bug: { readonly thrown: unknown } | undefined = undefined;

  constructor(transport: Transport, broker: Broker) {
    this.#transport = transport;
    this.broker = broker;
    this.outbox = new Outbox(transport, broker.unread);
    this.account = new PeerAccount(broker, this.outbox);
    this.#frames = new FrameReader(this, handshake.frameMaxAtFirst);
    this.gate = new FrameGate(this.#frames, broker.background, this);
  }

  get frameMax(): number {
    return this.#frames.frameMax;
  }

  get vhost(): Vhost {
    assert(this.#vhost !== undefined, 'no virtual host is open');
    return this.#vhost;
  }

  get access(): Access {
    assert(this.#access !== undefined, 'no virtual host is open');
    return this.#access;
  }

  receive(bytes: Buffer): void {
    this.#hasReceived = true;
    if (this.#state === 'closed') return;
    this.gate.beginTurn();
    try {
      const rest = this.#state === 'awaiting-header' ? this.#readHeader(bytes) : bytes;
      if (rest.length > 0) this.#frames.receive(rest);
    } catch (thrown) {
      // Where frames begin is no longer known, so there will be no close-ok to find.
      this.#fail(toAmqpError(thrown));
      this.#end();
    }
    this.#received();
    // Deliveries stop by themselves; this is for a peer that asks and does not read the answers.
    this.#setBehind();
  }

  /** What was received is handled: delivers and confirms. */
  #received(): void {
    this.broker.pump();
    if (!this.#confirming.write()) return;
    this.broker.store.log.sync();
    // After the sync was: a group that is written at once is confirmed in the same turn.
    this.#transport.requestFlush();
  }

  #setBehind(): void {
    const { isBehind } = this.account;
    if (this.#isBehind === isBehind) return;
    this.#isBehind = isBehind;
    this.setReading();
  }

  /** Reads from the peer unless the broker, the peer itself or one of its channels is behind. */
  setReading(): void {
    const isHeldUp = this.#isBehind || this.gate.isBusy || this.#stalled.isFull;
    if (this.#isPaused || isHeldUp) this.#transport.pause();
    else this.#transport.resume();
  }

  /** Returns what follows the protocol header; nothing while it is not complete. */
  #readHeader(bytes: Buffer): Buffer {
    const all = Buffer.concat([this.#header, bytes]);
    const { protocolHeader } = handshake;
    const header = handshake.acceptedHeader(all);
    if (header === undefined) {
      // What it speaks is unknown; this tells it what would be understood (2.2.4).
      this.outbox.append(protocolHeader, 0, protocolHeader.length);
      this.#end();
      return Buffer.alloc(0);
    }
    this.#header = all;
    if (all.length < protocolHeader.length) return Buffer.alloc(0);
    this.#header = Buffer.alloc(0);
    this.#enter('awaiting-start-ok');
    this.#send(handshake.start(header, this.broker.engineVersion));
    return all.subarray(protocolHeader.length);
  }

  #enter(state: State): void {
    this.#state = enter(this.#state, state);
    this.#stateSinceMs = -1;
  }

  #send(method: Method): void {
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
      this.#failOn(channel, thrown);
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
      this.#failOn(channel, thrown);
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
      this.#failOn(channel, thrown);
    }
  }

  goOnLater(channel: Channel): void {
    this.#stalled.goOnLater(channel);
  }

  heartbeat(number: number, size: number): void {
    if (number === 0 && size === 0) return;
    this.#methodId = 0;
    const found = `heartbeat frame of ${size} bytes on channel ${number}`;
    const error =
      size === 0
        ? new AmqpError('unexpected-frame', 'type 8, all octets = <<>>')
        : new AmqpError('frame-error', `${found}; an empty one on channel 0 is allowed`);
    this.#failOn(undefined, error);
  }

  #contentWithoutChannel(number: number, kind: string): void {
    if (this.#state === 'closing') return;
    this.#methodId = 0;
    if (number === 0 || this.#state !== 'open') {
      throw new AmqpError('unexpected-frame', `expected method frame, got ${kind} frame instead`);
    }
    throw new AmqpError('channel-error', "expected 'channel.open'");
  }

  /**
   * What ends a channel is answered there; anything worse ends the connection. Frames go on being
   * cut either way, so that `connection.close-ok` is still found.
   */
  #failOn(channel: Channel | undefined, thrown: unknown): void {
    const error = toAmqpError(thrown);
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
    if (this.#isOver()) {
      if (number === 0) this.#whileClosing(id);
      return;
    }
    const method = readMethod(id, r);
    if (method === undefined) {
      throw new AmqpError('command-invalid', `unknown method ${id >>> 16}.${id & 0xffff}`);
    }
    if (number === 0) this.#control(method);
    else if (this.#state !== 'open') this.#unexpected();
    else this.#openChannel(number, method);
  }

  #whileClosing(id: number): void {
    if (id === 0x000a0032) this.#send({ id: closeOkId });
    if (id === closeOkId || id === 0x000a0032) this.#end();
  }

  #openChannel(number: number, method: Method): void {
    if (method.id === 0x00140029) return; // close-ok for a channel that both sides closed at once
    if (method.id !== 0x0014000a) throw new AmqpError('channel-error', "expected 'channel.open'");
    if (number > this.#channelMax) {
      throw new AmqpError(
        'not-allowed',
        `channel number ${number} is higher than the negotiated channel_max (${this.#channelMax})`,
      );
    }
    this.#channels[number] = new Channel(this, number);
    this.outbox.method(number, { id: 0x0014000b });
  }

  /** Methods on channel 0, in the order in which a connection comes to be. */
  #control(method: Method): void {
    if (method.id === 0x000a0032) this.#closedByPeer();
    else if (method.id === 0x000a000b && this.#state === 'awaiting-start-ok') {
      this.#startOk(method.clientProperties, method.mechanism, this.#credentials(method));
    } else if (method.id === 0x000a001f && this.#state === 'awaiting-tune-ok') {
      handshake.checkTune(method);
      this.#channelMax = method.channelMax;
      this.#frames.frameMax = method.frameMax;
      this.#heartbeats.start(method.heartbeat * 1000);
      this.#enter('awaiting-open');
    } else if (method.id === 0x000a0028 && this.#state === 'awaiting-open') {
      this.#open(method.virtualHost);
    } else if (method.id === 0x000a0046 && this.#state === 'open') {
      this.#send({ id: 0x000a0047 }); // a password is checked once; there is nothing to renew
    } else this.#unexpected();
  }

  #unexpected(): never {
    throw new AmqpError('channel-error', `unexpected method in connection state ${this.#state}`);
  }

  #startOk(
    properties: Parameters<typeof handshake.hasCapability>[0],
    mechanism: string,
    { username, password }: handshake.Credentials,
  ): void {
    this.notifiesCancel = handshake.hasCapability(properties, 'consumer_cancel_notify');
    this.#toldWhenBlocked = handshake.hasCapability(properties, 'connection.blocked');
    this.#toldWhenRefused = handshake.hasCapability(properties, 'authentication_failure_close');
    this.#enter('checking-password');
    this.#transport.checksLogin();
    const { peerAddress } = this.#transport;
    this.#attempt = { username, password, peerAddress, isGone: false };
    this.broker.logins.check(this.#attempt).then(
      (user) => this.#authenticated(user, mechanism),
      (thrown) => this.#fail(toAmqpError(thrown)),
    );
  }

  #credentials(method: ConnectionStartOk): handshake.Credentials {
    try {
      return handshake.readCredentials(method);
    } catch (thrown) {
      const { peerAddress } = this.#transport;
      this.broker.logins.failed({ user: undefined, peerAddress, reason: 'malformed' });
      throw thrown;
    }
  }

  #authenticated(user: User | undefined, mechanism: string): void {
    this.#attempt = undefined;
    if (this.#state !== 'checking-password') return;
    if (user === undefined) {
      if (this.#toldWhenRefused) this.#fail(handshake.loginRefused(mechanism));
      else this.#end();
      return;
    }
    this.#user = user;
    this.#transport.admit();
    this.#enter('awaiting-tune-ok');
    this.#send({ id: 0x000a001e, ...handshake.offer });
  }

  #open(name: string): void {
    assert(this.#user !== undefined, 'a virtual host is opened after the log-in');
    this.#vhost = this.broker.vhost(name);
    this.#access = this.broker.access(this.#user, name);
    this.broker.sessions.add(this);
    this.#enter('open');
    this.#send({ id: 0x000a0029 });
  }

  requestFlush(): void {
    this.#transport.requestFlush();
  }

  #closedByPeer(): void {
    this.#stalled.drain();
    this.broker.pump(); // what was published before this goes to the consumers of that time
    this.#frames.stop();
    // What it had is free for whoever comes next once it has its answer.
    this.#release(() => {
      if (this.#isOver()) return;
      this.#send({ id: closeOkId });
      this.#enter('closed');
    });
    // The peer may still be writing what it had gathered; it ends the transport, or tick() does.
  }

  #isOver(): boolean {
    return this.#state === 'closing' || this.#state === 'closed';
  }

  /** Ends the connection from this side: the peer is told why and must answer. */
  #fail(error: AmqpError): void {
    if (error.code === 'internal-error') this.#reportBug(error.cause);
    if (this.#isOver()) return;
    if (this.#state === 'awaiting-header') {
      this.#end();
      return;
    }
    this.#stalled.drain();
    if (this.#isOver()) return; // a frame that had waited has ended it
    this.#release();
    this.#enter('closing');
    this.#send({
      id: 0x000a0032,
      replyCode: error.replyCode,
      replyText: error.replyText,
      classId: this.#methodId >>> 16,
      methodId: this.#methodId & 0xffff,
    });
  }

  /** Nothing more is said or heard. */
  #end(): void {
    if (this.#state !== 'closed') this.#enter('closed');
    this.#frames.stop();
    this.outbox.flush();
    this.#transport.close();
  }

  #reportBug(thrown: unknown): void {
    this.broker.internalError(thrown, this.#transport.peerAddress);
  }

  deliveryFailed(thrown: unknown): void {
    if (this.#bug !== undefined) return;
    this.#bug = { thrown };
    this.outbox.isWritable = false;
    this.outbox.discard();
    this.#transport.requestFlush();
  }

  /** Gives everything back: what takes long, later. */
  #release(done?: () => void): void {
    if (this.#attempt !== undefined) this.#attempt.isGone = true;
    this.broker.sessions.delete(this);
    this.broker.flow.remove(this);
    const channels = this.#channels.filter((channel) => channel !== undefined);
    this.#channels.length = 0;
    for (const channel of channels) channel.abandon();
    this.broker.background.run(this.#giveBack(channels), done);
  }

  *#giveBack(channels: readonly Channel[]): Generator<void> {
    while (this.gate.isBusy) yield;
    for (const channel of channels) yield* channel.giveBackAnyway((bug) => this.#reportBug(bug));
    if (this.#vhost !== undefined) yield* this.#vhost.release(this);
  }

  forget(channel: Channel): void {
    this.#channels[channel.number] = undefined;
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
    this.#fail(toAmqpError(thrown));
  }

  blocked(reason: string): void {
    if (this.#toldWhenBlocked) this.#send({ id: 0x000a003c, reason });
  }

  unblocked(): void {
    if (this.#toldWhenBlocked) this.#send({ id: 0x000a003d });
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
    this.outbox.isWritable = true;
    this.#setBehind();
    for (const channel of this.#channels) channel?.wake();
    this.broker.pump();
  }

  tick(nowMs: number): void {
    if (this.#stateSinceMs < 0) this.#stateSinceMs = nowMs;
    if (this.#state !== 'open' && nowMs - this.#stateSinceMs > patienceMs) this.#end();
    this.#setBehind();
    const overdue = this.account.tick(nowMs, this.#isPaused);
    if (overdue !== undefined) this.#fail(overdue);
    const isTaking = this.#isBehind && this.account.isTaking;
    const hasReceived = this.#hasReceived || this.#isPaused || this.#stalled.isFull || isTaking;
    const due = this.#heartbeats.tick(nowMs, hasReceived, this.outbox.hasWritten);
    this.#hasReceived = false;
    this.outbox.hasWritten = false;
    if (this.#state !== 'open') return;
    this.#ageWatch.tick(nowMs, this.#channels);
    if (due === 'end') this.#end();
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
    this.#stalled.drain();
    this.#release();
    if (this.#state !== 'closed') this.#enter('closed');
    this.#frames.stop();
    this.broker.pump();
  }

  shutdown(reason: string): void {
    this.#fail(new AmqpError('connection-forced', reason));
  }
}
