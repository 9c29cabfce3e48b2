// The dialect of brokers of ActiveMQ's type.

import { type ActiveMq, activeMqOf } from '../../../broker/activemq/activemq.ts';
import type { Broker } from '../../../broker/broker.ts';
import type { Access, User } from '../../../broker/users.ts';
import type { Answers } from '../../frame-answers.ts';
import type { InputGate } from '../../input-gate.ts';
import type { PeerOutbox } from '../../peer-outbox.ts';
import { SendPause } from '../../send-pause.ts';
import type { Frame } from '../codec/frames.ts';
import type { Version } from '../codec/header-text.ts';
import type { Agreement, ConnectionDialect, Dialect, Login } from '../dialect.ts';
import type { StompError } from '../errors.ts';
import type { StompHost } from '../host.ts';
import { bodyBytesMax } from '../limits.ts';
import { handlerOf } from './commands/registry.ts';
import { Sender } from './commands/send.ts';
import { type Connect, connectedFrame, readConnect } from './connect.ts';
import { ActiveMqError, errorFrame, refusal, toStompError } from './errors.ts';
import { Subscriptions } from './subscriptions.ts';
import { OwnTemporaries } from './temporary-words.ts';
import { Transactions } from './transactions.ts';

/** The dialect of one connection to a broker of ActiveMQ's type. */
export class ActiveMqConnection implements ConnectionDialect {
  readonly core: ActiveMq;
  readonly broker: Broker;
  /** The connection, which owns temporary destinations and consumers. */
  readonly host: StompHost;
  /** `ID:...`, the prefix of message ids. */
  readonly connectionId: string;
  readonly words: OwnTemporaries;
  readonly outbox: PeerOutbox;
  readonly answers: Answers;
  readonly gate: InputGate;
  /** Makes producers wait while a limit is reached. */
  readonly pause: SendPause;
  readonly transactions: Transactions;
  readonly subscriptions: Subscriptions;
  readonly inspector = undefined;
  readonly #sender: Sender;
  #connect: Connect | undefined = undefined;
  /** The version of the connection; before the answer to CONNECT, the one for its errors. */
  version: Version = '1.0';
  /** Whether the client id is in use by this connection. */
  #hasTakenId = false;

  constructor(core: ActiveMq, host: StompHost) {
    const { broker, temporaries } = core;
    this.core = core;
    this.broker = broker;
    this.host = host;
    this.connectionId = `ID:waxwing-${broker.randomName()}:1`;
    this.words = new OwnTemporaries({ temporaries, connectionId: this.connectionId, owner: host });
    this.outbox = host.outbox;
    this.answers = host.answers;
    this.gate = host.gate;
    this.pause = new SendPause(host.gate);
    this.transactions = new Transactions(this);
    this.subscriptions = new Subscriptions(this);
    this.#sender = new Sender(this);
  }

  get access(): Access {
    return this.host.access;
  }

  /** The client id: given by the client, otherwise assigned. */
  get clientId(): string {
    return this.#connect?.clientId ?? this.connectionId;
  }

  /** Whether the client gave a client id. */
  get hasClientId(): boolean {
    return this.#connect?.clientId !== undefined;
  }

  get isFull(): boolean {
    return this.subscriptions.isFull;
  }

  get takesDeliveries(): boolean {
    return this.host.takesDeliveries;
  }

  login(frame: Frame): Login {
    this.#connect = readConnect(frame, (version) => {
      this.version = version;
    });
    const { username = '', password } = this.#connect;
    return { username, password };
  }

  refused(thrown?: unknown): StompError {
    if (thrown !== undefined) return refusal(thrown);
    const name = this.#connect?.username ?? null;
    return new ActiveMqError('refused', `User name [${name}] or password is invalid.`, 'security');
  }

  open(user: User): Agreement {
    const connect = this.#connect as Connect; // login() has read it
    const { broker, clientIds, vhost } = this.core;
    const access = broker.access(user, vhost.name);
    clientIds.take(this.clientId, this.host);
    this.#hasTakenId = true;
    const { version, sendMs, expectMs } = connect;
    return {
      version,
      escapes: version,
      sendMs,
      expectMs,
      access,
      connected: connectedFrame(connect, this.clientId, broker.engineVersion),
    };
  }

  body(bytes: Buffer, at: number, end: number): void {
    this.#sender.body(bytes, at, end);
  }

  send(frame: Frame): void {
    this.#sender.send(frame);
  }

  handle(frame: Frame): void {
    const { command } = frame;
    const handler = handlerOf(command);
    if (handler !== undefined) {
      handler(this, frame);
      return;
    }
    const isAgain = command === 'CONNECT' || command === 'STOMP';
    const why = isAgain ? 'Already connected.' : `Unknown STOMP action: ${command}`;
    throw new ActiveMqError('out-of-order', why);
  }

  early(): StompError {
    return new ActiveMqError('out-of-order', 'Not connected.');
  }

  toError(thrown: unknown): StompError {
    return toStompError(thrown);
  }

  errorFrame(error: StompError, receipt: string | undefined): Buffer {
    return errorFrame(error, receipt, this.version);
  }

  /** See {@link StompHost.receipt}. */
  receipt(frame: Frame, group: number, said?: () => void): void {
    this.host.receipt(frame, group, said);
  }

  /** See {@link StompHost.refuse}. */
  refuse(frame: Frame, thrown: unknown): void {
    this.host.refuse(frame, thrown);
  }

  wake(): void {
    this.subscriptions.wake();
  }

  tick(): void {}

  end(): void {
    this.pause.end();
    this.#sender.end();
  }

  *release(report: (bug: unknown) => void): Generator<void> {
    yield* this.transactions.abortAll();
    yield* this.subscriptions.requeueAll(report);
    yield* this.core.vhost.release(this.host);
    yield* this.core.temporaries.release(this.host);
    if (!this.#hasTakenId) return;
    this.core.clientIds.release(this.clientId, this.host);
    this.#hasTakenId = false;
  }
}

/** The dialect of a broker of ActiveMQ's type. */
export function activeMqDialect(broker: Broker): Dialect {
  const core = activeMqOf(broker);
  return { broker, bodyBytesMax, connect: (host) => new ActiveMqConnection(core, host) };
}
