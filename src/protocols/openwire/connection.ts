// OpenWire connections.

import { assert } from '../../base/assert.ts';
import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import type { SourceBudget } from '../../broker/activemq/consumption.ts';
import type { ClientConnection } from '../../broker/client-connection.ts';
import type { Access } from '../../broker/users.ts';
import { BaseConnection, type Due } from '../base-connection.ts';
import { InputGate } from '../input-gate.ts';
import { PeerWatch } from '../peer-watch.ts';
import type { Transport } from '../protocol.ts';
import { SendPause } from '../send-pause.ts';
import { Codec } from './codec/codec.ts';
import {
  type ConnectionInfo,
  connectionControl,
  connectionError,
  type DataStructure,
  exceptionResponse,
  keepAliveInfo,
  type RemoveInfo,
  shutdownInfo,
  types,
} from './codec/commands.gen.ts';
import { FrameReader, type FrameSink } from './codec/frames.ts';
import { isMessage } from './codec/stored-message.ts';
import { agree } from './codec/wire-format.ts';
import { handle, lastSeenOf } from './commands/registry.ts';
import { allSeen } from './consuming/consumer.ts';
import { Consumers } from './consuming/consumers.ts';
import { OpenWireError, toOpenWireError } from './errors.ts';
import type { OpenWireHost, Requested } from './host.ts';
import { idText } from './ids.ts';
import { Inactivity } from './inactivity.ts';
import {
  commandBytesMax,
  countsMax,
  unauthenticatedFrameBytesMax,
  unauthenticatedFrameCountMax,
} from './limits.ts';
import { Opening, type OpeningHost, requireOpeningCommand } from './opening.ts';
import { Responses } from './responses.ts';
import { Producers } from './sending/producers.ts';
import { Sender } from './sending/sender.ts';
import type { SharedState } from './shared-state.ts';
import { ConnectionState } from './states.ts';
import { Transactions } from './transactions/transactions.ts';

/** Units of work per message and per other command. */
const sendUnits = 8;
const commandUnits = 32;
/** Number of bytes of a command that are decoded in about a microsecond. */
const decodedPerUnit = 64;

/** An OpenWire connection. */
export class OpenWireConnection
  extends BaseConnection
  implements ClientConnection, FrameSink, OpeningHost, OpenWireHost
{
  readonly dialect: ActiveMq;
  readonly shared: SharedState;
  override readonly gate: InputGate;
  readonly pause: SendPause;
  readonly transactions: Transactions;
  readonly consumers: Consumers;
  readonly producers: Producers;
  readonly sessions = new Set<string>();
  readonly budget: SourceBudget = { left: countsMax.sources };
  readonly #responses: Responses;
  protected override readonly state = new ConnectionState();
  protected override readonly input: FrameReader;
  readonly #opening: Opening;
  /** Created for the first message, because many clients only consume. */
  #sender: Sender | undefined = undefined;
  protected override readonly watch: PeerWatch;
  readonly #inactivity = new Inactivity();
  /** Frames that were received before the log-in. */
  #unauthenticatedFrameCount = 0;
  #codec: Codec | undefined = undefined;
  #info: ConnectionInfo | undefined = undefined;
  #access: Access | undefined = undefined;
  #connectionId = '';
  #isReleased = false;
  /** Called once everything is released. */
  #released: (() => void)[] = [];
  #isFullyReleased = false;

  constructor(transport: Transport, dialect: ActiveMq, shared: SharedState) {
    super(transport, dialect.broker);
    this.dialect = dialect;
    this.shared = shared;
    this.#responses = new Responses(this);
    this.watch = new PeerWatch(this.broker, this.outbox, this.#responses.answers);
    this.input = new FrameReader(this);
    this.gate = new InputGate(this.input, this.broker.background, this);
    this.pause = new SendPause(this.gate);
    this.transactions = new Transactions(this);
    this.consumers = new Consumers(this);
    this.producers = new Producers(this);
    this.#opening = new Opening(this, transport);
    // Both sides send their WireFormatInfo unasked. This one is the same for all connections.
    transport.write(shared.formatInfo);
  }

  get codec(): Codec {
    assert(this.#codec !== undefined, 'the encoding is not negotiated');
    return this.#codec;
  }

  get info(): ConnectionInfo {
    assert(this.#info !== undefined, 'the client has not logged in');
    return this.#info;
  }

  get access(): Access {
    assert(this.#access !== undefined, 'the client has not logged in');
    return this.#access;
  }

  get protocolName(): string {
    return 'OpenWire';
  }

  get clientId(): string {
    return this.info.clientId ?? '';
  }

  get connectionId(): string {
    return this.#connectionId;
  }

  /** A session corresponds to a channel of other protocols. */
  get channelCount(): number {
    return Math.max(1, this.sessions.size);
  }

  get takesDeliveries(): boolean {
    return this.outbox.isWritable && this.state.name === 'open' && !this.consumers.isFull;
  }

  protected override received(): void {
    // Before the dispatch requests a flush: a group that is written immediately is answered in the
    // same flush of all connections.
    if (this.isWaiting) this.broker.store.log.sync();
    super.received();
  }

  announced(sizeBytes: number, type: number): void {
    const isUnauthenticated = this.state.isUnauthenticated;
    if (this.state.name === 'awaiting-connection') requireOpeningCommand(type);
    if (isUnauthenticated && ++this.#unauthenticatedFrameCount > unauthenticatedFrameCountMax) {
      throw new OpenWireError('out-of-order', 'too many frames before the log-in');
    }
    const forType = isMessage({ type }) ? this.shared.frameBytesMax : commandBytesMax;
    const sizeMax = isUnauthenticated ? unauthenticatedFrameBytesMax : forType;
    if (sizeBytes <= sizeMax) return;
    const found = `a frame of ${sizeBytes} bytes is larger than the maximum of ${sizeMax}`;
    throw new OpenWireError('malformed', found);
  }

  frame(bytes: Buffer, start: number, end: number): void {
    if (this.state.name === 'awaiting-format') {
      this.#negotiate(bytes, start, end);
      return;
    }
    if (this.state.name === 'open' && isMessage({ type: bytes[start] ?? 0 })) {
      this.gate.count(sendUnits);
      this.#sender ??= new Sender(this);
      this.#sender.receive(bytes, start, end);
      return;
    }
    const structure = this.codec.decode(bytes, start, end);
    if (structure === undefined) return;
    if (this.state.name === 'open') this.#perform(structure, end - start);
    else if (this.state.name === 'removed') this.#afterRemoval(structure);
    else if (this.state.name === 'awaiting-connection') this.#connect(structure);
  }

  #negotiate(bytes: Buffer, start: number, end: number): void {
    const format = agree(bytes, start, end);
    this.#codec = new Codec(format);
    this.#inactivity.start(format.inactivityMs, format.inactivityDelayMs);
    this.state.enter('awaiting-connection');
    this.send(this.shared.brokerInfo);
  }

  #connect(structure: DataStructure): void {
    // A client that connects again begins with a ConnectionControl.
    if (structure.type === types.KeepAliveInfo || structure.type === types.ConnectionControl) {
      handle(this, structure);
      return;
    }
    if (structure.type === types.ShutdownInfo) {
      this.end();
      return;
    }
    if (structure.type !== types.ConnectionInfo) {
      throw new OpenWireError('out-of-order', 'the client has not logged in');
    }
    try {
      this.#opening.connect(structure);
      this.state.enter('checking-password');
      // Commands that the client sends before the answer are held back.
      this.gate.hold();
    } catch (thrown) {
      this.refused(structure, thrown);
    }
  }

  opened(info: ConnectionInfo, access: Access): void {
    this.#info = { ...info, password: undefined };
    this.#access = access;
    this.#connectionId = info.connectionId === undefined ? '' : idText(info.connectionId);
    this.broker.clientConnections.add(this);
    this.state.enter('open');
    this.respond(info, 0);
    if (info.manageable) {
      this.send(connectionControl({ connectedBrokers: '', reconnectTo: '' }));
    }
    this.shared.advisories.connection(this.#info, true);
    this.gate.release();
    this.setReading();
  }

  refused(info: ConnectionInfo, thrown: unknown): void {
    const error = toOpenWireError(thrown);
    if (error.code === 'internal') this.reportBug(error.cause);
    if (this.state.isOver) return;
    this.send(exceptionResponse({ correlationId: info.commandId, exception: error.throwable }));
    this.#close();
  }

  #perform(structure: DataStructure, sizeBytes: number): void {
    this.gate.count(commandUnits + sizeBytes / decodedPerUnit);
    switch (structure.type) {
      case types.ShutdownInfo:
        this.#shutDown();
        return;
      case types.RemoveInfo:
        if (structure.objectId?.type !== types.ConnectionId) break;
        if (structure.objectId.value !== this.#connectionId) break;
        this.#removeConnection(structure);
        return;
      case types.ConsumerInfo:
        // Messages sent before this command are dispatched to the previous consumers first.
        this.broker.pump();
        break;
      default:
    }
    this.#handle(structure);
  }

  /** Performs a command, and answers its errors. */
  #handle(structure: DataStructure): void {
    try {
      if (handle(this, structure)) return;
      const why = `a command of type ${structure.type} is not permitted here`;
      throw new OpenWireError('out-of-order', why);
    } catch (thrown) {
      if (!('responseRequired' in structure)) throw thrown;
      this.refuse(structure, thrown);
    }
  }

  /** The client has closed its connection, except for the transport. */
  #removeConnection(command: RemoveInfo): void {
    this.broker.pump();
    const lastSeen = lastSeenOf(command.lastDeliveredSequenceId, this.codec.format.version);
    this.state.enter('removed');
    this.#release(lastSeen, () => this.respond(command, 0, undefined, () => this.outbox.flush()));
  }

  #afterRemoval(structure: DataStructure): void {
    if (structure.type === types.ShutdownInfo) this.end();
    else if (structure.type !== types.KeepAliveInfo) {
      throw new OpenWireError('out-of-order', 'the connection was removed');
    }
  }

  #shutDown(): void {
    this.input.stop();
    this.broker.pump();
    this.#release(allSeen, () => this.end());
  }

  respond(command: Requested, group: number, response?: DataStructure, said?: () => void): void {
    this.#responses.respond(command, group, response, said);
  }

  send(command: DataStructure): void {
    this.codec.encode(command, this.outbox);
  }

  refuse(command: Requested, thrown: unknown): void {
    const error = toOpenWireError(thrown);
    if (error.isFatal) {
      this.failed(error);
      return;
    }
    this.#responses.refuse(command, error, this.info.connectionId);
  }

  override failed(thrown: unknown): void {
    const error = toOpenWireError(thrown);
    if (error.code === 'internal') this.reportBug(error.cause);
    if (this.state.isOver) return;
    // Data that is not OpenWire is not answered, as by ActiveMQ.
    const isAnswered = error.code === 'closing' || error.code === 'internal';
    if (isAnswered && this.#codec !== undefined) {
      const exception = error.throwable;
      this.send(connectionError({ exception, connectionId: this.#info?.connectionId }));
      this.send(shutdownInfo());
    }
    this.#close();
  }

  /** Ends the connection. Answers that wait for the log are not sent; the client repeats them. */
  #close(): void {
    this.input.stop();
    this.#responses.answers.drop();
    this.state.enter('closing');
    this.#release(allSeen);
    this.end();
  }

  takeOver(released: () => void): void {
    if (this.#isFullyReleased) {
      released();
      return;
    }
    this.#released.push(released);
    if (!this.state.isOver) this.#close();
  }

  /** Requeues everything. Long work is done in later turns. */
  #release(lastSeen: number, done?: () => void): void {
    if (this.#isReleased) {
      done?.();
      return;
    }
    this.#isReleased = true;
    this.#opening.abandon();
    this.broker.clientConnections.delete(this);
    this.broker.flow.remove(this);
    this.pause.end();
    this.#sender?.end();
    this.broker.background.run(this.#requeueAll(lastSeen), () => {
      this.#isFullyReleased = true;
      for (const released of this.#released.splice(0)) released();
      done?.();
    });
  }

  *#requeueAll(lastSeen: number): Generator<void> {
    // Another job of this connection may still be settling or committing.
    while (this.#access !== undefined && this.gate.isBusy) yield;
    yield* this.transactions.rollbackAll();
    yield* this.consumers.close(undefined, lastSeen, (bug) => this.reportBug(bug));
    yield* this.producers.close(undefined);
    yield* this.dialect.vhost.release(this);
    yield* this.dialect.temporaries.release(this);
    if (this.#info !== undefined) this.shared.advisories.connection(this.#info, false);
    this.#opening.release();
  }

  protected override deliver(): void {
    this.consumers.wake();
  }

  protected override closing(reason: string): OpenWireError {
    return new OpenWireError('closing', reason);
  }

  protected override beat(nowMs: number, hasReceived: boolean): Due {
    return this.#inactivity.tick(nowMs, hasReceived, this.outbox.hasWritten);
  }

  protected override ticked(due: Due): void {
    if (this.state.isOver || this.#codec === undefined) return;
    this.consumers.tick(this.broker.nowMs());
    if (due === 'end') {
      this.failed(this.closing(`Channel was inactive for too long: ${this.peerAddress}`));
    } else if (due === 'send') {
      this.send(keepAliveInfo());
      this.outbox.flush();
      this.outbox.hasWritten = false;
    }
  }

  protected override gone(): void {
    this.pause.end();
  }

  protected override abandon(): void {
    this.#opening.abandon();
  }

  protected override get isAgreed(): boolean {
    return this.#access !== undefined;
  }

  protected override get isWaiting(): boolean {
    return this.#responses.answers.isWaiting;
  }

  protected override lost(): void {
    this.#responses.answers.drop();
    this.#release(allSeen);
  }

  override shutdown(reason: string): void {
    this.failed(new OpenWireError('closing', reason, 'stopped'));
  }
}
