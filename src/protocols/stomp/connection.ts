// STOMP connections.

import { assert } from '../../base/assert.ts';
import { encodeText } from '../../base/byte-text.ts';
import type { ClientConnection, ConnectionInspector } from '../../broker/client-connection.ts';
import { decisionCountMax, Undecided } from '../../broker/logins/undecided.ts';
import type { Access } from '../../broker/users.ts';
import { BaseConnection, type Due } from '../base-connection.ts';
import { Answers } from '../frame-answers.ts';
import { InputGate } from '../input-gate.ts';
import { PeerWatch } from '../peer-watch.ts';
import type { Transport } from '../protocol.ts';
import { type Frame, FrameReader, type FrameSink } from './codec/frames.ts';
import { headerFor, type Version } from './codec/header-text.ts';
import type { Agreement, ConnectionDialect, Dialect } from './dialect.ts';
import { StompError } from './errors.ts';
import { HeartBeats } from './heart-beats.ts';
import type { StompHost } from './host.ts';
import { clientLimits } from './limits.ts';
import { Opening, type OpeningHost } from './opening.ts';
import { ConnectionState } from './states.ts';

/** Units of work per SEND frame and per other frame. */
const sendUnits = 8;
const frameUnits = 32;

const heartBeat = Buffer.from('\n');

/** A STOMP connection. */
export class StompConnection
  extends BaseConnection
  implements ClientConnection, FrameSink, OpeningHost, StompHost
{
  readonly dialect: ConnectionDialect;
  readonly answers: Answers;
  override readonly gate: InputGate;
  readonly localAddress: string;
  protected override readonly state = new ConnectionState();
  protected override readonly input: FrameReader;
  readonly #opening: Opening;
  protected override readonly watch: PeerWatch;
  readonly #heartBeats = new HeartBeats();
  #agreement: Agreement | undefined = undefined;
  /** The number of decisions that the frame in progress has waited for. */
  #decisionCount = 0;
  /** Set while a frame waits for a decision. */
  #wait: object | undefined = undefined;
  #isReleased = false;

  constructor(transport: Transport, dialect: Dialect) {
    const { broker } = dialect;
    super(transport, broker);
    this.localAddress = transport.localAddress;
    this.answers = new Answers(this);
    this.watch = new PeerWatch(broker, this.outbox, this.answers);
    this.input = new FrameReader(this);
    this.input.bodyBytesMax = Math.min(dialect.bodyBytesMax, broker.limits.bodyBytesMax);
    this.gate = new InputGate(this.input, broker.background, this);
    this.dialect = dialect.connect(this, transport);
    this.#opening = new Opening(this, transport);
  }

  get #agreed(): Agreement {
    assert(this.#agreement !== undefined, 'the client has not logged in');
    return this.#agreement;
  }

  get version(): Version {
    return this.#agreed.version;
  }

  get access(): Access {
    return this.#agreed.access;
  }

  get inspector(): ConnectionInspector | undefined {
    return this.dialect.inspector;
  }

  get protocolName(): string {
    return 'STOMP';
  }

  get clientId(): string | undefined {
    return this.dialect.clientId;
  }

  /** A connection corresponds to a channel of other protocols. */
  get channelCount(): number {
    return 1;
  }

  get takesDeliveries(): boolean {
    return this.outbox.isWritable && this.state.name === 'open' && !this.dialect.isFull;
  }

  head({ command }: Frame): void {
    if (this.state.name !== 'awaiting-connect') return;
    // Other frames are refused before the log-in, even before they are complete.
    if (command !== 'CONNECT' && command !== 'STOMP') {
      throw this.dialect.early();
    }
  }

  body(_frame: Frame, bytes: Buffer, at: number, end: number): void {
    if (this.state.name === 'open') this.dialect.body(bytes, at, end);
  }

  frame(frame: Frame): void {
    try {
      if (this.state.name === 'awaiting-connect') this.#connect(frame);
      else if (this.state.name === 'open') this.#handle(frame);
      this.#decisionCount = 0;
    } catch (thrown) {
      this.refuse(frame, thrown);
    }
  }

  #connect(frame: Frame): void {
    this.#opening.connect(frame);
    this.state.enter('checking-password');
    // Frames that the client sends before the answer are held back.
    this.gate.hold();
  }

  opened(agreement: Agreement): void {
    this.#agreement = agreement;
    this.input.version = agreement.escapes;
    this.input.isTrimmed = agreement.version === '1.0';
    this.input.limits = clientLimits;
    this.#heartBeats.start(agreement.sendMs, agreement.expectMs);
    this.broker.clientConnections.add(this);
    this.state.enter('open');
    this.write(agreement.connected);
    this.gate.release();
    this.setReading();
  }

  #handle(frame: Frame): void {
    const { command } = frame;
    if (command === 'SEND') {
      this.gate.count(sendUnits);
      this.dialect.send(frame);
      return;
    }
    this.gate.count(frameUnits);
    if (command === 'DISCONNECT') {
      this.#disconnect(frame);
      return;
    }
    // Messages sent before this frame are dispatched to the previous consumers first.
    if (command.startsWith('SUB') || command.startsWith('UNSUB')) this.broker.pump();
    this.dialect.handle(frame);
  }

  #disconnect(frame: Frame): void {
    this.input.stop();
    this.broker.pump();
    this.#release(() => this.receipt(frame, 0, () => this.end()));
  }

  receipt({ headers }: Frame, group: number, said?: () => void): void {
    const receipt = headers.get('receipt');
    if (receipt === undefined) {
      said?.();
      return;
    }
    const value = headerFor(receipt, this.#agreed.escapes, false);
    this.answers.say(group, encodeText(`RECEIPT\nreceipt-id:${value}\n\n\0\n`), said);
  }

  write(frame: Buffer): void {
    this.outbox.append(frame, 0, frame.length);
  }

  refuse(frame: Frame, thrown: unknown): void {
    if (thrown instanceof Undecided && this.#decisionCount < decisionCountMax) {
      this.#waitFor(thrown, frame);
      return;
    }
    this.#decisionCount = 0;
    const error = this.dialect.toError(thrown);
    const receipt = frame.headers.get('receipt');
    if (error.isFatal) this.#fail(error, receipt);
    else this.answers.say(0, this.dialect.errorFrame(error, receipt));
  }

  /** Handles a frame again once another service has decided about a permission. */
  #waitFor({ decided }: Undecided, frame: Frame): void {
    const wait = {};
    this.#wait = wait;
    this.#decisionCount++;
    this.gate.hold();
    void decided.then(() => {
      if (this.#wait !== wait) return;
      this.#wait = undefined;
      this.frame(frame);
      this.received();
      this.gate.release();
    });
  }

  override failed(thrown: unknown): void {
    this.#fail(this.dialect.toError(thrown), undefined);
  }

  /** Ends the connection with an error. */
  #fail(error: StompError, receipt: string | undefined): void {
    if (error.code === 'internal') this.reportBug(error.cause);
    if (this.state.isOver) return;
    this.input.stop();
    // Answers that wait for the log are not sent. The client repeats what they were about.
    this.answers.drop();
    this.write(this.dialect.errorFrame(error, receipt));
    this.state.enter('closing');
    this.#release();
    this.end();
  }

  /** Requeues everything. Long work is done in later turns. */
  #release(done?: () => void): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#opening.abandon();
    this.broker.clientConnections.delete(this);
    this.broker.flow.remove(this);
    this.dialect.end();
    if (this.#wait !== undefined) {
      this.#wait = undefined;
      this.gate.release();
    }
    this.broker.background.run(this.#requeueAll(), done);
  }

  *#requeueAll(): Generator<void> {
    // Another job of this connection may still be settling or committing.
    while (this.#agreement !== undefined && this.gate.isBusy) yield;
    yield* this.dialect.release((bug) => this.reportBug(bug));
  }

  protected override deliver(): void {
    this.dialect.wake();
  }

  protected override closing(reason: string): StompError {
    return new StompError('closing', reason);
  }

  protected override beat(nowMs: number, hasReceived: boolean): Due {
    return this.#heartBeats.tick(nowMs, hasReceived, this.outbox.hasWritten);
  }

  protected override ticked(due: Due, nowMs: number): void {
    if (this.state.name !== 'open') return;
    this.dialect.tick(nowMs);
    if (due === 'end') this.failed(this.closing('Channel was inactive for too long'));
    else if (due === 'send') {
      this.write(heartBeat);
      this.outbox.flush();
      this.outbox.hasWritten = false;
    }
  }

  protected override gone(): void {
    this.dialect.end();
  }

  protected override abandon(): void {
    this.#opening.abandon();
  }

  protected override get isAgreed(): boolean {
    return this.#agreement !== undefined;
  }

  protected override get isWaiting(): boolean {
    return this.answers.isWaiting;
  }

  protected override lost(): void {
    this.answers.drop();
    this.#release();
  }

  override shutdown(reason: string): void {
    this.failed(this.closing(reason));
  }
}
