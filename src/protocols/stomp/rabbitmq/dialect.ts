// The dialect of brokers of RabbitMQ's type.

import type { Broker } from '../../../broker/broker.ts';
import type { ConnectionInspector } from '../../../broker/client-connection.ts';
import type { Access, User } from '../../../broker/users.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import type { Transport } from '../../protocol.ts';
import type { Frame } from '../codec/frames.ts';
import type { Agreement, ConnectionDialect, Dialect, Login } from '../dialect.ts';
import type { StompError } from '../errors.ts';
import type { StompHost } from '../host.ts';
import { bodyBytesMax } from '../limits.ts';
import { handlerOf } from './commands/registry.ts';
import { Sender } from './commands/send.ts';
import { type Connect, connectedFrame, readConnect, refusal } from './connect.ts';
import { DeclaredQueues } from './declared-queues.ts';
import { errorFrame, escapes, invalid, RabbitMqError, toStompError } from './errors.ts';
import { Inspector } from './inspector.ts';
import { Subscriptions } from './subscriptions.ts';
import { RabbitMqTransactions } from './transactions.ts';

/** The settings of STOMP that a configuration has. */
export interface StompOptions {
  /** The virtual host of clients that name none. */
  readonly vhost: string;
  /** The exchange of destinations that begin with `/topic/`. */
  readonly topicExchange: string;
  /** Whether NACK requeues a message unless the client says otherwise. */
  readonly nackRequeues: boolean;
  /** Maximum size of the body of a message, bytes; null for the limit of the broker. */
  readonly frameBytesMax: number | null;
  /** Whether clients without a log-in header log in with their certificates. */
  readonly takesCertificates: boolean;
  /** Whether CONNECTED leaves out the name and version of the server. */
  readonly hidesServer: boolean;
}

const defaults: StompOptions = {
  vhost: '/',
  topicExchange: 'amq.topic',
  nackRequeues: true,
  frameBytesMax: null,
  takesCertificates: false,
  hidesServer: false,
};

/** What all connections of a broker share. */
export interface RabbitMqCore {
  readonly broker: Broker;
  readonly options: StompOptions;
}

/** The dialect of one connection to a broker of RabbitMQ's type. */
export class RabbitMqConnection implements ConnectionDialect {
  readonly core: RabbitMqCore;
  readonly broker: Broker;
  /** The connection, which owns exclusive queues and consumers. */
  readonly host: StompHost;
  readonly transactions: RabbitMqTransactions;
  readonly subscriptions: Subscriptions;
  readonly declared: DeclaredQueues;
  readonly inspector: ConnectionInspector;
  /** `session-…`, a part of message ids. */
  readonly session: string;
  /** Milliseconds since 1970; 0 until the client has logged in. */
  connectedAtMs = 0;
  readonly #transport: Transport;
  readonly #sender: Sender;
  #connect: Connect | undefined = undefined;
  #vhost: Vhost | undefined = undefined;

  constructor(core: RabbitMqCore, host: StompHost, transport: Transport) {
    this.core = core;
    this.broker = core.broker;
    this.host = host;
    this.session = `session-${core.broker.randomName()}`;
    this.#transport = transport;
    this.transactions = new RabbitMqTransactions(this);
    this.subscriptions = new Subscriptions(this);
    this.declared = new DeclaredQueues(this);
    this.inspector = new Inspector(this, transport);
    this.#sender = new Sender(this);
  }

  get access(): Access {
    return this.host.access;
  }

  get vhost(): Vhost {
    return this.#vhost as Vhost; // set by open()
  }

  get isFull(): boolean {
    return this.subscriptions.isFull;
  }

  /** Number of messages received. */
  get receivedCount(): number {
    return this.#sender.count;
  }

  /** Whether the client has asked for a receipt of a message. */
  get isConfirming(): boolean {
    return this.#sender.isConfirming;
  }

  /** How the client has logged in. */
  get usesCertificate(): boolean {
    return this.#connect?.username === undefined;
  }

  /** The agreed heart-beat that the client sends, in milliseconds; 0 for none. */
  get expectMs(): number {
    return this.#connect?.expectMs ?? 0;
  }

  login(frame: Frame): Login {
    const connect = readConnect(frame, this.core.options.vhost);
    this.#connect = connect;
    const { username, password } = connect;
    const { takesCertificates } = this.core.options;
    if (username === undefined && takesCertificates && this.#transport.peerCertificate) {
      return { username: '', password: '', usesCertificate: true };
    }
    if (username === undefined || password === undefined) {
      throw refusal('Missing login or passcode header(s)');
    }
    return { username, password };
  }

  refused(thrown?: unknown): StompError {
    if (thrown !== undefined) return toStompError(thrown);
    const name = this.#connect?.username;
    const why = name === undefined ? 'Access refused' : `Access refused for user '${name}'`;
    return refusal(`${why}\n`);
  }

  open(user: User): Agreement {
    const connect = this.#connect as Connect; // login() has read it
    const { broker, options } = this.core;
    const { version, sendMs, expectMs, vhost } = connect;
    const denied = `Virtual host '${vhost}' access denied`;
    if (!broker.vhosts.has(vhost)) throw refusal(denied);
    let access: Access;
    try {
      access = broker.access(user, vhost, true);
    } catch (thrown) {
      const error = toStompError(thrown);
      throw error.code === 'failed' ? refusal(denied) : thrown;
    }
    this.#vhost = broker.vhost(vhost);
    this.connectedAtMs = broker.nowMs();
    const server = options.hidesServer ? undefined : `RabbitMQ/${broker.engineVersion}`;
    const connected = connectedFrame(connect, this.session, server);
    return { version, escapes, sendMs, expectMs, access, connected };
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
    if (command === 'CONNECT' || command === 'STOMP') {
      throw new RabbitMqError('out-of-order', 'Illegal command', 'already connected\n');
    }
    throw invalid('Bad command', `Could not interpret command "${command}"\n`);
  }

  early(): StompError {
    const why = 'You must log in using CONNECT first';
    return new RabbitMqError('out-of-order', 'Illegal command', why);
  }

  toError(thrown: unknown): StompError {
    return toStompError(thrown);
  }

  errorFrame(error: StompError, receipt: string | undefined): Buffer {
    return errorFrame(error, receipt);
  }

  wake(): void {
    this.subscriptions.wake();
  }

  tick(nowMs: number): void {
    const late = this.subscriptions.tick(nowMs);
    if (late !== undefined) this.host.failed(late);
  }

  end(): void {
    this.#sender.end();
  }

  *release(report: (bug: unknown) => void): Generator<void> {
    // The client may have been refused.
    if (this.connectedAtMs === 0) return;
    yield* this.transactions.abortAll();
    yield* this.subscriptions.requeueAll(report);
    yield* this.vhost.release(this.host);
  }
}

/** The dialect of a broker of RabbitMQ's type. */
export function rabbitMqDialect(broker: Broker, options: Partial<StompOptions>): Dialect {
  const core: RabbitMqCore = { broker, options: { ...defaults, ...options } };
  return {
    broker,
    bodyBytesMax: core.options.frameBytesMax ?? bodyBytesMax,
    connect: (host, transport) => new RabbitMqConnection(core, host, transport),
  };
}
