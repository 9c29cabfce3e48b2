// The interface between STOMP connections and the dialects of broker types.

import type { Broker } from '../../broker/broker.ts';
import type { ConnectionInspector } from '../../broker/client-connection.ts';
import type { Access, User } from '../../broker/users.ts';
import type { Transport } from '../protocol.ts';
import type { Frame } from './codec/frames.ts';
import type { Version } from './codec/header-text.ts';
import type { StompError } from './errors.ts';
import type { StompHost } from './host.ts';

/** What depends on the type of a broker: its destinations, headers, texts and message format. */
export interface Dialect {
  readonly broker: Broker;
  /** Maximum size of the body of a message, in bytes, unless the limit of the broker is lower. */
  readonly bodyBytesMax: number;
  /** The dialect of one connection. */
  connect(host: StompHost, transport: Transport): ConnectionDialect;
}

/** The log-in that a CONNECT frame requests. */
export interface Login {
  /** Empty if the client names none. */
  readonly username: string;
  readonly password: string;
  /** Whether the certificate of the client names and proves the user instead. */
  readonly usesCertificate?: boolean;
}

/** The result of the opening of a connection. */
export interface Agreement {
  readonly version: Version;
  /** The version whose escapes apply to received headers. */
  readonly escapes: Version;
  /** In milliseconds; 0 for none. */
  readonly sendMs: number;
  readonly expectMs: number;
  readonly access: Access;
  /** The CONNECTED frame. */
  readonly connected: Buffer;
}

/** The dialect of one connection, with the state that the dialect keeps for it. */
export interface ConnectionDialect {
  /** How administration sees the connection; undefined if it does not show it. */
  readonly inspector: ConnectionInspector | undefined;
  /** Undefined if there is none. */
  readonly clientId?: string | undefined;
  /** Whether the limit of unsettled deliveries is reached. */
  readonly isFull: boolean;
  /**
   * Reads a CONNECT frame.
   *
   * @throws {StompError} `refused`
   */
  login(frame: Frame): Login;
  /**
   * The error for a refused CONNECT.
   *
   * @param thrown why; undefined if the user does not exist, or the password is wrong
   */
  refused(thrown?: unknown): StompError;
  /**
   * The user of the CONNECT frame has logged in.
   *
   * @throws {StompError} `refused`
   * @throws {BrokerError} if the user has no access
   * @throws {Undecided} before anything was changed
   */
  open(user: User): Agreement;
  /** Receives a part of the body of a SEND frame before the frame is complete. */
  body(bytes: Buffer, at: number, end: number): void;
  /** Handles a SEND frame. */
  send(frame: Frame): void;
  /**
   * Handles any other frame of a client that has logged in, except DISCONNECT.
   *
   * @throws {StompError}
   * @throws {BrokerError}
   */
  handle(frame: Frame): void;
  /** The error for a frame that may not be sent before CONNECT. */
  early(): StompError;
  /** Converts any error that was thrown while data of the peer was handled. */
  toError(thrown: unknown): StompError;
  /** Encodes the ERROR frame for an error. */
  errorFrame(error: StompError, receipt: string | undefined): Buffer;
  /** Deliveries may be possible again. */
  wake(): void;
  /** Called twice a second while the connection is open. It may end the connection. */
  tick(nowMs: number): void;
  /** The connection ends: an incomplete message is discarded, and nothing waits for limits any more. */
  end(): void;
  /** Requeues everything and releases what the connection owns, in steps. */
  release(report: (bug: unknown) => void): Generator<void>;
}
