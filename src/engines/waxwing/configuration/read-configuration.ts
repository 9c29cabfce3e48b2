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
import { readRefusal, readSystemUsage } from './limits.ts';
import { readPlugins } from './plugins.ts';
import { readPolicies } from './policies.ts';
import { Warnings } from './warnings.ts';
import { warnOfOthers, warnOfRoot } from './without-effect.ts';

/** Maximum number of queues that are created at the start. */
const queueCountMax = 1000;

/** The parts of a broker's description that its configuration depends on. */
export type ConfigurationSource = Pick<BrokerSpec, 'configuration' | 'users'> &
  Partial<Pick<BrokerSpec, 'hostInstanceType' | 'ldap'>>;

/** A configuration that has been read. */
export interface ReadConfiguration {
  readonly configuration: ActiveMqConfiguration;
  /** Settings that have no effect or are limited, for the broker's log; the most important first. */
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
  const warnings = new Warnings();
  const { configuration } = spec;
  const broker = configuration === null ? undefined : readBroker(configuration.text);
  return { configuration: readAll(broker, spec, warnings), warnings: warnings.told() };
}

function readAll(
  broker: ConfigurationElement | undefined,
  { users, ldap = null, hostInstanceType, configuration: of }: ConfigurationSource,
  warnings: Warnings,
): ActiveMqConfiguration {
  const system = readSystemUsage(broker, hostInstanceType);
  if (broker === undefined) return { ...defaultConfiguration, system };
  const warn = warnings.about('messages');
  const groups = users.map(({ username, groups: own = [] }) => [username, own] as const);
  const plugins = readPlugins(broker, warn);
  const configuration = {
    ...plugins,
    ...readPolicies(broker, warn),
    ...readInterceptors(broker, warn),
    ...readAttributes(broker),
    system,
    deletesMessagesFor: readDeletion(broker, of, warn),
    authorisation: readAuthorisation(broker, groups, warnings.about('permissions')),
    directoryRights: readDirectoryRights(broker, ldap !== null),
    queues: readQueues(broker, warn),
    // Without persistence, the broker keeps all messages in memory.
    forcedPersistence: broker.flag('persistent', true) ? plugins.forcedPersistence : false,
  };
  warnOfRoot(broker, warnings.about('settings'));
  warnOfOthers(broker, warnings.about('settings'));
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
    refusesSendsAfterMs: readSystemRefusal(broker),
    offlineMsMax: readOfflineTime(broker),
    offlineSweepMs: broker.number('offlineDurableSubscriberTaskSchedule', 300_000),
  };
}

function readOfflineTime(broker: ConfigurationElement): number | undefined {
  const timeoutMs = broker.number('offlineDurableSubscriberTimeout', -1, { min: -1 });
  return timeoutMs < 0 ? undefined : timeoutMs;
}

function readSystemRefusal(broker: ConfigurationElement): number | undefined {
  const [usage] = broker.at('systemUsage', 'systemUsage');
  return usage === undefined ? undefined : readRefusal(usage);
}

/** Returns the revision that asks for all messages to be deleted, with a warning. */
function readDeletion(
  broker: ConfigurationElement,
  of: BrokerSpec['configuration'],
  warn: Warn,
): string | undefined {
  if (of === null || !broker.flag('deleteAllMessagesOnStartup', false)) return undefined;
  const what = 'broker deleteAllMessagesOnStartup deletes all messages';
  warn(`${what} at the first start with this revision of the configuration, and at no later one`);
  return `${of.id}:${of.revision}`;
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
