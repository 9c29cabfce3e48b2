import { totalmem } from 'node:os';

/** Every limit of a broker that guards its memory or its disk. */
export interface Limits {
  /** Bytes appended to the log and not yet synced, above which publishers' transports are paused; they resume at half. */
  readonly pendingBytesMax: number;
  /** Resident bytes of the process above which publishers are blocked. */
  readonly memoryBytesMax: number;
  /** Bytes of one message's body. */
  readonly bodyBytesMax: number;
  /**
   * Bytes of answers that a peer may leave unread, beside one message of the largest size: above
   * that nothing more is read from it, and replies that others send it are dropped.
   */
  readonly unreadBytesMax: number;
  /**
   * Milliseconds that a delivery may stay unsettled, after which its channel is closed; a queue's
   * `x-consumer-timeout` goes before it. Infinity for any time. It is looked at once a minute.
   */
  readonly consumerTimeoutMs: number;
  /** Routing keys an exchange remembers the queues of. */
  readonly routeCacheCountMax: number;
  /** Bytes of one declaration's or binding's arguments: names and values. */
  readonly argumentsBytesMax: number;
  /** Queues of one virtual host. */
  readonly queueCountMax: number;
  /** Exchanges of one virtual host. */
  readonly exchangeCountMax: number;
  /** Bindings of one exchange. */
  readonly bindingCountMax: number;
  /** Routing keys that one message's headers `CC` and `BCC` may name together. */
  readonly senderKeyCountMax: number;
  /** Messages one pass over a queue hands out before other queues have their turn. */
  readonly burstCountMax: number;
}

/** The limits of a broker that was given none: memory as RabbitMQ's high watermark, 0.4 of the machine. */
export const defaultLimits: Limits = {
  pendingBytesMax: 32 * 1024 * 1024,
  memoryBytesMax: Math.floor(totalmem() * 0.4),
  bodyBytesMax: 128 * 1024 * 1024,
  unreadBytesMax: 32 * 1024 * 1024,
  consumerTimeoutMs: 30 * 60 * 1000,
  routeCacheCountMax: 16_384,
  argumentsBytesMax: 16 * 1024,
  queueCountMax: 500_000,
  exchangeCountMax: 100_000,
  bindingCountMax: 500_000,
  senderKeyCountMax: 1000,
  burstCountMax: 4096,
};
