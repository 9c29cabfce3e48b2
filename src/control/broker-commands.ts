// The requests of users that change a broker.

import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import type { BrokerAlarms } from './alarms.ts';
import {
  type BrokerRecord,
  type BrokerUpdate,
  isUpgrading,
  type PendingSettings,
} from './broker-record.ts';
import type { Brokers } from './brokers.ts';
import type { ConfigurationDecisions } from './configurations/configuration-decisions.ts';
import type { ChangeEntry, Decided } from './creation.ts';
import { acceptWindow, type WindowRequest } from './creation-request.ts';
import type { Engines } from './engines.ts';
import { nextState } from './lifecycle.ts';
import { movedWindow } from './maintenance/maintenance.ts';
import type { Offer } from './offers/offer.ts';
import { chooseHost, isKeyLost, isOlder, majorMinor, skipsVersion } from './offers/offers.ts';
import { upgradeSteps } from './offers/rabbitmq-upgrades.ts';
import { chooseStorageSize } from './offers/storage-sizes.ts';
import { appliedPending } from './pending.ts';
import {
  pendingReplication,
  replicaReboot,
  unpairDeleted,
} from './replication/replication-decisions.ts';
import {
  checkLogs,
  checkMinorUpgrade,
  checkParameters,
  checkSecurityGroups,
  checkStrategy,
  checkTags,
  type LogsRequest,
  type OptionalParameters,
  refuse,
} from './rules.ts';
import { ldapRecord, type SealSecret } from './users/ldap.ts';

/** An UpdateBroker request, with the member names of Amazon MQ. */
export interface UpdateRequest extends OptionalParameters {
  readonly autoMinorVersionUpgrade?: boolean | undefined;
  readonly engineVersion?: string | undefined;
  readonly hostInstanceType?: string | undefined;
  readonly logs?: LogsRequest | undefined;
  readonly maintenanceWindowStartTime?: WindowRequest | undefined;
  readonly securityGroups?: readonly string[] | undefined;
  readonly resourceShareArns?: readonly string[] | undefined;
}

/** The dependencies of {@link BrokerCommands}. */
export interface BrokerCommandsParts {
  readonly brokers: Brokers;
  readonly engines: Engines;
  readonly configurations: ConfigurationDecisions;
  readonly clock: Clock;
  readonly sealSecret: SealSecret;
  readonly alarms: BrokerAlarms;
}

/**
 * Decides on requests about existing brokers. Every decision is synchronous: its changes must be
 * applied in the same tick.
 */
export class BrokerCommands {
  readonly #brokers: Brokers;
  readonly #engines: Engines;

  readonly #configurations: ConfigurationDecisions;
  readonly #clock: Clock;
  readonly #sealSecret: SealSecret;
  readonly #alarms: BrokerAlarms;

  constructor(parts: BrokerCommandsParts) {
    const { brokers, engines, configurations, clock, sealSecret, alarms } = parts;
    this.#alarms = alarms;
    this.#brokers = brokers;
    this.#engines = engines;
    this.#configurations = configurations;
    this.#clock = clock;
    this.#sealSecret = sealSecret;
  }

  /**
   * Starts a reboot, which applies pending settings.
   *
   * @throws {ControlError} 'not-found'; 'bad-request' if the broker is not RUNNING, unless its
   *   engine failed and a reboot may help, if a RabbitMQ broker is low on memory, or if it could not run
   *   with the configuration afterwards
   */
  reboot(id: string): Decided<BrokerRecord> {
    const broker = this.#brokers.require(id);
    const isShort = this.#alarms.of(broker).includes('memory');
    if (isShort && broker.engineType === 'RABBITMQ') {
      const why = 'cannot be rebooted in state CRITICAL_ACTION_REQUIRED (RABBITMQ_MEMORY_ALARM).';
      throw refuse('brokerState', `Broker [${id}] ${why}`);
    }
    const state = nextState(broker.state, 'reboot-asked');
    if (state === undefined || isKeyLost(broker)) {
      throw refuse(
        'brokerState',
        `Broker [${id}] cannot be rebooted in state ${broker.state}` +
          (broker.action ? ` (${broker.action.code}).` : ', it must be RUNNING.'),
      );
    }
    if (broker.replication?.promotion) {
      throw refuse('brokerState', `Broker [${id}] cannot be rebooted: its role is being changed.`);
    }
    this.#requireUsable({ ...broker, ...appliedPending(broker) });
    const { value, changes } = this.#set(broker, { state });
    return { value, changes: [...changes, ...replicaReboot(this.#brokers, broker)] };
  }

  /** What runs must not be ended for a start that fails. @throws {ControlError} 'bad-request' */
  #requireUsable(broker: BrokerRecord): void {
    const { configuration } = broker;
    if (configuration !== null) this.#configurations.requireUsable(configuration, broker);
  }

  /** @throws {ControlError} 'not-found'; 'bad-request' if the broker is part of a pair */
  delete(id: string): Decided<BrokerRecord> {
    const broker = this.#brokers.require(id);
    const others = unpairDeleted(this.#brokers, broker);
    const state = nextState(broker.state, 'deletion-asked') ?? broker.state;
    const { value, changes } = this.#set(broker, { state });
    return { value, changes: [...changes, ...others] };
  }

  /**
   * Changes settings. Some take effect at once, others at the next reboot.
   *
   * @throws {ControlError} 'not-found', 'bad-request'
   */
  update(id: string, request: UpdateRequest): Decided<BrokerRecord> {
    const broker = this.#brokers.require(id);
    if (broker.state === 'DELETION_IN_PROGRESS' || broker.state === 'CREATION_FAILED') {
      throw refuse('brokerState', `Broker [${id}] cannot be updated in state ${broker.state}.`);
    }
    const offer = this.#engines.offerOf(broker);
    checkParameters(request, offer);
    refuseShares(request);
    checkMinorUpgrade(request.autoMinorVersionUpgrade ?? true, offer);
    checkLogs(request.logs, offer);
    checkSecurityGroups(request.securityGroups ?? []);
    const window = request.maintenanceWindowStartTime;
    const pending = this.#pendingAfter(broker, request);
    return this.#set(broker, {
      ...(window && this.#windowSet(broker, window)),
      ...(request.securityGroups && { securityGroups: request.securityGroups }),
      ...withPair(broker, pending),
    });
  }

  /**
   * Starts a reboot in the maintenance window of a broker; undefined if no change is pending, or the broker is
   * low on memory.
   *
   * @throws {ControlError} as {@link reboot}
   */
  maintain(id: string): Decided<BrokerRecord> | undefined {
    return this.isMaintained(id) ? this.reboot(id) : undefined;
  }

  /** Whether {@link maintain} would start a reboot, unless it is refused. */
  isMaintained(id: string): boolean {
    const broker = this.#brokers.get(id);
    if (broker?.state !== 'RUNNING' || Object.keys(broker.pending).length === 0) return false;
    return !this.#alarms.of(broker).includes('memory');
  }

  #windowSet(broker: BrokerRecord, request: WindowRequest): BrokerUpdate {
    const maintenanceWindow = acceptWindow(request);
    if (isDeepStrictEqual(maintenanceWindow, broker.maintenanceWindow)) return {};
    const windowMoves = movedWindow(broker, this.#clock.nowMs());
    return { maintenanceWindow, windowMoves };
  }

  #pendingAfter(broker: BrokerRecord, request: UpdateRequest): PendingSettings {
    const { users } = broker.pending;
    this.#checkUpgrade(broker, request.engineVersion);
    return {
      ...pendingHost(broker, request, this.#engines.offerOf(broker)),
      ...pendingLogs(broker, request),
      ...this.#pendingAccess(broker, request),
      ...pendingReplication(broker, request.dataReplicationMode),
      ...(users && { users }),
    };
  }

  /** @throws {ControlError} 'bad-request' if the broker cannot get the version, or gets another one */
  #checkUpgrade(broker: BrokerRecord, wanted: string | undefined): void {
    if (wanted === undefined) return;
    const { instances, pending } = broker;
    const begun = instances.find(({ engineVersion }) => engineVersion !== undefined);
    const target = pending.engineVersion ?? begun?.engineVersion;
    if (hasBegun(broker) && target !== undefined && majorMinor(wanted) !== majorMinor(target)) {
      const text = `An upgrade to engine version [${target}] has begun; a reboot goes on with it.`;
      throw refuse('engineVersion', `${text} It cannot be changed to [${wanted}].`);
    }
    if (majorMinor(wanted) === majorMinor(broker.engineVersion)) return;
    if (!this.#engines.runs(broker)) return;
    const why = this.#engines.engineFor(broker).upgradeRefusal?.(broker, wanted);
    if (why === undefined) return;
    throw refuse('engineVersion', `Engine version [${wanted}] cannot be used: ${why}.`);
  }

  /** How users will be known, and the configuration, which must be for that. */
  #pendingAccess(broker: BrokerRecord, request: UpdateRequest): PendingSettings {
    const { pending } = broker;
    const authenticationStrategy =
      request.authenticationStrategy ??
      pending.authenticationStrategy ??
      broker.authenticationStrategy;
    const ldap = this.#pendingLdap(broker, request, authenticationStrategy);
    const { engineType } = broker;
    const hostInstanceType =
      request.hostInstanceType ?? pending.hostInstanceType ?? broker.hostInstanceType;
    const engineVersion = request.engineVersion ?? pending.engineVersion ?? broker.engineVersion;
    const host = { engineVersion, hostInstanceType, deploymentMode: broker.deploymentMode };
    const kind = { engineType, ...host, authenticationStrategy };
    const configuration = request.configuration
      ? this.#configurations.choose(request.configuration, kind)
      : pending.configuration;
    const isOther = !isDeepStrictEqual(configuration, broker.configuration);
    // It may have been chosen for another version or strategy.
    const isNewKind = (request.engineVersion ?? request.authenticationStrategy) !== undefined;
    const used = configuration ?? broker.configuration;
    if (used !== null && isNewKind) {
      this.#configurations.requireUsable(used, { ...kind, users: undefined });
    }
    return {
      ...(authenticationStrategy !== broker.authenticationStrategy && { authenticationStrategy }),
      ...(ldap && { ldap }),
      ...(configuration && isOther && { configuration }),
    };
  }

  /** The LDAP server. One that was asked for with the strategy is not wanted without it. */
  #pendingLdap(
    { id, ldap, pending }: BrokerRecord,
    { ldapServerMetadata: asked }: UpdateRequest,
    strategy: string,
  ): PendingSettings['ldap'] {
    const isLdap = strategy === 'LDAP';
    const kept = isLdap ? pending.ldap : undefined;
    const wanted = asked ? ldapRecord(asked, id, this.#sealSecret) : kept;
    if (asked !== undefined || isLdap) checkStrategy(strategy, (wanted ?? ldap) !== null);
    return wanted;
  }

  /** @throws {ControlError} 'not-found', 'bad-request' */
  addTags(arn: string, tags: Readonly<Record<string, string>>): Decided<BrokerRecord> {
    const broker = this.#brokers.requireArn(arn);
    const all = { ...broker.tags, ...tags };
    checkTags(all);
    return this.#set(broker, { tags: all });
  }

  /** Keys that do not exist are ignored. @throws {ControlError} 'not-found' */
  removeTags(arn: string, keys: readonly string[]): Decided<BrokerRecord> {
    const broker = this.#brokers.requireArn(arn);
    const left = Object.entries(broker.tags).filter(([key]) => !keys.includes(key));
    return this.#set(broker, { tags: Object.fromEntries(left) });
  }

  #set(broker: BrokerRecord, set: BrokerUpdate): Decided<BrokerRecord> {
    const changes: ChangeEntry[] = [this.#brokers.entry({ updated: broker.id, set })];
    return { value: { ...broker, ...set }, changes };
  }
}

/** Whether an upgrade is in progress, or has stopped. A reboot of a cluster begins with the pending version. */
function hasBegun(broker: BrokerRecord): boolean {
  const { state, deploymentMode, pending } = broker;
  const isReboot = state === 'REBOOT_IN_PROGRESS' && deploymentMode === 'CLUSTER_MULTI_AZ';
  return isUpgrading(broker) || (isReboot && pending.engineVersion !== undefined);
}

/** A broker that cannot be rebooted leaves its pair at once. */
function withPair({ state }: BrokerRecord, pending: PendingSettings): BrokerUpdate {
  if (pending.replication !== null || state !== 'CRITICAL_ACTION_REQUIRED') return { pending };
  const { replication, ...others } = pending;
  return { replication, pending: others };
}

/** Nodes of a cluster that were upgraded too far would not start. */
function requireStep({ deploymentMode, engineVersion }: BrokerRecord, wanted: string): void {
  if (deploymentMode !== 'CLUSTER_MULTI_AZ') return;
  const steps = upgradeSteps(engineVersion, wanted);
  if (majorMinor(engineVersion) === majorMinor(wanted) || steps.length === 1) return;
  const way = steps.length === 0 ? '' : `; permitted are the steps [${steps.join(', ')}]`;
  const text = `A cluster cannot be upgraded from engine version [${engineVersion}] to [${wanted}] directly${way}.`;
  throw refuse('engineVersion', text);
}

/** Version, instance type and storage that differ from the present ones. */
function pendingHost(broker: BrokerRecord, request: UpdateRequest, offer: Offer): PendingSettings {
  const engineVersion =
    request.engineVersion ?? broker.pending.engineVersion ?? broker.engineVersion;
  const hostInstanceType =
    request.hostInstanceType ?? broker.pending.hostInstanceType ?? broker.hostInstanceType;
  const [volume] = broker.volumes;
  chooseHost(offer, { hostInstanceType, engineVersion, storageType: volume?.storageType });
  if (isOlder(engineVersion, broker.engineVersion)) {
    throw refuse(
      'engineVersion',
      `Broker engine version [${engineVersion}] is older than [${broker.engineVersion}]; ` +
        'downgrades are not supported.',
    );
  }
  requireStep(broker, engineVersion);
  if (skipsVersion(offer, broker.engineVersion, engineVersion)) {
    throw refuse(
      'engineVersion',
      `Broker engine version [${broker.engineVersion}] cannot be upgraded to [${engineVersion}] directly; ` +
        `upgrade to [${offer.recommendedVersion}] first.`,
    );
  }
  const storageSizeGb = pendingSize(broker, { ...request, hostInstanceType, engineVersion }, offer);
  return {
    ...(engineVersion !== broker.engineVersion && { engineVersion }),
    ...(hostInstanceType !== broker.hostInstanceType && { hostInstanceType }),
    ...(storageSizeGb !== null && storageSizeGb !== broker.storageSizeGb && { storageSizeGb }),
  };
}

/** The size of the volumes after the next reboot; they never shrink. */
function pendingSize(
  { pending, ...broker }: BrokerRecord,
  host: Parameters<typeof chooseStorageSize>[1],
  offer: Offer,
): number | null {
  const present = broker.storageSizeGb ?? undefined;
  const storageSize = host.storageSize ?? pending.storageSizeGb ?? present;
  // A size that was not asked for now follows the instance type.
  if (host.storageSize === undefined) {
    const least = chooseStorageSize(offer, { ...host, storageSize: undefined });
    return least === null ? null : Math.max(least, storageSize ?? least);
  }
  if (present !== undefined && host.storageSize < present) {
    throw refuse(
      'storageSize',
      `Storage size [${host.storageSize}] is less than the current [${present}] GB.`,
    );
  }
  return chooseStorageSize(offer, host);
}

function pendingLogs(broker: BrokerRecord, { logs }: UpdateRequest): PendingSettings {
  const generalLog = logs?.general ?? broker.pending.generalLog ?? broker.generalLog;
  const auditLog = logs?.audit ?? broker.pending.auditLog ?? broker.auditLog;
  return {
    ...(generalLog !== broker.generalLog && { generalLog }),
    ...(auditLog !== null && auditLog !== broker.auditLog && { auditLog }),
  };
}

function refuseShares({ resourceShareArns = [] }: UpdateRequest): void {
  if (resourceShareArns.length === 0) return;
  throw refuse('resourceShareArns', 'Private access to shared resources is not supported.');
}
