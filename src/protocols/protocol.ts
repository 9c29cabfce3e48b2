// The interfaces between protocols and listeners.

import type { X509Certificate } from 'node:crypto';
import type { User } from '../broker/users.ts';

/** The connection to a peer, as protocols use it. */
export interface Transport {
  /**
   * Writes bytes, which must not be changed until they were sent and the transport is writable.
   *
   * @returns false if the peer is behind: no deliveries until `Connection.writable()`
   */
  write(bytes: Buffer, released?: () => void): boolean;
  /**
   * Like {@link write}, for bytes that are made when everything before them was sent. A transport
   * without it sends what `make` returns at once.
   *
   * @param sizeBytes the exact size of what `make` returns
   */
  writeLater?(sizeBytes: number, make: () => Buffer, released: () => void): boolean;
  /** Requests one `Connection.flush()` at the end of this turn of the event loop. */
  requestFlush(): void;
  /** Stops reading from the peer (the broker is behind) until `resume()`. */
  pause(): void;
  resume(): void;
  /** A log-in is being checked. The time this takes does not count as the peer's delay. */
  checksLogin(): void;
  /** The peer has logged in. The limits for unauthenticated peers no longer apply. */
  admit(): void;
  /** Closes the connection after all data was sent. */
  close(): void;
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  readonly localAddress: string;
  /** The TLS version, such as `TLSv1.3`, for the description of the connection. */
  readonly tlsVersion: string;
  /**
   * Set if the peer is a part of this program in the same process, which needs no log-in: the user as
   * which it acts. No listener sets it.
   */
  readonly internalUser?: User;
  /** The certificate of the client, which was verified; undefined if it has shown none. */
  readonly peerCertificate?: X509Certificate | undefined;
}

/** A client's connection. It owns no socket, timer or promise. */
export interface Connection {
  /** Handles received bytes, which may be split anywhere. Slices of the buffer may be retained. */
  receive(bytes: Buffer): void;
  /** The transport is writable again. */
  writable(): void;
  /** Called twice a second, for heartbeats and timeouts. */
  tick(nowMs: number): void;
  /** Called at the end of a turn of the event loop with activity: writes gathered output. */
  flush(): void;
  /** The transport has ended: releases all resources. */
  ended(): void;
  /** Closes the connection with a reason for the client. */
  shutdown(reason: string): void;
}

/** Whether a connection uses a protocol, according to its first bytes. */
export type Recognition = 'yes' | 'no' | 'maybe';

/** A WebSocket message of a connection's output: a part of the output, or a copy. */
export interface OutputMessage {
  readonly bytes: Buffer;
  readonly isText: boolean;
}

/** Divides the output of a connection into WebSocket messages. */
export interface OutputMessages {
  /** Takes the next output, and returns its messages, all of which must be read before the next call. */
  split(output: Buffer): Iterator<OutputMessage>;
}

/** A protocol of one broker, as used by listeners. */
export interface Protocol {
  /** Lower case: `amqp091`. */
  readonly name: string;
  /** The WebSocket subprotocols of this protocol, such as `amqp`. */
  readonly subprotocols: readonly string[];
  /**
   * Whether the protocol is only spoken in binary messages over WebSocket. A text message then ends the
   * connection.
   */
  readonly isBinary?: boolean;
  /** For protocols whose clients expect whole frames in messages. Otherwise any part is a binary message. */
  newOutputMessages?(): OutputMessages;
  /**
   * Recognises connections of this protocol by their first bytes, on ports with several protocols.
   *
   * @param bytes all bytes received so far, at least one; 'maybe' means that more are needed
   */
  recognizes(bytes: Buffer): Recognition;
  /** The listeners are open: what waited for clients during the start may happen. */
  begun?(): void;
  accept(transport: Transport): Connection;
}
