// The stored record of a broker.

import type { BrokerState } from './lifecycle.ts';
import type { DeploymentMode, EngineType } from './offers/offer.ts';
import type { VolumeName } from './offers/storage-types.ts';
import type { ReplicationRecord } from './replication/replication-record.ts';

/** The weekly maintenance window of a broker. */
export interface MaintenanceWindow {
  /** `MONDAY` to `SUNDAY` */
  readonly dayOfWeek: string;
  /** `HH:MM`, 24 hours */
  readonly timeOfDay: string;
  /** `Region/City` or an offset from UTC */
  readonly timeZone: string;
}

/** The key that wraps a broker's data keys. */
export interface KeyChoice {
  /**
   * The owner of the key: the service, the account (`alias/aws/mq`), or the customer; `remote` for a
   * key in a KMS outside of the service.
   */
  readonly owner: 'service' | 'managed' | 'customer' | 'remote';
  readonly arn: string;
}

/** An action that the owner of a broker must take before it can run. */
export interface RequiredAction {
  readonly code: string;
  readonly info: string;
}

/** A revision of a configuration, as a broker uses it. */
export interface ConfigurationUse {
  /** `c-` and a lower-case UUID. */
  readonly id: string;
  /** From 1. */
  readonly revision: number;
}

/** How a broker asks an LDAP server about its users; members as in Amazon MQ's API. */
export interface LdapRecord {
  /** 1 or 2 names or addresses, without scheme and port. */
  readonly hosts: readonly string[];
  readonly roleBase: string;
  readonly roleName?: string;
  readonly roleSearchMatching: string;
  readonly roleSearchSubtree?: boolean;
  readonly serviceAccountUsername: string;
  /** Sealed, base64; only what runs the broker opens it. */
  readonly sealedServiceAccountPassword: string;
  readonly userBase: string;
  readonly userRoleName?: string;
  readonly userSearchMatching: string;
  readonly userSearchSubtree?: boolean;
}

/** How often the maintenance window was moved since one was last over. */
export interface WindowMoves {
  readonly count: number;
  /** When it was last moved; milliseconds since 1970. */
  readonly lastMs: number;
}

/** Settings that take effect at the next reboot. */
export interface PendingSettings {
  readonly authenticationStrategy?: string;
  readonly configuration?: ConfigurationUse;
  readonly ldap?: LdapRecord;
  readonly storageSizeGb?: number;
  /** All users that there will be; how they differ from the present ones is what is pending. */
  readonly users?: readonly UserRecord[];
  readonly engineVersion?: string;
  readonly hostInstanceType?: string;
  readonly generalLog?: boolean;
  readonly auditLog?: boolean;
  /** Null if the broker leaves its pair. */
  readonly replication?: ReplicationRecord | null;
}

/** A user of a broker. Only a hash of the password is stored. */
export interface UserRecord {
  readonly username: string;
  readonly passwordHash: string;
  /** Set only if the engine type supports groups. */
  readonly groups?: readonly string[];
  readonly consoleAccess?: boolean;
  readonly replicationUser?: boolean;
}

/** A volume of a broker. */
export interface VolumeRecord extends VolumeName {
  /** The KMS grant for decrypting the data key; null until it exists. */
  readonly grantId: string | null;
  /** Whether the volume was created. Until then it contains no data. */
  readonly isMade: boolean;
  /** The number of the last mount, starting from 1. The next mount has the next number. */
  readonly epoch: number;
  /** The newest mount that succeeded; 0 before the first. */
  readonly mountedEpoch: number;
}

/** An instance of a broker: a process, or a node of a cluster. */
export interface InstanceRecord {
  /** Starts from 1. */
  readonly number: number;
  /** The volume of the instance. */
  readonly volumeId: string;
  /** The version with which it starts, while an upgrade of the broker is in progress or has stopped. */
  readonly engineVersion?: string;
}

/** A grant that the service created for itself on a broker's key. */
export interface GrantRecord {
  /** `mq_grant` */
  readonly name: string;
  readonly id: string;
}

/** A key, and the grants on it for one broker. */
export interface KeyHolding {
  readonly key: KeyChoice;
  /** The grants of the service. */
  readonly grants: readonly GrantRecord[];
  /** The grants for the data keys of volumes, by volume id; missing until they exist. */
  readonly volumeGrants: Readonly<Record<string, string>>;
}

/** New data keys of the volumes of a broker, and what is sealed again under them. */
export interface Rekeying {
  /** The generations that the new data keys follow, by volume id. */
  readonly from: Readonly<Record<string, number>>;
  /** When it was requested, milliseconds since 1970. */
  readonly askedMs: number;
}

/** A port of the last start. */
export interface PortRecord {
  /** The listener that uses the port: `amqps` */
  readonly listener: string;
  /**
   * The number of the endpoint, starting from 1. There is one for each instance, or one for the
   * broker.
   */
  readonly endpoint: number;
  readonly port: number;
  /**
   * The preferred port. It differs from `port` if another program used it; the broker returns to it
   * when it is free.
   */
  readonly wantedPort: number;
}

/** The complete record of a broker. Plain JSON, as stored in the journal. */
export interface BrokerRecord {
  /** `b-` and a lower-case UUID. */
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly state: BrokerState;
  readonly createdMs: number;
  readonly engineType: EngineType;
  readonly deploymentMode: DeploymentMode;
  readonly engineVersion: string;
  readonly hostInstanceType: string;
  readonly authenticationStrategy: string;
  /** Null unless the broker was ever to ask an LDAP server. */
  readonly ldap: LdapRecord | null;
  /** Null if the broker runs with the defaults of its engine. */
  readonly configuration: ConfigurationUse | null;
  /** The configurations that the broker used before, oldest first. */
  readonly configurationHistory: readonly ConfigurationUse[];
  readonly autoMinorVersionUpgrade: boolean;
  readonly publiclyAccessible: boolean;
  readonly securityGroups: readonly string[];
  readonly subnetIds: readonly string[];
  readonly generalLog: boolean;
  /** Null if the engine type has no audit log. */
  readonly auditLog: boolean | null;
  readonly maintenanceWindow: MaintenanceWindow;
  readonly windowMoves: WindowMoves | null;
  /** The size of each volume, GB; null if brokers of the kind have one size. */
  readonly storageSizeGb: number | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly users: readonly UserRecord[];
  /** The idempotency token of the creation request, and a keyed digest of the request. */
  readonly creation: { readonly token: string; readonly digest: string } | null;
  readonly key: KeyChoice;
  /** The grants of the service on the key. The grants for volumes are in `volumes`. */
  readonly grants: readonly GrantRecord[];
  /** The key under which the data keys are being wrapped again; null if there is no such change. */
  readonly keyChange: KeyHolding | null;
  /** Keys that are no longer used, and whose grants must still be retired. */
  readonly formerKeys: readonly KeyHolding[];
  /** Null unless data is being sealed again under new data keys. */
  readonly rekeying: Rekeying | null;
  /** At least one. */
  readonly volumes: readonly VolumeRecord[];
  /** At least one. */
  readonly instances: readonly InstanceRecord[];
  /** Empty before the first start. */
  readonly ports: readonly PortRecord[];
  readonly action: RequiredAction | null;
  /** Null unless the broker is part of a pair. */
  readonly replication: ReplicationRecord | null;
  readonly pending: PendingSettings;
}

/** A change of a broker's record. */
export type BrokerUpdate = Partial<Omit<BrokerRecord, 'id'>>;

/** A change of the journal of brokers. */
export type BrokerChange =
  | { readonly created: BrokerRecord }
  | { readonly updated: string; readonly set: BrokerUpdate }
  | { readonly removed: string };

/** The port of a listener; undefined if the broker never had one. */
export function portOf(
  { ports }: Pick<BrokerRecord, 'ports'>,
  listener: string,
  endpoint = 1,
): number | undefined {
  return ports.find((port) => port.listener === listener && port.endpoint === endpoint)?.port;
}

/** Whether some instances of a broker have the version of an upgrade that is not complete. */
export function isUpgrading({ instances }: Pick<BrokerRecord, 'instances'>): boolean {
  return instances.some(({ engineVersion }) => engineVersion !== undefined);
}

/**
 * Whether the volumes of a broker are still to be made, although it has data: a promoted replica has a copy until its
 * next start, and a cluster may have a node whose volume is created again.
 */
export function isUnfinished(broker: BrokerRecord): boolean {
  const { replication, state } = broker;
  const isWithout = state.startsWith('CREATION_') || state === 'DELETION_IN_PROGRESS';
  return !isWithout && replication?.role !== 'REPLICA' && !hasVolumes(broker);
}

/** Whether all volumes of a broker were created. */
export function hasVolumes({ volumes }: Pick<BrokerRecord, 'volumes'>): boolean {
  return volumes.every(({ isMade }) => isMade);
}
