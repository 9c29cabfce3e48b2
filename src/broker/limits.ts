import { totalmem } from 'node:os';

/** Every limit of a broker that guards its memory or its disk. */
export interface Limits {
  /** Bytes appended to the log and not yet synced, above which publishers' transports are paused; they resume at half. */
  readonly pendingBytesMax: number;
  /** Bytes of memory that the process uses above which publishers are blocked. */
  readonly memoryBytesMax: number;
  /** Bytes of one message's body. */
  readonly bodyBytesMax: number;
  /**
   * Bytes of answers that a peer may leave unread, beside one message of the largest size: above
   * that nothing more is read from it, and replies that others send it are dropped.
   */
  readonly unreadBytesMax: number;
  /** Bytes that all peers together may leave unread, above which each may have its share only ... */
  readonly unreadBytesSum: number;
  /** ... of so many bytes of answers: nothing more is read from a peer with more, ... */
  readonly unreadBytesShare: number;
  /** ... and of so many bytes with deliveries: nothing more is delivered to a peer with more. 64 KiB at most. */
  readonly deliveryBytesShare: number;
  /** Bytes of answers that wait for the log or for other answers, above which nothing more is read from the peer. */
  readonly heldBytesMax: number;
  /** Bytes of bodies that a connection may have begun and not ended, beside one message of the largest size. */
  readonly unfinishedBytesMax: number;
  /** Bytes that the messages of a transaction may take before it commits. */
  readonly transactionBytesMax: number;
  /** Settlements of a transaction that do not follow each other, or have different outcomes. */
  readonly transactionSettlementCountMax: number;
  /** Deliveries that a channel may leave unsettled whatever prefetch it asks for. */
  readonly unsettledCountMax: number;
  /** The same while memory is short. */
  readonly unsettledCountShort: number;
  /** Consumers that a channel may have while memory is short. */
  readonly consumerCountShort: number;
  /** Milliseconds after which a connection is closed that is made to wait, or whose peer takes nothing. */
  readonly stuckMsMax: number;
  /**
   * Milliseconds that a delivery may stay unsettled, after which its channel is closed; a queue's
   * `x-consumer-timeout` goes before it. Infinity for any time. It is looked at once a minute.
   */
  readonly consumerTimeoutMs: number;
  /** Routing keys an exchange remembers the queues of. */
  readonly routeCacheCountMax: number;
  /** Queues in all remembered routes of a virtual host, each counted as often as it is in one. */
  readonly routeCacheQueueCountMax: number;
  /**
   * Words of patterns, headers of bindings and destinations that are looked at for one message, in
   * several turns of the event loop. Above that it is refused.
   */
  readonly routeStepCountMax: number;
  /** The same in one turn; what is left is done in later turns. A step is about 0.1 microseconds. */
  readonly routeTurnStepCountMax: number;
  /** The same for a search that cannot take several turns, for callers that give no route. */
  readonly routeAtOnceStepCountMax: number;
  /** Headers of a message that a headers exchange routes; one with more is refused. */
  readonly routedHeaderCountMax: number;
  /** Bytes of one declaration's or binding's arguments: names and values. */
  readonly argumentsBytesMax: number;
  /** Queues of one virtual host. */
  readonly queueCountMax: number;
  /** Exchanges of one virtual host. */
  readonly exchangeCountMax: number;
  /** Policies of one virtual host; as many operator policies besides. */
  readonly policyCountMax: number;
  /** Bindings of one exchange. */
  readonly bindingCountMax: number;
  /** Routing keys that one message's headers `CC` and `BCC` may name together. */
  readonly senderKeyCountMax: number;
  /** Messages of one virtual host that wait for a time; each takes some 60 bytes of memory. */
  readonly scheduledCountMax: number;
  /** Those of them that are repeated, have a cron entry, or are delivered again after a failure. */
  readonly scheduledJobCountMax: number;
  /** Deliveries after the first that one scheduled message may ask for. */
  readonly scheduledRepeatCountMax: number;
  /** Transactions that are prepared and wait for their outcome (XA). */
  readonly preparedCountMax: number;
  /** Publishes and settlements in all of them. */
  readonly preparedOperationCountMax: number;
  /** Bytes of messages in all of them. */
  readonly preparedBytesMax: number;
  /** Messages, of up to 2 KiB, that one pass over a queue hands out before other queues have their turn. */
  readonly burstCountMax: number;
  /**
   * Units of work, of about a microsecond each, that one turn of the event loop spends on messages that
   * expire, die or are dropped.
   */
  readonly workUnitsMax: number;
}

/** The limits of a broker that was given none: memory as RabbitMQ's high watermark, 0.4 of the machine. */
export const defaultLimits: Limits = {
  pendingBytesMax: 32 * 1024 * 1024,
  memoryBytesMax: Math.floor(totalmem() * 0.4),
  bodyBytesMax: 128 * 1024 * 1024,
  unreadBytesMax: 32 * 1024 * 1024,
  unreadBytesSum: 256 * 1024 * 1024,
  unreadBytesShare: 1024 * 1024,
  deliveryBytesShare: 16 * 1024,
  heldBytesMax: 1024 * 1024,
  unfinishedBytesMax: 32 * 1024 * 1024,
  transactionBytesMax: 256 * 1024 * 1024,
  transactionSettlementCountMax: 65_536,
  unsettledCountMax: 1_048_576,
  unsettledCountShort: 1024,
  consumerCountShort: 16,
  stuckMsMax: 30 * 60 * 1000,
  consumerTimeoutMs: 30 * 60 * 1000,
  routeCacheCountMax: 16_384,
  routeCacheQueueCountMax: 524_288,
  routeStepCountMax: 20_000_000,
  routeTurnStepCountMax: 4_000,
  routeAtOnceStepCountMax: 400_000,
  routedHeaderCountMax: 1024,
  argumentsBytesMax: 16 * 1024,
  queueCountMax: 500_000,
  exchangeCountMax: 100_000,
  policyCountMax: 200,
  bindingCountMax: 500_000,
  senderKeyCountMax: 1000,
  scheduledCountMax: 10_000_000,
  scheduledJobCountMax: 500_000,
  scheduledRepeatCountMax: 1000,
  preparedCountMax: 10_000,
  preparedOperationCountMax: 1_000_000,
  preparedBytesMax: 1024 * 1024 * 1024,
  burstCountMax: 4096,
  workUnitsMax: 4096,
};
