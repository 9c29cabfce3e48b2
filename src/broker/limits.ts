// The limits of a broker.

import { totalmem } from 'node:os';

/** The limits that protect a broker's memory and disk. */
export interface Limits {
  /**
   * Bytes appended to the log but not synced, above which publishers are paused. They resume at
   * half.
   */
  readonly pendingBytesMax: number;
  /** Memory of the process above which publishers are blocked, bytes. */
  readonly memoryBytesMax: number;
  /** Maximum size of a message body, bytes. */
  readonly bodyBytesMax: number;
  /**
   * Unread answers of a peer, in addition to one message of maximum size, bytes. Above that,
   * reading from the peer stops, and replies from others are dropped.
   */
  readonly unreadBytesMax: number;
  /** Unread data of all peers, bytes. Above that, each peer is limited to the shares below. */
  readonly unreadBytesSum: number;
  /** Share of a peer in unread answers, bytes. Above that, reading from the peer stops. */
  readonly unreadBytesShare: number;
  /**
   * Share of a peer in unread data including deliveries, bytes; at most 64 KiB. A peer above it gets
   * no deliveries.
   */
  readonly deliveryBytesShare: number;
  /**
   * Answers that wait for the log or for earlier answers, above which reading from the peer stops,
   * bytes.
   */
  readonly heldBytesMax: number;
  /** Incomplete bodies on a connection, in addition to one message of maximum size, bytes. */
  readonly unfinishedBytesMax: number;
  /** Maximum size of the messages of a transaction before it commits, bytes. */
  readonly transactionBytesMax: number;
  /** Maximum number of ranges of settlements in a transaction. */
  readonly transactionSettlementCountMax: number;
  /** Maximum number of unsettled deliveries of a channel, regardless of its prefetch. */
  readonly unsettledCountMax: number;
  /** Maximum number of unsettled deliveries of a channel while memory is low. */
  readonly unsettledCountShort: number;
  /** Maximum number of consumers of a channel while memory is low. */
  readonly consumerCountShort: number;
  /** Milliseconds after which a blocked connection, or one whose peer does not read, is closed. */
  readonly stuckMsMax: number;
  /**
   * Milliseconds after which the channel of an unsettled delivery is closed. `x-consumer-timeout`
   * of a queue takes precedence. Infinity for no limit. Checked once a minute.
   */
  readonly consumerTimeoutMs: number;
  /**
   * Failed deliveries after which a message of a quorum queue is dropped or dead lettered, unless the
   * queue or a policy states a number. Infinity for no limit.
   */
  readonly deliveryLimit: number;
  /** Maximum number of cached routes per exchange. */
  readonly routeCacheCountMax: number;
  /** Maximum number of queues in all cached routes of a virtual host; duplicates count. */
  readonly routeCacheQueueCountMax: number;
  /**
   * Maximum number of steps of the search for the queues of one message, in all turns together. A
   * step examines a word of a pattern, a header of a binding, or a destination. A message that needs
   * more is refused.
   */
  readonly routeStepCountMax: number;
  /**
   * Maximum number of steps of a search in one turn. The rest is done in later turns. A step takes
   * about 0.1 microseconds.
   */
  readonly routeTurnStepCountMax: number;
  /**
   * Maximum number of steps to forward a message of an ActiveMQ composite destination, in one turn: of its
   * searches, the selectors that are evaluated, and the subscriptions to its targets.
   */
  readonly forwardStepCountMax: number;
  /** Maximum number of steps of a search that must end in one turn, for callers without a route. */
  readonly routeAtOnceStepCountMax: number;
  /**
   * Maximum number of operands of the selectors of all subscriptions to topics of a broker of
   * ActiveMQ's type: a message can be compared with all of them. An operand takes up to 0.1
   * microseconds.
   */
  readonly topicSelectorCostMax: number;
  /**
   * Maximum number of headers of a message for a headers exchange. A message with more is refused.
   */
  readonly routedHeaderCountMax: number;
  /** Maximum size of the arguments of a declaration or binding, names and values, bytes. */
  readonly argumentsBytesMax: number;
  /** Maximum number of connections that have opened a virtual host. */
  readonly connectionCountMax: number;
  /** Maximum number of channels of all connections. */
  readonly channelCountMax: number;
  /** Maximum number of consumers of a channel. */
  readonly consumersPerChannelMax: number;
  /** Maximum number of queues in all virtual hosts together. */
  readonly queueCountSum: number;
  /** Maximum number of exchanges in all virtual hosts together. */
  readonly exchangeCountSum: number;
  /** Maximum number of shovels in all virtual hosts together. */
  readonly shovelCountMax: number;
  /** The interval of heartbeats that is offered to AMQP 0-9-1 clients, seconds. */
  readonly heartbeatSeconds: number;
  /** Maximum number of virtual hosts. */
  readonly vhostCountMax: number;
  /** Maximum number of users. */
  readonly userCountMax: number;
  /** Maximum number of permissions and topic permissions of all users. */
  readonly permissionCountMax: number;
  /** Maximum number of runtime parameters in a virtual host, and of global parameters. */
  readonly parameterCountMax: number;
  /** Maximum size of the value of a runtime parameter as JSON, bytes. */
  readonly parameterBytesMax: number;
  /** Maximum number of queues in a virtual host. */
  readonly queueCountMax: number;
  /** Maximum number of exchanges in a virtual host. */
  readonly exchangeCountMax: number;
  /** Maximum number of policies in a virtual host, and of operator policies. */
  readonly policyCountMax: number;
  /** Maximum number of bindings of an exchange. */
  readonly bindingCountMax: number;
  /** Maximum number of routing keys in the headers `CC` and `BCC` of a message. */
  readonly senderKeyCountMax: number;
  /**
   * Maximum number of scheduled messages in a virtual host. Each takes about 60 bytes of memory.
   */
  readonly scheduledCountMax: number;
  /** Maximum number of repeated messages, cron entries and retries among them. */
  readonly scheduledJobCountMax: number;
  /** Maximum number of repeats of a scheduled message. */
  readonly scheduledRepeatCountMax: number;
  /** Maximum number of sessions in a virtual host that outlive their connections (MQTT). */
  readonly sessionCountMax: number;
  /**
   * Maximum size of the wills that are stored in a virtual host, and of those of one user, bytes: properties,
   * topic and payload, and 512 bytes for each.
   */
  readonly willBytesMax: number;
  readonly userWillBytesMax: number;
  /** Maximum number of retained messages in a virtual host (MQTT). */
  readonly retainedCountMax: number;
  /**
   * Maximum size of the retained messages in a virtual host, bytes: bodies, topic names, and 512 bytes
   * for each.
   */
  readonly retainedBytesMax: number;
  /** Maximum number of prepared transactions (XA). */
  readonly preparedCountMax: number;
  /**
   * Maximum number of publishes and settlements, and of bytes of messages, that one transaction may
   * prepare.
   */
  readonly preparedBranchOperationCountMax: number;
  readonly preparedBranchBytesMax: number;
  /** Maximum number of publishes and settlements in all prepared transactions. */
  readonly preparedOperationCountMax: number;
  /** Maximum size of the messages in all prepared transactions, bytes. */
  readonly preparedBytesMax: number;
  /**
   * Maximum number of producers whose last message is remembered, to recognise repeated ones: of one
   * user, and of all users. Beyond the latter, the user with the most loses some.
   */
  readonly producerSequenceCountMax: number;
  readonly producerSequenceTotalMax: number;
  /** Maximum number of messages of up to 2 KiB that a queue delivers before other queues do. */
  readonly burstCountMax: number;
  /**
   * Units of background work in one turn of the event loop, of about a microsecond each: expiry,
   * dead letters, purges, deletion, and large jobs.
   */
  readonly workUnitsMax: number;
}

/** The memory of the machine, or the limit of its control group, which a container has; bytes. */
export function usableMemoryBytes(
  ofMachine: number = totalmem(),
  ofGroup: number = process.constrainedMemory(),
): number {
  // 0 if there are no control groups, and a huge number if the group has no limit.
  return ofGroup > 0 ? Math.min(ofMachine, ofGroup) : ofMachine;
}

/**
 * The default limits. The memory limit is RabbitMQ's high watermark, 0.4 of the usable memory.
 */
export const defaultLimits: Limits = {
  pendingBytesMax: 32 * 1024 * 1024,
  memoryBytesMax: Math.floor(usableMemoryBytes() * 0.4),
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
  deliveryLimit: Infinity,
  routeCacheCountMax: 16_384,
  routeCacheQueueCountMax: 524_288,
  routeStepCountMax: 20_000_000,
  routeTurnStepCountMax: 4_000,
  forwardStepCountMax: 400_000,
  routeAtOnceStepCountMax: 150_000,
  topicSelectorCostMax: 200_000,
  routedHeaderCountMax: 1024,
  argumentsBytesMax: 16 * 1024,
  connectionCountMax: Infinity,
  channelCountMax: Infinity,
  consumersPerChannelMax: Infinity,
  queueCountSum: Infinity,
  exchangeCountSum: Infinity,
  shovelCountMax: Infinity,
  heartbeatSeconds: 60,
  vhostCountMax: 5_000,
  userCountMax: 10_000,
  permissionCountMax: 100_000,
  parameterCountMax: 1_000,
  parameterBytesMax: 64 * 1024,
  queueCountMax: 500_000,
  exchangeCountMax: 100_000,
  policyCountMax: 200,
  bindingCountMax: 500_000,
  senderKeyCountMax: 1000,
  scheduledCountMax: 10_000_000,
  scheduledJobCountMax: 500_000,
  scheduledRepeatCountMax: 1_000_000,
  sessionCountMax: 100_000,
  willBytesMax: 64 * 1024 * 1024,
  userWillBytesMax: 32 * 1024 * 1024,
  retainedCountMax: 100_000,
  retainedBytesMax: 256 * 1024 * 1024,
  preparedCountMax: 10_000,
  preparedBranchOperationCountMax: 10_000,
  preparedBranchBytesMax: 64 * 1024 * 1024,
  preparedOperationCountMax: 1_000_000,
  preparedBytesMax: 1024 * 1024 * 1024,
  producerSequenceCountMax: 10_000,
  producerSequenceTotalMax: 100_000,
  burstCountMax: 512,
  workUnitsMax: 4096,
};
