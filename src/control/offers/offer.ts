// The properties of a kind of broker.

/** The engine types of Amazon MQ. */
export type EngineType = 'ACTIVEMQ' | 'RABBITMQ';

/** The deployment modes of Amazon MQ. */
export type DeploymentMode = 'SINGLE_INSTANCE' | 'ACTIVE_STANDBY_MULTI_AZ' | 'CLUSTER_MULTI_AZ';

/** The storage types of Amazon MQ. */
export type StorageType = 'EBS' | 'EFS';

/** The kind of a broker. It determines the rules for requests, and the engine. */
export interface BrokerKind {
  readonly engineType: EngineType;
  readonly deploymentMode: DeploymentMode;
}

/** The protocols that a broker's listeners can speak. */
export type ProtocolName = 'amqp091' | 'amqp10' | 'openwire' | 'stomp' | 'mqtt';

/** An instance type, and the versions and storage types that it supports. */
export interface InstanceType {
  /** `mq.m7g.large` */
  readonly name: string;
  /** Newest first. */
  readonly engineVersions: readonly string[];
  /** The first one is the default. */
  readonly storageTypes: readonly StorageType[];
  /** The sizes that a request may choose from; missing if there is only one. */
  readonly storageSizes?: StorageSizes;
}

/** The permitted sizes of a volume in GB. The smallest is the default. */
export interface StorageSizes {
  readonly minGb: number;
  readonly maxGb: number;
  /** The oldest engine version that has a choice. */
  readonly sinceVersion: string;
}

/** A listener of a broker. */
export interface ListenerOffer {
  /** The name of the listener in the record. */
  readonly name: string;
  /** The scheme of the endpoint URL. */
  readonly scheme: string;
  /** The port that Amazon MQ uses. */
  readonly standardPort: number;
  /** At least one, except for management. */
  readonly protocols: readonly ProtocolName[];
  /** Whether the protocols are spoken over WebSocket, and only so. */
  readonly isWebSocket: boolean;
  /** Whether it is the HTTPS port at the broker's `consoleURL`, which is no endpoint. */
  readonly isManagement?: boolean;
  /** Whether a broker only has it if its configuration says so. */
  readonly isOptional?: boolean;
}

/**
 * A grant that Amazon MQ creates for itself on the broker's key, with the permissions of the
 * requester.
 */
export interface GrantOffer {
  /** `mq_grant` */
  readonly name: string;
  readonly operations: readonly string[];
}

/** The rules for users in requests. */
export interface UserRules {
  readonly min: number;
  readonly max: number;
  readonly username: RegExp;
  /** The characters of a username, for error messages. */
  readonly usernameCharacters: string;
  readonly reservedUsernames: readonly string[];
  /** Whether groups and console access are stored. Otherwise both are ignored. */
  readonly hasGroups: boolean;
}

/** The rules for requests about brokers of one kind. */
export interface RequestRules {
  readonly users: UserRules;
  readonly authenticationStrategies: readonly string[];
  readonly dataReplicationModes: readonly string[];
  /** The logs that can be enabled. */
  readonly logs: readonly ('general' | 'audit')[];
  readonly hasLdap: boolean;
  readonly subnetCountMax: number;
}

/** A row of the table of offers: everything that depends on the kind of a broker. */
export interface Offer extends BrokerKind {
  /** The engine name in answers and messages. */
  readonly engineName: string;
  /** Newest first. */
  readonly engineVersions: readonly string[];
  /** The version of brokers whose request names none, if the instance type has it; the newest by default. */
  readonly recommendedVersion?: string;
  readonly instanceTypes: readonly InstanceType[];
  readonly instanceCount: number;
  /** Whether all instances share one volume. Otherwise each has its own. */
  readonly isVolumeShared: boolean;
  /** Whether a configuration is created for a broker whose request names none. */
  readonly hasOwnConfiguration: boolean;
  readonly storageTypes: readonly StorageType[];
  /**
   * The number of entries of `brokerInstances` in descriptions. Each is a group of ports under one
   * host name.
   */
  readonly endpointCount: number;
  /** Whether a description names the address of each instance. */
  readonly hasAddress: boolean;
  readonly listeners: readonly ListenerOffer[];
  readonly grants: readonly GrantOffer[];
  /** The action that a broker reports as required when its key is lost. */
  readonly lostKeyAction: string;
  readonly rules: RequestRules;
  /** Hashes the passwords of users; undefined for the hash of the service. */
  readonly hashPassword?: (password: string) => string;
}
