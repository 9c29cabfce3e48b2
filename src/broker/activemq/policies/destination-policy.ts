// The policies of destinations.

import type { Address } from '../../conversion/properties.ts';
import { passedCountDefault } from '../../dispatch/selective.ts';
import type { EvictionRule } from '../../queues/eviction.ts';
import type { RetryPolicy } from '../../schedule/retry.ts';
import type { StartRule } from './dispatch-starts.ts';

/** Where the dead letters of destinations go. */
export interface DeadLetterStrategy {
  /** To one queue, to a queue or topic for each destination, or nowhere. */
  readonly kind: 'shared' | 'individual' | 'discarding';
  /** The destination of a shared strategy. */
  readonly target: Address;
  /** Individual: the beginning and end of the names for queues and topics. */
  readonly queuePrefix: string;
  readonly topicPrefix: string;
  readonly queueSuffix: string;
  readonly topicSuffix: string;
  /** Individual: whether dead letters go to a queue, not a topic. */
  readonly usesQueueForQueues: boolean;
  readonly usesQueueForTopics: boolean;
  /** Individual: whether each durable subscription has its own destination. */
  readonly isPerSubscription: boolean;
  /** Whether expired messages become dead letters. */
  readonly takesExpired: boolean;
  /** Whether non-persistent messages become dead letters. */
  readonly takesNonPersistent: boolean;
  /** Milliseconds until a dead letter expires; 0 for never. */
  readonly expirationMs: number;
}

/** ActiveMQ's default: persistent messages go to one queue. */
export const defaultStrategy: DeadLetterStrategy = {
  kind: 'shared',
  target: { kind: 'queue', name: 'ActiveMQ.DLQ' },
  queuePrefix: 'ActiveMQ.DLQ.Queue.',
  topicPrefix: 'ActiveMQ.DLQ.Topic.',
  queueSuffix: '',
  topicSuffix: '',
  usesQueueForQueues: true,
  usesQueueForTopics: true,
  isPerSubscription: false,
  takesExpired: true,
  takesNonPersistent: false,
  expirationMs: 0,
};

/** Which messages a topic keeps for retroactive consumers. */
export interface RecoveryPolicy {
  readonly countMax: number;
  /** Size of the bodies and heads, bytes. */
  readonly bytesMax: number;
  /** Age of the oldest message, milliseconds. */
  readonly ageMsMax: number;
}

/** How many messages may wait for a slow consumer of a topic, besides those of its prefetch. */
export interface PendingLimit {
  /** A constant; Infinity for no limit. */
  readonly countMax: number;
  /** The limit is the prefetch times this factor, if it is defined. */
  readonly prefetchFactor: number | undefined;
}

/** What is dropped if more messages wait for a consumer (ActiveMQ's `messageEvictionStrategy`). */
export interface EvictionStrategy {
  readonly kind: EvictionRule['kind'];
  /** If more messages wait, expired ones are removed before others. */
  readonly expiredFromCount: number;
  /** `older-values`: the application property whose values are compared; empty for none. */
  readonly propertyName: string;
}

/** ActiveMQ's default: the oldest message. */
export const defaultEviction: EvictionStrategy = {
  kind: 'oldest',
  expiredFromCount: 1000,
  propertyName: '',
};

/** When a consumer is slow, and what is done about it (ActiveMQ's `slowConsumerStrategy`). */
export interface SlowConsumerRule {
  /** Consumers whose window is full while messages wait, or consumers that settle nothing. */
  readonly kind: 'slow' | 'slow-ack';
  /** How often a consumer may become slow before it is aborted; undefined for no limit. */
  readonly countMax: number | undefined;
  /** How long a consumer may be slow before it is aborted, milliseconds; undefined for no limit. */
  readonly slowMsMax: number | undefined;
  /** `slow-ack`: milliseconds without a settlement after which a consumer is slow. */
  readonly ackMsMax: number;
  /** `slow-ack`: whether a consumer without deliveries is never slow. */
  readonly ignoresIdle: boolean;
  /** Milliseconds between two checks. */
  readonly checkMs: number;
  /** Whether the connection is closed, instead of the consumer. */
  readonly abortsConnection: boolean;
}

/** Which advisories about a destination are sent, besides those that all destinations have. */
export interface AdvisoryRules {
  readonly ofDelivered: boolean;
  readonly ofConsumed: boolean;
  readonly ofDiscarded: boolean;
  readonly ofSlowConsumers: boolean;
  readonly ofFastProducers: boolean;
  readonly whenFull: boolean;
  /** Whether messages without a consumer are sent on. */
  readonly withoutConsumers: boolean;
  /** Whether advisories contain the body of the message. */
  readonly includeBody: boolean;
}

/** ActiveMQ's defaults. */
export const defaultAdvisories: AdvisoryRules = {
  ofDelivered: false,
  ofConsumed: false,
  ofDiscarded: false,
  ofSlowConsumers: false,
  ofFastProducers: false,
  whenFull: false,
  withoutConsumers: false,
  includeBody: false,
};

/** The settings of a destination. */
export interface DestinationPolicy {
  /** Memory of the destination at which its producers wait, bytes; undefined for no limit. */
  readonly memoryBytesMax: number | undefined;
  /** Whether producers wait, or are refused, while the memory of the destination is full. */
  readonly hasFlowControl: boolean;
  /**
   * See `ActiveMqSettings`, which applies if it is undefined; negative for producers that wait, whatever
   * that says.
   */
  readonly refusesSendsAfterMs: number | undefined;
  /** Milliseconds between two warnings that producers wait; 0 for none. */
  readonly blockedWarningMs: number;
  /** The size that a message counts in addition to its body, bytes. */
  readonly messageBytesMin: number;
  /** Queues: whether all messages count for the memory (`vmQueueCursor`). */
  readonly keepsQueueInMemory: boolean;
  /** Topics: whether the messages of durable subscriptions count for the memory. */
  readonly keepsDurableInMemory: boolean;
  /** Undefined if slow consumers are left alone. */
  readonly slowConsumers: SlowConsumerRule | undefined;
  readonly advisories: AdvisoryRules;
  readonly deadLetters: DeadLetterStrategy;
  /** Whether consumers are exclusive if they do not request it. */
  readonly isExclusiveByDefault: boolean;
  /** Whether the priority of consumers counts. */
  readonly usesConsumerPriority: boolean;
  /** Whether a consumer is filled to its prefetch before the next one gets messages. */
  readonly isStrictOrder: boolean;
  /** Queues: how many consumers must be there before the first delivery. */
  readonly start: StartRule | undefined;
  /** Maximum number of message groups with an assigned consumer. */
  readonly groupCountMax: number;
  /** Queues: see `Queue.passedCountMax`. */
  readonly passedCountMax: number;
  /** Topics: undefined keeps nothing. */
  readonly recovery: RecoveryPolicy | undefined;
  /** Topics: whether all consumers are retroactive. */
  readonly isAlwaysRetroactive: boolean;
  /** Topics: undefined for no limit. */
  readonly pendingLimit: PendingLimit | undefined;
  /** Topics: what is dropped if more messages wait. */
  readonly eviction: EvictionStrategy;
  /** Milliseconds without use after which the destination is removed; undefined for never. */
  readonly inactiveMsMax: number | undefined;
}

/** The policy of destinations without an entry. */
export const defaultPolicy: DestinationPolicy = {
  memoryBytesMax: undefined,
  hasFlowControl: true,
  refusesSendsAfterMs: undefined,
  blockedWarningMs: 30_000,
  messageBytesMin: 1024,
  keepsQueueInMemory: false,
  keepsDurableInMemory: false,
  slowConsumers: undefined,
  advisories: defaultAdvisories,
  deadLetters: defaultStrategy,
  isExclusiveByDefault: false,
  usesConsumerPriority: true,
  isStrictOrder: false,
  start: undefined,
  groupCountMax: 100_000,
  passedCountMax: passedCountDefault,
  recovery: undefined,
  isAlwaysRetroactive: false,
  pendingLimit: undefined,
  eviction: defaultEviction,
  inactiveMsMax: undefined,
};

/** Delayed redelivery by the broker (ActiveMQ's redeliveryPlugin). */
export interface BrokerRedelivery {
  /** Returns the policy of a destination; undefined if it has none. */
  policyOf(address: Address): RetryPolicy | undefined;
  /** Whether a rejected message of a destination without a policy becomes a dead letter. */
  readonly fallsBackToDeadLetter: boolean;
  /** Whether a message that was redelivered as often as permitted becomes a dead letter. */
  readonly sendsExhaustedToDeadLetter: boolean;
}

/** The limits of a broker (ActiveMQ's `systemUsage`), bytes; Infinity for none. */
export interface SystemLimits {
  /** Messages that are only in memory. */
  readonly memoryBytesMax: number;
  /** The log. */
  readonly storeBytesMax: number;
  /** Messages that are not persistent. */
  readonly tempBytesMax: number;
}

/** No limits. */
export const unlimitedSystem: SystemLimits = {
  memoryBytesMax: Infinity,
  storeBytesMax: Infinity,
  tempBytesMax: Infinity,
};

/** The settings of a broker that its destinations depend on. */
export interface ActiveMqSettings {
  /** Returns the policy of a destination. */
  policyOf(address: Address): DestinationPolicy;
  readonly system: SystemLimits;
  /** Whether any destination has a memory limit. */
  readonly hasMemoryLimits: boolean;
  /** The rules about slow consumers of all policies. */
  readonly slowConsumers: readonly SlowConsumerRule[];
  /** Whether any destination sends advisories about slow consumers. */
  readonly tellsOfSlowConsumers: boolean;
  /** Whether any topic keeps messages for retroactive consumers. */
  readonly keepsForRetroactive: boolean;
  /** Undefined if rejected messages become dead letters at once. */
  readonly redelivery: BrokerRedelivery | undefined;
  /**
   * Milliseconds that a publisher is blocked, for lack of memory or disk, before its messages are
   * refused; 0 refuses them at once. Undefined if they wait until there is room.
   */
  readonly refusesSendsAfterMs: number | undefined;
  /** Milliseconds without a consumer after which a durable subscription is deleted; undefined for never. */
  readonly offlineMsMax: number | undefined;
  /** Milliseconds between searches for such subscriptions. */
  readonly offlineSweepMs: number;
  /** Whether messages can be scheduled. Otherwise their AMQ_SCHEDULED headers have no effect. */
  readonly hasScheduler: boolean;
  /** Maximum value of AMQ_SCHEDULED_REPEAT. */
  readonly scheduledRepeatCountMax: number;
  /** The topic that receives a copy of each message to a queue; undefined for none. */
  mirrorOf(queue: string): string | undefined;
  /**
   * The topics whose subscribers get the messages to a destination as the same stored message: its mirror, and
   * those to which a composite destination forwards.
   */
  topicsOf(sent: Address): readonly Address[];
  /** Whether there are composite destinations, which forward messages. */
  readonly hasForwarding: boolean;
  /** Whether the statistics destinations answer. */
  readonly hasStatistics: boolean;
  /** Milliseconds between searches for inactive destinations; 0 for never. */
  readonly sweepMs: number;
  /** Maximum number of destinations that one search removes; Infinity for no limit. */
  readonly removedPerSweepMax: number;
}

const none: readonly Address[] = [];

/** The settings of a broker without a configuration. */
export const defaultSettings: ActiveMqSettings = {
  policyOf: () => defaultPolicy,
  system: unlimitedSystem,
  hasMemoryLimits: false,
  slowConsumers: [],
  tellsOfSlowConsumers: false,
  keepsForRetroactive: false,
  redelivery: undefined,
  refusesSendsAfterMs: undefined,
  offlineMsMax: undefined,
  offlineSweepMs: 300_000,
  hasScheduler: true,
  scheduledRepeatCountMax: 1000,
  mirrorOf: () => undefined,
  topicsOf: () => none,
  hasForwarding: false,
  hasStatistics: false,
  sweepMs: 0,
  removedPerSweepMax: Infinity,
};

/** ActiveMQ's redeliveryPolicy, with its names and units. */
export interface RedeliverySettings {
  /** Negative for no limit. */
  readonly maximumRedeliveries: number;
  /** Milliseconds. */
  readonly initialRedeliveryDelay: number;
  /** Milliseconds. */
  readonly redeliveryDelay: number;
  readonly useExponentialBackOff: boolean;
  readonly backOffMultiplier: number;
  /** Milliseconds; negative for no limit. */
  readonly maximumRedeliveryDelay: number;
  readonly useCollisionAvoidance: boolean;
  /** Percent of the delay. */
  readonly collisionAvoidancePercent: number;
}

/** ActiveMQ's defaults. */
export const defaultRedelivery: RedeliverySettings = {
  maximumRedeliveries: 6,
  initialRedeliveryDelay: 1000,
  redeliveryDelay: 1000,
  useExponentialBackOff: false,
  backOffMultiplier: 5,
  maximumRedeliveryDelay: -1,
  useCollisionAvoidance: false,
  collisionAvoidancePercent: 15,
};

/** The longest delay before a redelivery: ten years, milliseconds. */
const delayMsMax = 315_360_000_000;

/** Converts ActiveMQ's redelivery policy to the retry policy of a queue. */
export function retryPolicyOf(settings: RedeliverySettings): RetryPolicy {
  const { maximumRedeliveries, initialRedeliveryDelay, redeliveryDelay } = settings;
  const { backOffMultiplier, maximumRedeliveryDelay } = settings;
  const isGrowing = settings.useExponentialBackOff && backOffMultiplier > 1;
  const longestMs = maximumRedeliveryDelay < 0 ? delayMsMax : maximumRedeliveryDelay;
  return {
    retryCountMax: maximumRedeliveries < 0 ? Infinity : maximumRedeliveries,
    delayMs: isGrowing ? initialRedeliveryDelay : redeliveryDelay,
    delayMsMax: Math.min(Math.max(longestMs, redeliveryDelay), delayMsMax),
    backOff: { kind: 'factor', by: isGrowing ? backOffMultiplier : 1 },
    firstDelayMs: initialRedeliveryDelay,
    spread: settings.useCollisionAvoidance ? settings.collisionAvoidancePercent / 100 : 0,
  };
}
