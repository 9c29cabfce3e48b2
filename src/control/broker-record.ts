import type { BrokerState } from './lifecycle.ts';
import type { DeploymentMode, EngineType } from './offers/offer.ts';
import type { VolumeName } from './offers/storage-types.ts';

/** When a broker may be maintained. */
export interface MaintenanceWindow {
  /** `MONDAY` to `SUNDAY` */
  readonly dayOfWeek: string;
  /** `HH:MM`, 24 hours */
  readonly timeOfDay: string;
  /** `Region/City` or an offset from UTC */
  readonly timeZone: string;
}

/** Which key a broker's data key is wrapped with. */
export interface KeyChoice {
  /** Whose: the service's own, the account's `alias/aws/mq`, or one that the customer named. */
  readonly owner: 'service' | 'managed' | 'customer';
  readonly arn: string;
}

/** What the owner of a broker must do before it can go on. */
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

/** Settings that take effect with the next reboot. */
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
}

/** A user of a broker; only a hash of the password, never the password. */
export interface UserRecord {
  readonly username: string;
  readonly passwordHash: string;
  /** Only where the broker's engine type has groups. */
  readonly groups?: readonly string[];
  readonly consoleAccess?: boolean;
  readonly replicationUser?: boolean;
}

/** One volume of a broker. */
export interface VolumeRecord extends VolumeName {
  /** The KMS grant that allows the broker's data key to be decrypted; null until the grant exists. */
  readonly grantId: string | null;
  /** Whether the volume was made; before that nothing can be lost. */
  readonly isMade: boolean;
  /** How often the volume was mounted; the next mount has the next number. */
  readonly epoch: number;
  /** The newest mount that came up; 0 before the first. */
  readonly mountedEpoch: number;
}

/** One instance of a broker: a process, or a node of a cluster. */
export interface InstanceRecord {
  /** From 1. */
  readonly number: number;
  /** The volume it runs on. */
  readonly volumeId: string;
}

/** A grant that the service made for itself on a broker's key. */
export interface GrantRecord {
  /** `mq_grant` */
  readonly name: string;
  readonly id: string;
}

/** A port of the last start. */
export interface PortRecord {
  /** Listener that the port belongs to: `amqps` */
  readonly listener: string;
  /** Number of the endpoint, from 1: one for each instance, or one for the whole broker. */
  readonly endpoint: number;
  readonly port: number;
  /** Differs from `port` where another program had it: the broker returns to it once it is free. */
  readonly wantedPort: number;
}

/** Everything that is known about a broker; plain JSON, as the journal keeps it. */
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
  /** Null where the broker runs with the defaults of its engine. */
  readonly configuration: ConfigurationUse | null;
  /** Those that it used before, oldest first. */
  readonly configurationHistory: readonly ConfigurationUse[];
  readonly autoMinorVersionUpgrade: boolean;
  readonly publiclyAccessible: boolean;
  readonly securityGroups: readonly string[];
  readonly subnetIds: readonly string[];
  readonly generalLog: boolean;
  /** Null where the engine type has no audit log. */
  readonly auditLog: boolean | null;
  readonly maintenanceWindow: MaintenanceWindow;
  readonly windowMoves: WindowMoves | null;
  /** GB for each volume; null where the engine type has one size. */
  readonly storageSizeGb: number | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly users: readonly UserRecord[];
  /** The idempotency token of its creation, and a keyed digest of that request. */
  readonly creation: { readonly token: string; readonly digest: string } | null;
  readonly key: KeyChoice;
  /** The service's grants on the key; those of the volumes are in `volumes`. */
  readonly grants: readonly GrantRecord[];
  /** At least one. */
  readonly volumes: readonly VolumeRecord[];
  /** At least one. */
  readonly instances: readonly InstanceRecord[];
  /** Empty before the first start. */
  readonly ports: readonly PortRecord[];
  readonly action: RequiredAction | null;
  readonly pending: PendingSettings;
}

/** What is to change in a broker's record. */
export type BrokerUpdate = Partial<Omit<BrokerRecord, 'id'>>;

/** A change to the journal of brokers. */
export type BrokerChange =
  | { readonly created: BrokerRecord }
  | { readonly updated: string; readonly set: BrokerUpdate }
  | { readonly removed: string };

/** The port of a listener, undefined where the broker never had one. */
export function portOf(
  { ports }: Pick<BrokerRecord, 'ports'>,
  listener: string,
  endpoint = 1,
): number | undefined {
  return ports.find((port) => port.listener === listener && port.endpoint === endpoint)?.port;
}

/** Whether every volume of a broker was made. */
export function hasVolumes({ volumes }: Pick<BrokerRecord, 'volumes'>): boolean {
  return volumes.every(({ isMade }) => isMade);
}
