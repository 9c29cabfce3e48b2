// Limits of listeners.

/**
 * The limits of a listener on connections, in particular on those that have not logged in. A source
 * is an IPv4 address, or the /64 network of an IPv6 address.
 */
export interface AdmissionLimits {
  /** Maximum number of connections. Further connections are closed immediately. */
  readonly connectionCountMax: number;
  /** Maximum number of unauthenticated connections from all sources. */
  readonly unauthenticatedCountMax: number;
  /** Maximum number of unauthenticated connections from one source. */
  readonly unauthenticatedPerSourceMax: number;
  /**
   * Maximum number of unauthenticated connections that have begun TLS, which takes memory, from all
   * sources.
   */
  readonly handshakeCountMax: number;
  /** Maximum number of unauthenticated connections that have begun TLS, from one source. */
  readonly handshakesPerSourceMax: number;
  /** Maximum number of TLS handshakes begun in one turn of the event loop. Sources take turns. */
  readonly handshakesPerTurnMax: number;
  /** Maximum number of bytes that a peer may send at once before its TLS handshake begins. */
  readonly helloBytesMax: number;
  /**
   * Maximum time until the first byte, and again until the TLS handshake may begin, milliseconds.
   */
  readonly firstByteTimeoutMs: number;
  /** Maximum time for the whole TLS handshake, milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Maximum time between the TLS handshake and the log-in, milliseconds. */
  readonly loginTimeoutMs: number;
  /** Time without data after which TCP keep-alive probes the peer, milliseconds. */
  readonly keepAliveMs: number;
  /**
   * Minimum time for which a connection that has begun TLS is kept while others wait, milliseconds.
   */
  readonly graceMs: number;
}

const common = {
  handshakesPerTurnMax: 4,
  helloBytesMax: 16 * 1024 + 5,
  firstByteTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  keepAliveMs: 60_000,
  graceMs: 250,
} as const;

/** The limits of the API's port. */
export const apiAdmissionLimits: AdmissionLimits = {
  ...common,
  connectionCountMax: 6000,
  unauthenticatedCountMax: 4000,
  unauthenticatedPerSourceMax: 2000,
  handshakeCountMax: 256,
  handshakesPerSourceMax: 128,
  loginTimeoutMs: 60_000,
};

/** The limits of a broker's port. */
export const brokerAdmissionLimits: AdmissionLimits = {
  ...common,
  connectionCountMax: 20_000,
  unauthenticatedCountMax: 4000,
  unauthenticatedPerSourceMax: 2000,
  handshakeCountMax: 256,
  handshakesPerSourceMax: 128,
  loginTimeoutMs: 30_000,
};

/** The limits of WebSocket connections to a broker. */
export interface WebSocketLimits {
  /** Maximum size of the request line and headers, bytes. */
  readonly headBytesMax: number;
  /** Maximum number of bytes from a client that has not logged in. */
  readonly unauthenticatedBytesMax: number;
  /** Maximum size of a message including all fragments, bytes. */
  readonly messageBytesMax: number;
  /** Maximum number of fragments of a message. */
  readonly fragmentCountMax: number;
}

/** The default limits of WebSocket connections to a broker. */
export const webSocketLimits: WebSocketLimits = {
  headBytesMax: 8 * 1024,
  unauthenticatedBytesMax: 64 * 1024,
  messageBytesMax: 16 * 1024 * 1024,
  fragmentCountMax: 4096,
};
