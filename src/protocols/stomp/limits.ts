/** Limits of what a client may send, in bytes unless their name says otherwise. */
export interface FrameLimits {
  /** The command's line. */
  readonly commandBytesMax: number;
  /** One header's line. */
  readonly headerBytesMax: number;
  /** Headers of one frame. */
  readonly headerCountMax: number;
  /** Command and headers of one frame together. */
  readonly headBytesMax: number;
  /** The body of a frame other than SEND: nobody reads it. */
  readonly ignoredBodyBytesMax: number;
}

/** The limits before the log-in: a CONNECT frame is all that comes. */
export const strangerLimits: FrameLimits = {
  commandBytesMax: 64,
  headerBytesMax: 4096,
  headerCountMax: 64,
  headBytesMax: 16 * 1024,
  ignoredBodyBytesMax: 1024,
};

/** The limits after the log-in; ActiveMQ's, and one for all headers together. */
export const clientLimits: FrameLimits = {
  commandBytesMax: 1024,
  headerBytesMax: 10_240,
  headerCountMax: 1000,
  headBytesMax: 128 * 1024,
  ignoredBodyBytesMax: 64 * 1024,
};

/** Bytes of a message's body, where the broker's own limit is not lower. */
export const bodyBytesMax = 100 * 1024 * 1024;

/** Subscriptions of one connection. */
export const subscriptionCountMax = 10_000;

/** Queues that one connection may consume from at a time, all subscriptions together. */
export const sourceCountMax = 20_000;

/** Transactions of one connection that have begun and not ended. */
export const transactionCountMax = 1000;

/** Characters of a transaction's, subscription's or client's id. */
export const idLengthMax = 1024;

/** Milliseconds of a heart-beat; what a client asks for more often is done as often. */
export const heartBeatMsMin = 1000;

/** Temporary destinations of one connection. */
export const temporaryCountMax = 10_000;
