// STOMP connections.

import { assert } from '../../base/assert.ts';
import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import type { Broker } from '../../broker/broker.ts';
import type { ClientConnection } from '../../broker/client-connection.ts';
import type { PublisherListener } from '../../broker/flow.ts';
import type { Access } from '../../broker/users.ts';
import { Answers } from '../frame-answers.ts';
import { InputGate } from '../input-gate.ts';
import { PeerOutbox } from '../peer-outbox.ts';
import { PeerWatch } from '../peer-watch.ts';
import type { Connection, Transport } from '../protocol.ts';
import { SendPause } from '../send-pause.ts';
import { type Frame, FrameReader, type FrameSink } from './codec/frames.ts';
import type { Version } from './codec/header-text.ts';
import { errorFrame, frameBytes } from './codec/out-frames.ts';
import { handlerOf } from './commands/registry.ts';
import { Sender } from './commands/send.ts';
import { StompError, toStompError } from './errors.ts';
import { HeartBeats } from './heart-beats.ts';
import type { StompHost } from './host.ts';
import { bodyBytesMax, clientLimits } from './limits.ts';
import { type Agreement, Opening, type OpeningHost } from './opening.ts';
import { ConnectionState } from './states.ts';
import { Subscriptions } from './subscriptions.ts';
import { OwnTemporaries } from './temporary-words.ts';
import { Transactions } from './transactions.ts';

/** Units of work per SEND frame and per other frame. */
const sendUnits = 8;
const frameUnits = 32;

const heartBeat = Buffer.from('\n');

/** A STOMP connection. */
export class StompConnection
  implements Connection, ClientConnection, FrameSink, OpeningHost, StompHost, PublisherListener
{
  readonly broker: Broker;
  readonly dialect: ActiveMq;
  readonly connectionId: string;
  readonly words: OwnTemporaries;
  readonly outbox: PeerOutbox;
  readonly answers: Answers;
  readonly gate: InputGate;
  readonly pause: SendPause;
  readonly transactions: Transactions;
  readonly subscriptions: Subscriptions;
  readonly peerAddress: string;
  readonly #state = new ConnectionState();
  readonly #transport: Transport;
  readonly #frames: FrameReader;
  readonly #opening: Opening;
  readonly #sender: Sender;
  readonly #watch: PeerWatch;
  readonly #heartBeats = new HeartBeats();
  #agreement: Agreement | undefined = undefined;
  #hasReceived = false;
  #isPaused = false;
  /** The error of a delivery, until the end of the turn. */
  #bug: { readonly thrown: unknown } | undefined = undefined;
  #isReleased = false;

  constructor(transport: Transport, dialect: ActiveMq) {
    const { broker } = dialect;
    this.broker = broker;
    this.dialect = dialect;
    this.peerAddress = transport.peerAddress;
    this.connectionId = `ID:waxwing-${broker.randomName()}:1`;
    const { temporaries } = dialect;
    this.words = new OwnTemporaries({ temporaries, connectionId: this.connectionId, owner: this });
    this.#transport = transport;
    this.outbox = new PeerOutbox(transport, broker, () => this.#wake());
    this.answers = new Answers(this);
    this.#watch = new PeerWatch(broker, this.outbox, this.answers);
    this.#frames = new FrameReader(this);
    this.#frames.bodyBytesMax = Math.min(bodyBytesMax, broker.limits.bodyBytesMax);
    this.gate = new InputGate(this.#frames, broker.background, this);
    this.pause = new SendPause(this.gate);
    this.transactions = new Transactions(this);
    this.subscriptions = new Subscriptions(this);
    this.#sender = new Sender(this);
    this.#opening = new Opening(this, transport);
  }

  get #agreed(): Agreement {
    assert(this.#agreement !== undefined, 'the client has not logged in');
    return this.#agreement;
  }

  get version(): Version {
    return this.#agreement?.version ?? this.#opening.version;
  }

  get access(): Access {
    return this.#agreed.access;
  }

  get clientId(): string {
    return this.#agreed.clientId;
  }

  get hasClientId(): boolean {
    return this.#agreed.hasClientId;
  }

  /** A connection corresponds to a channel of other protocols. */
  get channelCount(): number {
    return 1;
  }

  get takesDeliveries(): boolean {
    return this.outbox.isWritable && this.#state.name === 'open' && !this.subscriptions.isFull;
  }

  receive(bytes: Buffer): void {
    this.#hasReceived = true;
    if (this.#state.isOver) return;
    this.gate.beginPiece();
    try {
      this.#frames.receive(bytes);
    } catch (thrown) {
      this.failed(thrown);
    }
    this.#received();
    this.setReading();
  }

  /**
   * Runs after received data has been handled: dispatches, and requests the sync that answers wait
   * for.
   */
  #received(): void {
    this.broker.pump();
    if (!this.answers.isWaiting) return;
    this.broker.store.log.sync();
    // After the sync request: a group that is written immediately is answered in the same turn.
    this.#transport.requestFlush();
  }

  /** Reads from the peer unless the broker or the peer is behind. */
  setReading(): void {
    if (this.#isPaused || this.#watch.isBehind || this.gate.isBusy) this.#transport.pause();
    else this.#transport.resume();
  }

  head({ command }: Frame): void {
    if (this.#state.name !== 'awaiting-connect') return;
    // Other frames are refused before the log-in, even before they are complete.
    if (command !== 'CONNECT' && command !== 'STOMP') {
      throw new StompError('out-of-order', 'Not connected.');
    }
  }

  body(_frame: Frame, bytes: Buffer, at: number, end: number): void {
    if (this.#state.name === 'open') this.#sender.body(bytes, at, end);
  }

  frame(frame: Frame): void {
    try {
      if (this.#state.name === 'awaiting-connect') this.#connect(frame);
      else if (this.#state.name === 'open') this.#handle(frame);
    } catch (thrown) {
      this.refuse(frame, thrown);
    }
  }

  #connect(frame: Frame): void {
    this.#opening.connect(frame);
    this.#state.enter('checking-password');
    // Frames that the client sends before the answer are held back.
    this.gate.hold();
  }

  opened(agreement: Agreement, connected: Buffer): void {
    this.#agreement = agreement;
    this.#frames.version = agreement.version;
    this.#frames.limits = clientLimits;
    this.#heartBeats.start(agreement.sendMs, agreement.expectMs);
    this.broker.clientConnections.add(this);
    this.#state.enter('open');
    this.write(connected);
    this.gate.release();
    this.setReading();
  }

  #handle(frame: Frame): void {
    const { command } = frame;
    if (command === 'SEND') {
      this.gate.count(sendUnits);
      this.#sender.send(frame);
      return;
    }
    this.gate.count(frameUnits);
    const handler = handlerOf(command);
    if (handler !== undefined) {
      // Messages sent before this frame are dispatched to the previous consumers first.
      if (command.startsWith('SUB') || command.startsWith('UNSUB')) this.broker.pump();
      handler(this, frame);
    } else if (command === 'DISCONNECT') this.#disconnect(frame);
    else {
      const isAgain = command === 'CONNECT' || command === 'STOMP';
      const why = isAgain ? 'Already connected.' : `Unknown STOMP action: ${command}`;
      throw new StompError('out-of-order', why);
    }
  }

  #disconnect(frame: Frame): void {
    this.#frames.stop();
    this.broker.pump();
    this.#release(() => this.receipt(frame, 0, () => this.#end()));
  }

  receipt({ headers }: Frame, group: number, said?: () => void): void {
    const receipt = headers.get('receipt');
    if (receipt === undefined) {
      said?.();
      return;
    }
    const bytes = frameBytes('RECEIPT', [['receipt-id', receipt]], '', this.version);
    this.answers.say(group, bytes, said);
  }

  write(frame: Buffer): void {
    this.outbox.append(frame, 0, frame.length);
  }

  refuse(frame: Frame, thrown: unknown): void {
    const error = toStompError(thrown);
    if (error.isFatal) {
      this.#fail(error, frame.headers.get('receipt'));
      return;
    }
    const receipt = frame.headers.get('receipt');
    this.answers.say(0, errorFrame(error, receipt, this.version));
  }

  failed(thrown: unknown): void {
    this.#fail(toStompError(thrown), undefined);
  }

  /** Ends the connection with an error. */
  #fail(error: StompError, receipt: string | undefined): void {
    if (error.code === 'internal') this.#reportBug(error.cause);
    if (this.#state.isOver) return;
    this.#frames.stop();
    // Answers that wait for the log are not sent. The client repeats what they were about.
    this.answers.drop();
    this.write(errorFrame(error, receipt, this.version));
    this.#state.enter('closing');
    this.#release();
    this.#end();
  }

  /** Stops reading and writing. */
  #end(): void {
    if (this.#state.name !== 'closed') this.#state.enter('closed');
    this.#frames.stop();
    this.outbox.flush();
    this.#transport.close();
  }

  #reportBug(thrown: unknown): void {
    this.broker.internalError(thrown, this.peerAddress);
  }

  deliveryFailed(thrown: unknown): void {
    if (this.#bug !== undefined) return;
    this.#bug = { thrown };
    this.outbox.block();
    this.outbox.discard();
    this.#transport.requestFlush();
  }

  /** Requeues everything. Long work is done in later turns. */
  #release(done?: () => void): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#opening.abandon();
    this.broker.clientConnections.delete(this);
    this.broker.flow.remove(this);
    this.pause.end();
    this.#sender.end();
    this.broker.background.run(this.#requeueAll(), done);
  }

  *#requeueAll(): Generator<void> {
    // Another job of this connection may still be settling or committing.
    while (this.#agreement !== undefined && this.gate.isBusy) yield;
    yield* this.transactions.abortAll();
    yield* this.subscriptions.requeueAll((bug) => this.#reportBug(bug));
    yield* this.dialect.vhost.release(this);
    yield* this.dialect.temporaries.release(this);
    this.#opening.release();
  }

  startedPublishing(): void {
    this.broker.flow.add(this);
  }

  blocked(): void {}

  unblocked(): void {}

  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.setReading();
  }

  requestFlush(): void {
    this.#transport.requestFlush();
  }

  writable(): void {
    if (this.#bug !== undefined) return;
    this.outbox.resume();
    this.#wake();
  }

  /** Deliveries are possible again. */
  #wake(): void {
    this.setReading();
    this.subscriptions.wake();
    this.broker.pump();
  }

  tick(nowMs: number): void {
    if (this.#state.isOverdue(nowMs)) this.#end();
    this.setReading();
    const stuck = this.#watch.tick(nowMs, this.#isPaused);
    if (stuck !== undefined) this.failed(new StompError('closing', stuck, 'io'));
    const isTaking = this.#watch.isBehind && this.#watch.isTaking;
    const hasReceived = this.#hasReceived || this.#isPaused || this.gate.isBusy || isTaking;
    const due = this.#heartBeats.tick(nowMs, hasReceived, this.outbox.hasWritten);
    this.#hasReceived = false;
    this.outbox.hasWritten = false;
    if (this.#state.name !== 'open') return;
    if (due === 'end') {
      const why = 'Channel was inactive for too long';
      this.failed(new StompError('closing', why, 'io'));
    } else if (due === 'send') {
      this.write(heartBeat);
      this.outbox.flush();
      this.outbox.hasWritten = false;
    }
  }

  flush(): void {
    if (this.#bug !== undefined) this.failed(this.#bug.thrown);
    this.outbox.flush();
  }

  ended(): void {
    this.outbox.end();
    this.pause.end();
    if (this.gate.endsLater()) {
      this.#opening.abandon();
      if (this.#agreement !== undefined) return;
    }
    this.#frames.stop();
    this.answers.drop();
    this.#release();
    if (this.#state.name !== 'closed') this.#state.enter('closed');
    this.broker.pump();
  }

  shutdown(reason: string): void {
    this.failed(new StompError('closing', reason, 'io'));
  }
}
