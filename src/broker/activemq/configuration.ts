// The configuration of a broker of ActiveMQ's type, as JSON.

import type { Address } from '../conversion/properties.ts';
import type { DestinationPolicy, RedeliverySettings } from './policies/destination-policy.ts';
import { defaultPolicy } from './policies/destination-policy.ts';
import type { PolicyEntry } from './policies/policy-map.ts';
import type { Authorisation, DirectoryRights } from './rights/authorisation.ts';

/** A policy for destinations (ActiveMQ's `policyEntry`). It has no infinite numbers. */
export interface ConfiguredPolicy extends DestinationPolicy {
  /** Prefetch of consumers that do not request another one than ActiveMQ's default. */
  readonly queuePrefetch: number;
  readonly topicPrefetch: number;
  readonly durableTopicPrefetch: number;
  /** Whether messages with a higher priority are delivered first. */
  readonly isPrioritized: boolean;
}

/** A virtual topic: its messages also go to the queues of its consumers. */
export interface VirtualTopic {
  /** The topics, as a name with wildcards. */
  readonly name: string;
  /** The beginning of the queues' names, which may have wildcards: `Consumer.*.` */
  readonly prefix: string;
  /** The end of the queues' names. */
  readonly postfix: string;
  /** Whether a queue only gets messages that the selector of one of its consumers matches. */
  readonly isSelectorAware: boolean;
}

/** The limits of the broker's memory and storage (ActiveMQ's `systemUsage`). */
export interface SystemUsage {
  /** The share of the broker's memory for messages that are only there, percent; 0 for no limit. */
  readonly memoryPercentMax: number;
  /** Undefined for no limit. */
  readonly storeBytesMax: number | undefined;
  /** Undefined for no limit. */
  readonly tempBytesMax: number | undefined;
}

/** ActiveMQ's share of the memory, and no limits of the storage. */
export const defaultSystemUsage: SystemUsage = {
  memoryPercentMax: 70,
  storeBytesMax: undefined,
  tempBytesMax: undefined,
};

/** A destination whose messages are forwarded to others. */
export interface CompositeDestination {
  /** A name, which may have wildcards. */
  readonly of: Address;
  /** Whether the destination itself gets the messages: all, none, or those that no target wants. */
  readonly keeps: 'all' | 'none' | 'unmatched';
  readonly targets: readonly { readonly address: Address; readonly selector: string | undefined }[];
}

/** Delayed redelivery by the broker (ActiveMQ's `redeliveryPlugin`). */
export interface RedeliveryConfiguration {
  readonly fallsBackToDeadLetter: boolean;
  readonly sendsExhaustedToDeadLetter: boolean;
  readonly entries: readonly PolicyEntry<RedeliverySettings>[];
  readonly defaultEntry: RedeliverySettings | undefined;
}

/** Dead letters that are dropped (ActiveMQ's `discardingDLQBrokerPlugin`). */
export interface DiscardedLetters {
  readonly areAll: boolean;
  readonly areOfTemporaryQueues: boolean;
  readonly areOfTemporaryTopics: boolean;
  /** Regular expressions for the names of destinations. */
  readonly names: readonly string[];
}

/** Changes of the times of messages (ActiveMQ's `timeStampingBrokerPlugin`). */
export interface TimeStamping {
  /** Time to live of messages without expiration, milliseconds; 0 for none. */
  readonly ttlMsDefault: number;
  /** Maximum time to live, milliseconds; 0 for no limit. */
  readonly ttlMsMax: number;
  /** Whether timestamps are only moved forward. */
  readonly isFutureOnly: boolean;
}

/** The settings of a broker. They never change while it runs. */
export interface ActiveMqConfiguration {
  /** Undefined if every user has all permissions. */
  readonly authorisation: Authorisation | undefined;
  /** If defined, `authorisation` denies everything until it is replaced by permissions found there. */
  readonly directoryRights: DirectoryRights | undefined;
  readonly policies: readonly PolicyEntry<ConfiguredPolicy>[];
  readonly defaultPolicy: ConfiguredPolicy;
  readonly virtualTopics: readonly VirtualTopic[];
  readonly composites: readonly CompositeDestination[];
  /** The beginning and end of the topics with copies of messages to queues. */
  readonly mirror: { readonly prefix: string; readonly postfix: string } | undefined;
  readonly redelivery: RedeliveryConfiguration | undefined;
  readonly discarded: DiscardedLetters | undefined;
  readonly timeStamping: TimeStamping | undefined;
  /** Whether all messages are persistent or not; undefined if their senders decide. */
  readonly forcedPersistence: boolean | undefined;
  readonly hasStatistics: boolean;
  readonly hasScheduler: boolean;
  readonly scheduledRepeatCountMax: number;
  readonly system: SystemUsage;
  /** See `ActiveMqSettings`. */
  readonly refusesSendsAfterMs: number | undefined;
  readonly offlineMsMax: number | undefined;
  readonly offlineSweepMs: number;
  /** Milliseconds between searches for inactive destinations; 0 for never. */
  readonly sweepMs: number;
  /** Maximum number of destinations that one search removes; 0 for no limit. */
  readonly removedPerSweepMax: number;
  /** Whether advisory messages are sent. */
  readonly hasAdvisories: boolean;
  /** Whether JMSXUserID is the user of the connection. */
  readonly populatesUserId: boolean;
  readonly rejectsDurableConsumers: boolean;
  /** Names of queues that are created at the start. */
  readonly queues: readonly string[];
  /**
   * Identifies the revision of the configuration that asks for all messages to be deleted at a start,
   * which is done once; undefined if none does.
   */
  readonly deletesMessagesFor: string | undefined;
}

/** ActiveMQ's default policy. */
export const defaultConfiguredPolicy: ConfiguredPolicy = {
  ...defaultPolicy,
  queuePrefetch: 1000,
  topicPrefetch: 32_766,
  durableTopicPrefetch: 100,
  isPrioritized: false,
};

/** ActiveMQ's default virtual topic. */
export const defaultVirtualTopic: VirtualTopic = {
  name: 'VirtualTopic.>',
  prefix: 'Consumer.*.',
  postfix: '',
  isSelectorAware: false,
};

/** The settings of a broker without a configuration. */
export const defaultConfiguration: ActiveMqConfiguration = {
  authorisation: undefined,
  directoryRights: undefined,
  policies: [],
  defaultPolicy: defaultConfiguredPolicy,
  virtualTopics: [defaultVirtualTopic],
  composites: [],
  mirror: undefined,
  redelivery: undefined,
  discarded: undefined,
  timeStamping: undefined,
  forcedPersistence: undefined,
  hasStatistics: false,
  hasScheduler: true,
  scheduledRepeatCountMax: 1000,
  system: defaultSystemUsage,
  refusesSendsAfterMs: undefined,
  offlineMsMax: undefined,
  offlineSweepMs: 300_000,
  sweepMs: 0,
  removedPerSweepMax: 0,
  hasAdvisories: true,
  populatesUserId: false,
  rejectsDurableConsumers: false,
  queues: [],
  deletesMessagesFor: undefined,
};
