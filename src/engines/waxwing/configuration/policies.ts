// Reads destination policies.

import {
  type ConfiguredPolicy,
  defaultConfiguredPolicy,
} from '../../../broker/activemq/configuration.ts';
import {
  type DeadLetterStrategy,
  defaultEviction,
  defaultStrategy,
  type EvictionStrategy,
  type PendingLimit,
  type RecoveryPolicy,
} from '../../../broker/activemq/policies/destination-policy.ts';
import type { StartRule } from '../../../broker/activemq/policies/dispatch-starts.ts';
import type { PolicyEntry } from '../../../broker/activemq/policies/policy-map.ts';
import { passedCountDefault } from '../../../broker/dispatch/selective.ts';
import { type ConfigurationElement, destinationsIn, selectorsOf, type Warn } from './elements.ts';
import { type LimitPolicy, readLimits } from './limits.ts';

/** Stands for no limit, because JSON has no infinite numbers. */
const unlimited = Number.MAX_SAFE_INTEGER;

/** Maximum number of messages, bytes and milliseconds that a topic keeps for later consumers. */
const recoveryMax = { count: 100_000, bytes: 64 * 1024 * 1024, ageMs: 24 * 60 * 60 * 1000 };

/** Maximum number of groups of a queue. */
const groupCountMax = 100_000;

/** The longest prefetch; protocols have lower limits. */
const prefetchMax = 1_000_000;

/** Maximum number of messages that a queue is searched past for one that a consumer wants. */
const passedCountLimit = 10_000;

/** Reads the policies of a configuration. */
export function readPolicies(
  broker: ConfigurationElement,
  warn: Warn,
): {
  readonly policies: readonly PolicyEntry<ConfiguredPolicy>[];
  readonly defaultPolicy: ConfiguredPolicy;
} {
  const [map] = broker.at('destinationPolicy', 'policyMap');
  const policies: PolicyEntry<ConfiguredPolicy>[] = [];
  for (const entry of map?.at('policyEntries', 'policyEntry') ?? []) {
    const addresses = selectorsOf(entry, warn);
    if (addresses.length === 0) warn('a policyEntry without a destination has no effect');
    const policy = readPolicy(entry, warn);
    for (const of of addresses) policies.push({ of, policy });
  }
  const [otherwise] = map?.at('defaultEntry', 'policyEntry') ?? [];
  const defaultPolicy = otherwise && readPolicy(otherwise, warn);
  return { policies, defaultPolicy: defaultPolicy ?? defaultConfiguredPolicy };
}

function readPolicy(entry: ConfigurationElement, warn: Warn): ConfiguredPolicy {
  return { ...readConsumption(entry, warn), ...readLimits(entry) };
}

function readConsumption(
  entry: ConfigurationElement,
  warn: Warn,
): Omit<ConfiguredPolicy, keyof LimitPolicy> {
  const prefetch = (name: 'queuePrefetch' | 'topicPrefetch' | 'durableTopicPrefetch') =>
    entry.number(name, defaultConfiguredPolicy[name], { min: 1, max: prefetchMax });
  return {
    deadLetters: readDeadLetters(entry, warn),
    isExclusiveByDefault: entry.flag('allConsumersExclusiveByDefault', false),
    usesConsumerPriority: entry.flag('useConsumerPriority', true),
    isStrictOrder:
      entry.flag('strictOrderDispatch', false) ||
      entry.at('dispatchPolicy', 'strictOrderDispatchPolicy').length > 0,
    start: readStart(entry),
    groupCountMax: readGroupCount(entry),
    passedCountMax: entry.number('maxPageSize', passedCountDefault, {
      min: 1,
      max: passedCountLimit,
    }),
    recovery: readRecovery(entry.at('subscriptionRecoveryPolicy')),
    isAlwaysRetroactive: entry.flag('alwaysRetroactive', false),
    pendingLimit: readPendingLimit(entry),
    eviction: readEviction(entry),
    inactiveMsMax: readInactivity(entry),
    queuePrefetch: prefetch('queuePrefetch'),
    topicPrefetch: prefetch('topicPrefetch'),
    durableTopicPrefetch: prefetch('durableTopicPrefetch'),
    isPrioritized: entry.flag('prioritizedMessages', false),
  };
}

function readStart(entry: ConfigurationElement): StartRule | undefined {
  const consumerCount = entry.number('consumersBeforeDispatchStarts', 0, { max: 10_000 });
  const waitMs = entry.number('timeBeforeDispatchStarts', 0);
  return consumerCount > 1 ? { consumerCount, waitMs } : undefined;
}

function readInactivity(entry: ConfigurationElement): number | undefined {
  if (!entry.flag('gcInactiveDestinations', false)) return undefined;
  // ActiveMQ knows both spellings.
  return entry.number('inactiveTimeoutBeforeGC', entry.number('inactiveTimoutBeforeGC', 60_000));
}

function readDeadLetters(entry: ConfigurationElement, warn: Warn): DeadLetterStrategy {
  const [strategy] = entry.at('deadLetterStrategy').flatMap((each) => each.children());
  if (strategy === undefined) return defaultStrategy;
  const common = {
    ...defaultStrategy,
    takesExpired: strategy.flag('processExpired', true),
    takesNonPersistent: strategy.flag('processNonPersistent', false),
    expirationMs: strategy.number('expiration', 0),
  };
  if (strategy.name === 'discarding') return { ...common, kind: 'discarding' };
  if (strategy.name === 'individualDeadLetterStrategy') {
    const text = (name: 'queuePrefix' | 'topicPrefix' | 'queueSuffix' | 'topicSuffix') =>
      strategy.attribute(name) ?? defaultStrategy[name];
    return {
      ...common,
      kind: 'individual',
      queuePrefix: text('queuePrefix'),
      topicPrefix: text('topicPrefix'),
      queueSuffix: text('queueSuffix'),
      topicSuffix: text('topicSuffix'),
      usesQueueForQueues: strategy.flag('useQueueForQueueMessages', true),
      usesQueueForTopics: strategy.flag('useQueueForTopicMessages', true),
      isPerSubscription: strategy.flag('destinationPerDurableSubscriber', false),
    };
  }
  const named = strategy.at('deadLetterQueue').flatMap((each) => destinationsIn(each, warn));
  const target = named.find(({ kind }) => kind === 'queue' || kind === 'topic');
  if (named.length > 0 && target === undefined) {
    warn('a deadLetterQueue that is temporary has no effect');
  }
  return { ...common, target: target ?? defaultStrategy.target };
}

function readGroupCount(entry: ConfigurationElement): number {
  const [factory] = entry.at('messageGroupMapFactory').flatMap((each) => each.children());
  const range = { min: 1, max: groupCountMax };
  return factory?.number('cacheSize', groupCountMax, range) ?? groupCountMax;
}

function readRecovery(boxes: readonly ConfigurationElement[]): RecoveryPolicy | undefined {
  const [policy] = boxes.flatMap((box) => box.children());
  const { count, bytes, ageMs } = recoveryMax;
  const all = { countMax: count, bytesMax: bytes, ageMsMax: ageMs };
  switch (policy?.name) {
    case 'lastImageSubscriptionRecoveryPolicy':
    case 'queryBasedSubscriptionRecoveryPolicy':
      return { ...all, countMax: 1 };
    case 'fixedCountSubscriptionRecoveryPolicy':
      return { ...all, countMax: policy.number('maximumSize', 100, { min: 1, max: count }) };
    case 'fixedSizedSubscriptionRecoveryPolicy':
      return { ...all, bytesMax: policy.number('maximumSize', 65_536, { min: 1, max: bytes }) };
    case 'timedSubscriptionRecoveryPolicy':
      return { ...all, ageMsMax: policy.number('recoverDuration', 60_000, { min: 1, max: ageMs }) };
    case 'retainedMessageSubscriptionRecoveryPolicy':
      return readRecovery(policy.children('wrapped'));
    default:
      return undefined;
  }
}

function readPendingLimit(entry: ConfigurationElement): PendingLimit | undefined {
  const [strategy] = entry.at('pendingMessageLimitStrategy').flatMap((each) => each.children());
  if (strategy?.name === 'prefetchRatePendingMessageLimitStrategy') {
    const prefetchFactor = strategy.number('multiplier', 2.5, { max: 1000 });
    return { countMax: unlimited, prefetchFactor };
  }
  const limit = strategy?.number('limit', -1, { min: -1 }) ?? -1;
  return limit < 0 ? undefined : { countMax: limit, prefetchFactor: undefined };
}

function readEviction(entry: ConfigurationElement): EvictionStrategy {
  const [strategy] = entry.at('messageEvictionStrategy').flatMap((each) => each.children());
  const { expiredFromCount } = defaultEviction;
  const common = {
    ...defaultEviction,
    expiredFromCount:
      strategy?.number('evictExpiredMessagesHighWatermark', expiredFromCount) ?? expiredFromCount,
  };
  switch (strategy?.name) {
    case 'oldestMessageWithLowestPriorityEvictionStrategy':
      return { ...common, kind: 'lowest-priority' };
    case 'uniquePropertyMessageEvictionStrategy': {
      const propertyName = strategy.attribute('propertyName') ?? '';
      // Without a property, ActiveMQ drops the oldest message.
      return propertyName === '' ? common : { ...common, kind: 'older-values', propertyName };
    }
    default:
      return common;
  }
}
