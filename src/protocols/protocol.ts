/** The peer, as a protocol sees it. */
export interface Transport {
  /**
   * Takes the bytes over: the caller must not change them until the transport is writable again
   * and they have left.
   *
   * @returns false where the peer is behind: stop delivering until `Connection.writable()`
   */
  write(bytes: Buffer, released?: () => void): boolean;
  /** Asks for one `Connection.flush()` at the end of this turn of the event loop. */
  requestFlush(): void;
  /** Stops reading from the peer (the broker is behind) until `resume()`. */
  pause(): void;
  resume(): void;
  /** The peer has sent a log-in, which is being checked: the wait is not the peer's. */
  checksLogin(): void;
  /** The peer has logged in: from now on it is not one of the strangers that share few places. */
  admit(): void;
  /** Ends the connection after everything written has left. */
  close(): void;
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  readonly localAddress: string;
  /** `TLSv1.3` and the like; for the connection's description. */
  readonly tlsVersion: string;
}

/** One client's connection. Owns no socket, timer or promise. */
export interface Connection {
  /** Bytes from the peer, in order, cut anywhere. The buffer is the connection's to keep slices of. */
  receive(bytes: Buffer): void;
  /** The transport takes bytes again. */
  writable(): void;
  /** Twice a second: heartbeats and timeouts. */
  tick(nowMs: number): void;
  /** End of a turn of the event loop in which anything happened: write what has gathered. */
  flush(): void;
  /** The transport is gone; everything held for it is given back. */
  ended(): void;
  /** Closes from this side with a reason that the client gets to read. */
  shutdown(reason: string): void;
}

/** Whether a connection speaks a protocol, as far as its first bytes say. */
export type Recognition = 'yes' | 'no' | 'maybe';

/** A protocol on one broker, as a listener drives it. */
export interface Protocol {
  /** Lower case, as `amqp091`. */
  readonly name: string;
  /** Names of the subprotocol that a WebSocket client may ask for, as `amqp`. */
  readonly subprotocols: readonly string[];
  /**
   * Tells the protocol's connections by their first bytes, where a port has several protocols.
   *
   * @param bytes all that have come so far, at least one; 'maybe' where more are needed
   */
  recognizes(bytes: Buffer): Recognition;
  accept(transport: Transport): Connection;
}
