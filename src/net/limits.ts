/**
 * Limits of a listener on connections whose peer has not logged in yet. A source is an IPv4 address,
 * or the /64 network of an IPv6 address.
 */
export interface DoorLimits {
  /** Connections at a time, those that logged in included; more are closed at once. */
  readonly connectionCountMax: number;
  /** Connections that have not logged in, from all sources. */
  readonly strangerCountMax: number;
  /** Connections that have not logged in, from one source. */
  readonly strangersPerSourceMax: number;
  /** Of these, connections that have begun TLS, which costs memory, from all sources. */
  readonly handshakeCountMax: number;
  /** The same, from one source. */
  readonly handshakesPerSourceMax: number;
  /** TLS handshakes begun in one turn of the event loop; sources take turns. */
  readonly handshakesPerTurnMax: number;
  /** Bytes that a peer may send at once before its TLS handshake begins. */
  readonly helloBytesMax: number;
  /** Milliseconds until the first byte, and again until a TLS handshake may begin. */
  readonly silentMs: number;
  /** Milliseconds for the whole TLS handshake, however often bytes arrive. */
  readonly handshakeMs: number;
  /** Milliseconds between the TLS handshake and the log-in. */
  readonly strangerMs: number;
  /** Milliseconds without a byte from the peer after which TCP asks whether it is still there. */
  readonly keepAliveMs: number;
  /** Milliseconds that a peer which has begun TLS keeps its place while others wait for one. */
  readonly graceMs: number;
}

const common = {
  handshakesPerTurnMax: 4,
  helloBytesMax: 16 * 1024 + 5,
  silentMs: 10_000,
  handshakeMs: 10_000,
  keepAliveMs: 60_000,
  graceMs: 250,
} as const;

/** The limits of the API's port. */
export const apiDoorLimits: DoorLimits = {
  ...common,
  connectionCountMax: 6000,
  strangerCountMax: 4000,
  strangersPerSourceMax: 2000,
  handshakeCountMax: 256,
  handshakesPerSourceMax: 128,
  strangerMs: 60_000,
};

/** The limits of a broker's port. */
export const brokerDoorLimits: DoorLimits = {
  ...common,
  connectionCountMax: 20_000,
  strangerCountMax: 4000,
  strangersPerSourceMax: 2000,
  handshakeCountMax: 500,
  handshakesPerSourceMax: 250,
  strangerMs: 30_000,
};

/** Limits of WebSocket connections to a broker. */
export interface WebSocketLimits {
  /** Bytes of the request that opens a connection: its line and headers. */
  readonly headBytesMax: number;
  /** Bytes that a client may send before it has logged in. */
  readonly strangerBytesMax: number;
  /** Bytes of one message, all its fragments together. */
  readonly messageBytesMax: number;
  /** Fragments of one message. */
  readonly fragmentCountMax: number;
}

/** The limits of WebSocket connections to a broker that is given no others. */
export const webSocketLimits: WebSocketLimits = {
  headBytesMax: 8 * 1024,
  strangerBytesMax: 64 * 1024,
  messageBytesMax: 16 * 1024 * 1024,
  fragmentCountMax: 4096,
};
