// Reads the configuration of a broker of ActiveMQ's type.

import {
  type ActiveMqConfiguration,
  defaultConfiguration,
} from '../../../broker/activemq/configuration.ts';
import { isReserved, isWildcard } from '../../../broker/activemq/destination.ts';
import type { BrokerSpec } from '../../../control/engine.ts';
import { readAuthorisation, readDirectoryRights } from './authorisation.ts';
import { type ConfigurationElement, destinationsIn, readBroker, type Warn } from './elements.ts';
import { readInterceptors } from './interceptors.ts';
import { readPlugins } from './plugins.ts';
import { readPolicies } from './policies.ts';
import { warnOfOthers, warnOfRoot } from './without-effect.ts';

/** Maximum number of queues that are created at the start. */
const queueCountMax = 1000;

/** Maximum number of warnings about a configuration. */
const warningCountMax = 20;

/** The parts of a broker's description that its configuration depends on. */
export type ConfigurationSource = Pick<BrokerSpec, 'configuration' | 'users'> &
  Partial<Pick<BrokerSpec, 'ldap'>>;

/** A configuration that has been read. */
export interface ReadConfiguration {
  readonly configuration: ActiveMqConfiguration;
  /** Elements that have no effect, for the broker's log. */
  readonly warnings: readonly string[];
}

/**
 * Reads the configuration of a broker. Settings that this engine does not have are left out with a
 * warning, but permissions are never left out.
 *
 * @throws {WaxwingError} `configuration-unsupported` if its permissions cannot be enforced;
 *   `bad-request` if the text is not a configuration
 */
export function readConfiguration(spec: ConfigurationSource): ReadConfiguration {
  const warnings: string[] = [];
  const warn: Warn = (text) => {
    if (warnings.length < warningCountMax && !warnings.includes(text)) warnings.push(text);
  };
  const { configuration } = spec;
  const broker = configuration === null ? undefined : readBroker(configuration.text);
  return { configuration: readAll(broker, spec, warn), warnings };
}

function readAll(
  broker: ConfigurationElement | undefined,
  { users, ldap = null }: ConfigurationSource,
  warn: Warn,
): ActiveMqConfiguration {
  if (broker === undefined) return defaultConfiguration;
  const groups = users.map(({ username, groups: own = [] }) => [username, own] as const);
  const plugins = readPlugins(broker, warn);
  const configuration = {
    ...plugins,
    ...readPolicies(broker, warn),
    ...readInterceptors(broker, warn),
    ...readAttributes(broker),
    authorisation: readAuthorisation(broker, groups, warn),
    directoryRights: readDirectoryRights(broker, ldap !== null),
    queues: readQueues(broker, warn),
    // Without persistence, the broker keeps all messages in memory.
    forcedPersistence: broker.flag('persistent', true) ? plugins.forcedPersistence : false,
  };
  warnOfRoot(broker, warn);
  warnOfOthers(broker, warn);
  return configuration;
}

function readAttributes(broker: ConfigurationElement) {
  return {
    hasScheduler: broker.flag('schedulerSupport', true),
    scheduledRepeatCountMax: broker.number('maxSchedulerRepeatAllowed', 1000),
    sweepMs: broker.number('schedulePeriodForDestinationPurge', 0),
    removedPerSweepMax: broker.number('maxPurgedDestinationsPerSweep', 0),
    hasAdvisories: broker.flag('advisorySupport', true),
    populatesUserId:
      broker.flag('populateJMSXUserID', false) ||
      broker.flag('useAuthenticatedPrincipalForJMSXUserID', false),
    rejectsDurableConsumers: broker.flag('rejectDurableConsumers', false),
    refusesSendsAfterMs: readRefusal(broker),
    offlineMsMax: readOfflineTime(broker),
    offlineSweepMs: broker.number('offlineDurableSubscriberTaskSchedule', 300_000),
  };
}

function readOfflineTime(broker: ConfigurationElement): number | undefined {
  const timeoutMs = broker.number('offlineDurableSubscriberTimeout', -1, { min: -1 });
  return timeoutMs < 0 ? undefined : timeoutMs;
}

/** Returns after how many milliseconds sends are refused; undefined if they wait for room. */
function readRefusal(broker: ConfigurationElement): number | undefined {
  const [usage] = broker.at('systemUsage', 'systemUsage');
  if (usage === undefined) return undefined;
  if (usage.flag('sendFailIfNoSpace', false)) return 0;
  const timeoutMs = usage.number('sendFailIfNoSpaceAfterTimeout', 0);
  return timeoutMs > 0 ? timeoutMs : undefined;
}

/** Topics need no creation. */
function readQueues(broker: ConfigurationElement, warn: Warn): string[] {
  const named = broker.at('destinations').flatMap((each) => destinationsIn(each, warn));
  const queues = named.filter(
    (address) => address.kind === 'queue' && !isWildcard(address) && !isReserved(address),
  );
  if (queues.length > queueCountMax) warn(`only the first ${queueCountMax} queues are created`);
  return queues.slice(0, queueCountMax).map(({ name }) => name);
}
