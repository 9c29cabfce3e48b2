import type { BrokerState } from './lifecycle.ts';

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

/** Settings that take effect with the next reboot. */
export interface PendingSettings {
  readonly engineVersion?: string;
  readonly hostInstanceType?: string;
  readonly generalLog?: boolean;
}

/** Everything that is known of a broker; plain JSON, as the journal keeps it. */
export interface BrokerRecord {
  /** `b-` and a lower-case UUID. */
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly state: BrokerState;
  readonly createdMs: number;
  readonly engineType: 'RABBITMQ';
  readonly engineVersion: string;
  readonly deploymentMode: 'SINGLE_INSTANCE';
  readonly hostInstanceType: string;
  readonly autoMinorVersionUpgrade: boolean;
  readonly publiclyAccessible: boolean;
  readonly securityGroups: readonly string[];
  readonly subnetIds: readonly string[];
  readonly generalLog: boolean;
  readonly maintenanceWindow: MaintenanceWindow;
  readonly tags: Readonly<Record<string, string>>;
  /** Only hashes, never a password. */
  readonly users: readonly { readonly username: string; readonly passwordHash: string }[];
  /** The idempotency token it was created with, and a keyed digest of that request. */
  readonly creation: { readonly token: string; readonly digest: string } | null;
  readonly key: KeyChoice;
  /** Ids of the grants on its key: the service's (`mq_grant`), and its volume's once it is made. */
  readonly grants: { readonly service: string; readonly volume: string | null };
  /** `vol-` and 17 hex digits. */
  readonly volumeId: string;
  /** Whether the volume has been made; before, nothing can be lost. */
  readonly hasVolume: boolean;
  /** How often the volume was mounted; the next mount has the next number. */
  readonly epoch: number;
  /** The newest mount that came up; 0 before the first. */
  readonly mountedEpoch: number;
  /** Listener name to port, of the last start. */
  readonly ports: Readonly<Record<string, number>>;
  /**
   * The ports that the broker returns to once they are free, where another program had one of them
   * at the last start; equal to `ports` otherwise. Records of earlier releases lack it.
   */
  readonly wantedPorts?: Readonly<Record<string, number>>;
  readonly action: RequiredAction | null;
  readonly pending: PendingSettings;
}

/** A change to the journal of brokers. */
export type BrokerChange =
  | { readonly created: BrokerRecord }
  | { readonly updated: string; readonly set: Partial<Omit<BrokerRecord, 'id'>> }
  | { readonly removed: string };
