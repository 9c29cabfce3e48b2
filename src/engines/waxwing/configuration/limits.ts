// Reads limits of destinations and of the broker, and rules about slow consumers and advisories.

import type { ConfiguredPolicy, SystemUsage } from '../../../broker/activemq/configuration.ts';
import type {
  AdvisoryRules,
  SlowConsumerRule,
} from '../../../broker/activemq/policies/destination-policy.ts';
import type { ConfigurationElement } from './elements.ts';

/** The part of a policy that is read here. */
export type LimitPolicy = Pick<
  ConfiguredPolicy,
  | 'advisories'
  | 'blockedWarningMs'
  | 'hasFlowControl'
  | 'keepsDurableInMemory'
  | 'keepsQueueInMemory'
  | 'memoryBytesMax'
  | 'messageBytesMin'
  | 'refusesSendsAfterMs'
  | 'slowConsumers'
>;

/** The interval of checks of slow consumers, milliseconds. */
const checkMsRange = { min: 100, max: 3_600_000 };

const gibibyte = 1024 ** 3;

/** The storage of a broker, as on Amazon MQ: its smallest instances have less. */
const storage = {
  small: { storeBytesMax: 20 * gibibyte, tempBytesMax: 5 * gibibyte },
  usual: { storeBytesMax: 200 * gibibyte, tempBytesMax: 50 * gibibyte },
} as const;

/** Reads the limits of a `policyEntry`, its rules about slow consumers, and its advisories. */
export function readLimits(entry: ConfigurationElement): LimitPolicy {
  const memoryBytesMax = entry.bytes('memoryLimit');
  return {
    memoryBytesMax:
      memoryBytesMax === undefined || memoryBytesMax <= 0 ? undefined : memoryBytesMax,
    hasFlowControl: entry.flag('producerFlowControl', true),
    refusesSendsAfterMs: readOwnRefusal(entry),
    blockedWarningMs: entry.number('blockedProducerWarningInterval', 30_000),
    messageBytesMin: entry.number('minimumMessageSize', 1024, { max: 1024 * 1024 }),
    keepsQueueInMemory: entry.at('pendingQueuePolicy', 'vmQueueCursor').length > 0,
    keepsDurableInMemory: entry.at('pendingDurableSubscriberPolicy', 'vmDurableCursor').length > 0,
    slowConsumers: readSlowConsumers(entry),
    advisories: readAdvisories(entry),
  };
}

/**
 * Returns after how many milliseconds sends are refused while a limit is reached; undefined if they wait
 * for room.
 *
 * @param usage a `policyEntry` or `systemUsage`
 */
export function readRefusal(usage: ConfigurationElement): number | undefined {
  if (usage.flag('sendFailIfNoSpace', false)) return 0;
  const timeoutMs = usage.number('sendFailIfNoSpaceAfterTimeout', 0);
  return timeoutMs > 0 ? timeoutMs : undefined;
}

/** What a policy states applies instead of what the broker's usage states. */
function readOwnRefusal(entry: ConfigurationElement): number | undefined {
  const isStated = entry.attribute('sendFailIfNoSpace') !== undefined;
  return readRefusal(entry) ?? (isStated ? -1 : undefined);
}

function readSlowConsumers(entry: ConfigurationElement): SlowConsumerRule | undefined {
  const [strategy] = entry.at('slowConsumerStrategy').flatMap((each) => each.children());
  if (strategy === undefined) return undefined;
  const countMax = strategy.number('maxSlowCount', -1, { min: -1 });
  const slowMsMax = strategy.number('maxSlowDuration', 30_000, { min: -1 });
  return {
    kind: strategy.name === 'abortSlowAckConsumerStrategy' ? 'slow-ack' : 'slow',
    countMax: countMax > 0 ? countMax : undefined,
    slowMsMax: slowMsMax > 0 ? slowMsMax : undefined,
    ackMsMax: strategy.number('maxTimeSinceLastAck', 30_000),
    ignoresIdle: strategy.flag('ignoreIdleConsumers', true),
    checkMs: strategy.number('checkPeriod', 30_000, checkMsRange),
    abortsConnection: strategy.flag('abortConnection', false),
  };
}

function readAdvisories(entry: ConfigurationElement): AdvisoryRules {
  return {
    ofDelivered: entry.flag('advisoryForDelivery', false),
    ofConsumed: entry.flag('advisoryForConsumed', false),
    ofDiscarded: entry.flag('advisoryForDiscardingMessages', false),
    ofSlowConsumers: entry.flag('advisoryForSlowConsumers', false),
    ofFastProducers: entry.flag('advisoryForFastProducers', false),
    whenFull: entry.flag('advisoryWhenFull', false),
    withoutConsumers: entry.flag('sendAdvisoryIfNoConsumers', false),
    includeBody: entry.flag('includeBodyForAdvisory', false),
  };
}

/**
 * Reads the limits of the broker. Those of its storage are the size of its volume.
 *
 * @param broker undefined without a configuration
 * @param hostInstanceType `mq.m5.large`; undefined for no limits of the storage
 */
export function readSystemUsage(
  broker: ConfigurationElement | undefined,
  hostInstanceType: string | undefined,
): SystemUsage {
  const path = ['systemUsage', 'systemUsage', 'memoryUsage', 'memoryUsage'];
  const [memory] = broker?.at(...path) ?? [];
  const memoryPercentMax = memory?.number('percentOfJvmHeap', 70, { max: 70 }) ?? 70;
  if (hostInstanceType === undefined) {
    return { memoryPercentMax, storeBytesMax: undefined, tempBytesMax: undefined };
  }
  const size = hostInstanceType.endsWith('.micro') ? 'small' : 'usual';
  return { memoryPercentMax, ...storage[size] };
}
