// AMQP 1.0 connections.

import { assert } from '../../base/assert.ts';

import type { SourceBudget } from '../../broker/activemq/consumption.ts';
import type { ClientConnection, ConnectionInspector } from '../../broker/client-connection.ts';
import { WakeRound } from '../../broker/turns/wake-round.ts';
import type { Access } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { BaseConnection, type Due } from '../base-connection.ts';
import { InputGate } from '../input-gate.ts';
import { PeerWatch } from '../peer-watch.ts';
import type { Transport } from '../protocol.ts';
import { Answers } from './answers.ts';
import { Decoder } from './codec/decoder.ts';
import { FrameWriter } from './codec/frame-writer.ts';
import {
  FrameReader,
  type FrameSink,
  frameTypes,
  framingError,
  protocolHeader,
  protocolIds,
} from './codec/frames.ts';
import {
  type Begin,
  type Composite,
  compositeCodes,
  type Open,
  readComposite,
} from './codec/performatives.gen.ts';
import { TransferReader } from './codec/transfer-reader.ts';
import { confirmBytes } from './confirms.ts';
import { Decisions } from './decisions.ts';
import type { ConnectionDialect, Dialect } from './dialect.ts';
import { AmqpError, toAmqpError } from './errors.ts';
import type { AmqpHost, Held } from './host.ts';
import { IdleTimeouts } from './idle.ts';
import { frameBytesMax, sourceCountMax, unsettledCountMax } from './limits.ts';
import type { Link } from './links/link.ts';
import { LinkNames } from './links/link-names.ts';
import { errorOf } from './links/receiving-link.ts';
import { type Agreement, Opening, type OpeningHost } from './opening.ts';
import { offeredMechanisms, saslCodes } from './sasl.ts';
import { Session } from './session.ts';
import { ConnectionState } from './states.ts';
import { Transactions } from './transactions.ts';

/** Units of work per transfer and per other frame. */
const transferUnits = 8;
const frameUnits = 32;
/** Number of bytes of values that are decoded in about a microsecond. */
const decodedPerUnit = 64;

const decoder = new Decoder();
const transfers = new TransferReader();

/** An AMQP 1.0 connection. */
export class AmqpConnection
  extends BaseConnection
  implements ClientConnection, FrameSink, OpeningHost, AmqpHost
{
  readonly dialect: ConnectionDialect;
  readonly connectionId: string;
  readonly frames: FrameWriter;
  readonly answers: Answers;
  override readonly gate: InputGate;
  readonly transactions: Transactions;
  readonly decisions: Decisions;
  readonly links = new LinkNames();
  readonly budget: SourceBudget = { left: sourceCountMax };
  readonly held: Held = {
    unsettledCount: 0,
    unfinishedBytes: 0,
    waitingBytes: 0,
    confirmCount: 0,
    handleCount: 0,
  };
  /** The sender, for subscriptions with noLocal. */
  origins: readonly unknown[] = [];
  protected override readonly state = new ConnectionState();
  protected override readonly input: FrameReader;
  readonly #opening: Opening;
  protected override readonly watch: PeerWatch;
  readonly #idle: IdleTimeouts;
  readonly #channelMax: number;
  readonly #sessions = new Map<number, Session>();
  readonly #round: WakeRound;
  #agreement: Agreement | undefined = undefined;
  #isReleased = false;

  constructor(transport: Transport, dialect: Dialect) {
    const { broker } = dialect;
    super(transport, broker);
    this.#idle = new IdleTimeouts(dialect.idleTimeoutMs);
    this.#channelMax = dialect.channelMax;
    this.connectionId = `ID:waxwing-${broker.randomName()}:1`;
    this.frames = new FrameWriter(this.outbox);
    this.answers = new Answers(this);
    this.watch = new PeerWatch(broker, this.outbox, this);
    this.input = new FrameReader(this);
    this.gate = new InputGate(this.input, broker.background, this);
    this.transactions = new Transactions(this);
    this.decisions = new Decisions(this);
    this.#round = new WakeRound(broker.background, () => this.#openLinks());
    this.dialect = dialect.connect(this, transport);
    this.#opening = new Opening(this, dialect, transport);
  }

  get #agreed(): Agreement {
    assert(this.#agreement !== undefined, 'the connection is not open');
    return this.#agreement;
  }

  get access(): Access {
    return this.#agreed.access;
  }

  get vhost(): Vhost {
    return this.#agreed.vhost;
  }

  get localAddress(): string {
    return this.transport.localAddress;
  }

  get inspector(): ConnectionInspector | undefined {
    return this.dialect.inspector;
  }

  get sessions(): Iterable<Session> {
    return this.#sessions.values();
  }

  get protocolName(): string {
    return 'AMQP 1.0';
  }

  get clientId(): string {
    return this.#agreed.clientId;
  }

  /** A session corresponds to a channel of other protocols. */
  get channelCount(): number {
    return this.#sessions.size;
  }

  get isFull(): boolean {
    return this.held.unsettledCount >= Math.min(unsettledCountMax, this.broker.unsettledCountMax);
  }

  get takesDeliveries(): boolean {
    const isLittle = this.held.waitingBytes <= this.broker.limits.unreadBytesShare;
    return this.outbox.isWritable && this.state.name === 'open' && isLittle && !this.isFull;
  }

  /** The size of the answers and confirms that wait for the log, bytes. */
  get heldBytes(): number {
    return this.answers.heldBytes + this.held.confirmCount * confirmBytes;
  }

  protocolHeader(header: Buffer): void {
    const isSasl = this.state.name === 'awaiting-sasl-header';
    const wanted = protocolHeader(isSasl ? protocolIds.sasl : protocolIds.amqp);
    // The answer to any other header is the one that is expected (2.2).
    this.outbox.append(wanted, 0, wanted.length);
    if (!header.equals(wanted)) {
      this.end();
      return;
    }
    this.state.enter(isSasl ? 'awaiting-sasl-init' : 'awaiting-open');
    if (!isSasl) return;
    const offer = {
      code: compositeCodes.saslMechanisms,
      saslServerMechanisms: offeredMechanisms(this.broker.logins.mechanisms),
    } as const;
    this.frames.write(0, offer, frameTypes.sasl);
  }

  frame(type: number, channel: number, bytes: Buffer, at: number, end: number): void {
    const isSasl = this.state.name === 'awaiting-sasl-init';
    if (type !== (isSasl ? frameTypes.sasl : frameTypes.amqp)) {
      throw framingError(`a frame of type ${type} is not permitted in this state`);
    }
    if (at === end && !isSasl) return; // it keeps the connection alive
    const transfer = this.state.name === 'open' ? transfers.read(bytes, at, end) : undefined;
    if (transfer !== undefined) {
      this.gate.count((transfers.at - at) / decodedPerUnit + transferUnits);
      this.#sessionOf(channel).handleTransfer(transfer, bytes, transfers.at, end);
      return;
    }
    const frame = readComposite(decoder.reset(bytes, at, end));
    // Values take more time than the bytes of a message.
    this.gate.count((decoder.at - at) / decodedPerUnit);
    this.#handle(frame, channel, bytes, decoder.at, end);
  }

  #handle(frame: Composite, channel: number, bytes: Buffer, at: number, end: number): void {
    this.gate.count(frame.code === compositeCodes.transfer ? transferUnits : frameUnits);
    const { name } = this.state;
    if (name === 'open') this.#handleOpen(frame, channel, bytes, at, end);
    else if (frame.code === compositeCodes.saslInit && name === 'awaiting-sasl-init') {
      this.state.enter('checking-password');
      this.input.expectHeader();
      // What the client sends before the answer is held back.
      this.gate.hold();
      this.#opening.logIn(frame);
    } else if (frame.code === compositeCodes.open && name === 'awaiting-open') {
      this.decisions.perform(() => this.#open(frame));
    } else throw new AmqpError('not-allowed', `the frame is not permitted in the state ${name}`);
  }

  checked(code: number): void {
    if (this.state.isOver) return;
    const outcome = { code: compositeCodes.saslOutcome, outcome: code } as const;
    this.frames.write(0, outcome, frameTypes.sasl);
    if (code === saslCodes.ok) {
      this.state.enter('awaiting-amqp-header');
      this.input.frameBytesMax = frameBytesMax;
    } else this.end();
    this.gate.release();
    this.outbox.flush();
  }

  #open(frame: Open): void {
    const agreement = this.#opening.open(frame);
    this.#agreement = agreement;
    this.origins = [this, agreement.clientId];
    this.frames.frameBytesMax = agreement.frameBytesMax;
    this.#idle.start(agreement.peerTimeoutMs);
    this.broker.clientConnections.add(this);
    this.state.enter('open');
    this.frames.write(0, this.#opening.answer(false));
  }

  #handleOpen(frame: Composite, channel: number, bytes: Buffer, at: number, end: number): void {
    if (frame.code === compositeCodes.close) {
      this.#close();
      return;
    }
    if (frame.code === compositeCodes.begin) this.#begin(frame, channel);
    else if (frame.code === compositeCodes.end) this.#endSession(this.#sessionOf(channel));
    else this.#sessionOf(channel).handle(frame, bytes, at, end);
  }

  #sessionOf(channel: number): Session {
    const session = this.#sessions.get(channel);
    if (session !== undefined) return session;
    throw new AmqpError('not-allowed', `channel ${channel} has no session`);
  }

  #begin(frame: Begin, channel: number): void {
    if (channel > this.#channelMax) {
      const why = `channel ${channel} is above the maximum of ${this.#channelMax}`;
      throw new AmqpError('not-allowed', why);
    }
    if (this.#sessions.has(channel)) {
      throw new AmqpError('not-allowed', `channel ${channel} has a session already`);
    }
    this.#sessions.set(channel, new Session(this, channel, frame));
  }

  #endSession(session: Session): void {
    this.#sessions.delete(session.channel);
    if (session.isOver) return;
    session.confirms.flush();
    const done = this.guarded(() => this.answers.say(0, () => session.writeEnd()));
    this.gate.finishFirst(session.releaseAll('detached'), done);
  }

  /** The peer closes the connection. */
  #close(): void {
    this.input.stop();
    this.broker.pump();
    for (const session of this.#sessions.values()) session.confirms.flush();
    const done = this.guarded(() => {
      if (this.state.isOver) return;
      this.answers.drop();
      this.frames.write(0, { code: compositeCodes.close });
      this.end();
    });
    this.#release('detached', done);
  }

  guarded(act: () => void): () => void {
    return () => {
      try {
        act();
      } catch (thrown) {
        this.failed(thrown);
      }
    };
  }

  override failed(thrown: unknown): void {
    const error = toAmqpError(thrown, 'connection');
    if (error.code === 'internal-error') this.reportBug(error.cause);
    if (this.state.isOver) return;
    this.input.stop();
    // Answers that wait for the log are not sent. The client repeats what they were about.
    this.answers.drop();
    this.#writeError(error);
    this.state.enter('closing');
    this.#release('lost');
    this.end();
  }

  /** Writes a close, after an open if there was none. Before the log-in there is no error frame. */
  #writeError(error: AmqpError): void {
    const { name } = this.state;
    if (name !== 'open' && name !== 'awaiting-open') return;
    if (name === 'awaiting-open') this.frames.write(0, this.#opening.answer(true));
    this.frames.write(0, { code: compositeCodes.close, error: errorOf(error) });
  }

  /** Releases everything. Long work is done in later turns. */
  #release(ending: 'detached' | 'lost', done?: () => void): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#opening.abandon();
    this.decisions.end();
    this.broker.clientConnections.delete(this);
    this.broker.flow.remove(this);
    this.broker.background.run(this.#releaseAll(ending), done);
  }

  *#releaseAll(ending: 'detached' | 'lost'): Generator<void> {
    // Another job of this connection may still be settling or committing.
    while (this.#agreement !== undefined && this.gate.isBusy) yield;
    yield* this.transactions.rollbackAll();
    for (const session of this.#sessions.values()) {
      try {
        yield* session.releaseAll(ending);
      } catch (thrown) {
        this.reportBug(thrown);
      }
    }
    yield* this.dialect.release();
    this.dialect.ended();
  }

  protected override deliver(): void {
    for (const session of this.#sessions.values()) session.continuePartial();
    this.#round.start(this.held.handleCount);
  }

  /** The links of the sessions that permit to send messages. */
  *#openLinks(): Generator<Link> {
    for (const session of this.#sessions.values()) if (session.canTransfer) yield* session.links;
  }

  protected override closing(reason: string): AmqpError {
    return new AmqpError('connection:forced', reason);
  }

  protected override beat(nowMs: number, hasReceived: boolean): Due {
    return this.#idle.tick(nowMs, hasReceived, this.outbox.hasWritten);
  }

  protected override ticked(due: Due): void {
    if (this.state.name !== 'open') return;
    if (due === 'end') {
      this.failed(new AmqpError('resource-limit-exceeded', 'the peer was silent for too long'));
    } else if (due === 'send') {
      this.frames.empty();
      this.outbox.flush();
      this.outbox.hasWritten = false;
    }
  }

  protected override gather(): void {
    if (this.state.name !== 'open') return;
    for (const session of this.#sessions.values()) session.confirms.flush();
  }

  protected override abandon(): void {
    this.#opening.abandon();
  }

  protected override get isAgreed(): boolean {
    return this.#agreement !== undefined;
  }

  protected override get isWaiting(): boolean {
    return this.answers.isWaiting || this.held.confirmCount > 0;
  }

  protected override lost(): void {
    this.answers.drop();
    this.#release('lost');
  }

  override shutdown(reason: string): void {
    this.failed(this.closing(reason));
  }
}
