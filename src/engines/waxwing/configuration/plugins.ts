// Reads the plugins of a configuration, except its permissions.

import type {
  ActiveMqConfiguration,
  DiscardedLetters,
  RedeliveryConfiguration,
  TimeStamping,
} from '../../../broker/activemq/configuration.ts';
import {
  defaultRedelivery,
  type RedeliverySettings,
} from '../../../broker/activemq/policies/destination-policy.ts';
import { BrokerError } from '../../../broker/errors.ts';
import { NamePattern } from '../../../broker/patterns/name-pattern.ts';
import { type ConfigurationElement, selectorsOf, type Warn } from './elements.ts';

/** Maximum number of regular expressions of a plugin. */
const expressionCountMax = 100;

/** The shortest delay of a redelivery, as in ActiveMQ, milliseconds. */
const delayMsMin = 1000;

type Plugins = Pick<
  ActiveMqConfiguration,
  'discarded' | 'forcedPersistence' | 'hasStatistics' | 'redelivery' | 'timeStamping'
>;

/** Reads the plugins of a configuration. */
export function readPlugins(broker: ConfigurationElement, warn: Warn): Plugins {
  const plugin = (name: string) => {
    const [first, second] = broker.at('plugins', name);
    if (second !== undefined) warn(`only the first ${name} has an effect`);
    return first;
  };
  const redelivery = plugin('redeliveryPlugin');
  const discarding = plugin('discardingDLQBrokerPlugin');
  const timeStamping = plugin('timeStampingBrokerPlugin');
  const forcing = plugin('forcePersistencyModeBrokerPlugin');
  return {
    redelivery: redelivery && readRedelivery(redelivery, warn),
    discarded: discarding && readDiscarding(discarding, warn),
    timeStamping: timeStamping && readTimeStamping(timeStamping),
    forcedPersistence: forcing?.flag('persistenceFlag', false),
    hasStatistics: plugin('statisticsBrokerPlugin') !== undefined,
  };
}

function readRedelivery(plugin: ConfigurationElement, warn: Warn): RedeliveryConfiguration {
  // The map is in an element with the same name as the property.
  const maps = plugin.at('redeliveryPolicyMap').flatMap((box) => [box, ...box.at(box.name)]);
  const entries = maps
    .flatMap((map) => map.at('redeliveryPolicyEntries', 'redeliveryPolicy'))
    .flatMap((policy) => {
      const settings = readRedeliveryPolicy(policy);
      return selectorsOf(policy, warn).map((of) => ({ of, policy: settings }));
    });
  const [otherwise] = maps.flatMap((map) => map.at('defaultEntry', 'redeliveryPolicy'));
  return {
    fallsBackToDeadLetter: plugin.flag('fallbackToDeadLetter', true),
    sendsExhaustedToDeadLetter: plugin.flag('sendToDlqIfMaxRetriesExceeded', true),
    entries,
    defaultEntry: otherwise && readRedeliveryPolicy(otherwise),
  };
}

function readRedeliveryPolicy(policy: ConfigurationElement): RedeliverySettings {
  const usual = defaultRedelivery;
  const delay = (name: 'initialRedeliveryDelay' | 'redeliveryDelay') =>
    policy.number(name, usual[name], { min: delayMsMin });
  const count = { min: -1, max: 1_000_000 };
  const percent = { min: 0, max: 100 };
  return {
    maximumRedeliveries: policy.number('maximumRedeliveries', usual.maximumRedeliveries, count),
    initialRedeliveryDelay: delay('initialRedeliveryDelay'),
    redeliveryDelay: delay('redeliveryDelay'),
    useExponentialBackOff: policy.flag('useExponentialBackOff', usual.useExponentialBackOff),
    backOffMultiplier: policy.number('backOffMultiplier', usual.backOffMultiplier, { max: 1000 }),
    maximumRedeliveryDelay: policy.number('maximumRedeliveryDelay', -1, { min: -1 }),
    useCollisionAvoidance: policy.flag('useCollisionAvoidance', usual.useCollisionAvoidance),
    collisionAvoidancePercent: policy.number(
      'collisionAvoidancePercent',
      usual.collisionAvoidancePercent,
      percent,
    ),
  };
}

function readDiscarding(plugin: ConfigurationElement, warn: Warn): DiscardedLetters {
  const expressions = (plugin.attribute('dropOnly') ?? '').split(/\s+/).filter((each) => each);
  if (expressions.length > expressionCountMax) {
    warn(`only the first ${expressionCountMax} expressions of dropOnly have an effect`);
  }
  const names = expressions.slice(0, expressionCountMax).filter((expression) => {
    try {
      NamePattern.compile('an expression of dropOnly', wholeName(expression));
      return true;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      warn(error.message);
      return false;
    }
  });
  return {
    areAll: plugin.flag('dropAll', expressions.length === 0),
    areOfTemporaryQueues: plugin.flag('dropTemporaryQueues', true),
    areOfTemporaryTopics: plugin.flag('dropTemporaryTopics', true),
    names: names.map(wholeName),
  };
}

/** The expression for a whole name. */
function wholeName(expression: string): string {
  return `^(?:${expression})$`;
}

function readTimeStamping(plugin: ConfigurationElement): TimeStamping {
  return {
    ttlMsDefault: plugin.number('zeroExpirationOverride', 0),
    ttlMsMax: plugin.number('ttlCeiling', 0),
    isFutureOnly: plugin.flag('futureOnly', false),
  };
}
