// Limits of STOMP connections.

/** Limits of received frames, in bytes unless the name states another unit. */
export interface FrameLimits {
  /** The command line. */
  readonly commandBytesMax: number;
  /** One header line. */
  readonly headerBytesMax: number;
  /** The number of headers of a frame. */
  readonly headerCountMax: number;
  /** The command and headers of a frame together. */
  readonly headBytesMax: number;
  /** The body of a frame other than SEND, which is ignored. */
  readonly ignoredBodyBytesMax: number;
}

/** Limits before the log-in, where only a CONNECT frame is expected. */
export const unauthenticatedLimits: FrameLimits = {
  commandBytesMax: 64,
  headerBytesMax: 4096,
  headerCountMax: 64,
  headBytesMax: 16 * 1024,
  ignoredBodyBytesMax: 1024,
};

/** Limits after the log-in: those of ActiveMQ, and one for all headers together. */
export const clientLimits: FrameLimits = {
  commandBytesMax: 1024,
  headerBytesMax: 10_240,
  headerCountMax: 1000,
  headBytesMax: 128 * 1024,
  ignoredBodyBytesMax: 64 * 1024,
};

/** Maximum size of a message body in bytes, unless the limit of the broker is lower. */
export const bodyBytesMax = 100 * 1024 * 1024;

/** Maximum number of subscriptions of a connection. */
export const subscriptionCountMax = 10_000;

/** Maximum number of queues that all subscriptions of a connection consume from. */
export const sourceCountMax = 20_000;

/** Maximum number of unsettled deliveries of a connection, unless the limit of the broker is lower. */
export const unsettledCountMax = 65_536;

/** Maximum number of open transactions of a connection. */
export const transactionCountMax = 1000;

/** Maximum length of the id of a transaction, subscription or client, in characters. */
export const idLengthMax = 1024;

/**
 * Minimum heart-beat interval in milliseconds. A client that requests a shorter one gets this one.
 */
export const heartBeatMsMin = 1000;

/** Maximum number of temporary destinations of a connection. */
export const temporaryCountMax = 10_000;
