/** Engine types of Amazon MQ, as requests name them. */
export type EngineType = 'ACTIVEMQ' | 'RABBITMQ';

/** Deployment modes of Amazon MQ. */
export type DeploymentMode = 'SINGLE_INSTANCE' | 'ACTIVE_STANDBY_MULTI_AZ' | 'CLUSTER_MULTI_AZ';

/** Storage types of Amazon MQ. */
export type StorageType = 'EBS' | 'EFS';

/** What decides which rules a broker is under, and which engine runs it. */
export interface BrokerKind {
  readonly engineType: EngineType;
  readonly deploymentMode: DeploymentMode;
}

/** The protocols that a broker's listeners can speak. */
export type ProtocolName = 'amqp091' | 'amqp10' | 'openwire' | 'stomp' | 'mqtt';

/** An instance type, and what it can be combined with. */
export interface InstanceType {
  /** `mq.m7g.large` */
  readonly name: string;
  /** Newest first. */
  readonly engineVersions: readonly string[];
  /** The first is taken where a request names none. */
  readonly storageTypes: readonly StorageType[];
  /** The sizes that a request may choose from; left out where there is one. */
  readonly storageSizes?: StorageSizes;
}

/** Sizes of a volume in GB; the least is taken where a request names none. */
export interface StorageSizes {
  readonly minGb: number;
  readonly maxGb: number;
  /** The oldest engine version that has a choice. */
  readonly sinceVersion: string;
}

/** One kind of port of a broker. */
export interface ListenerOffer {
  /** The name under which a record keeps its port. */
  readonly name: string;
  /** Scheme of the endpoint's URL. */
  readonly scheme: string;
  /** The port that Amazon MQ has for it. */
  readonly standardPort: number;
  /** At least one. */
  readonly protocols: readonly ProtocolName[];
  /** Whether the protocols are spoken over WebSocket, and only so. */
  readonly isWebSocket: boolean;
}

/** A grant that Amazon MQ makes for itself on the broker's key, with the right of the requester. */
export interface GrantOffer {
  /** `mq_grant` */
  readonly name: string;
  readonly operations: readonly string[];
}

/** What a request may say of users. */
export interface UserRules {
  readonly min: number;
  readonly max: number;
  readonly username: RegExp;
  /** The characters of a username, for messages. */
  readonly usernameCharacters: string;
  readonly reservedUsernames: readonly string[];
  /** Whether groups and access to the console are kept; elsewhere both are ignored. */
  readonly hasGroups: boolean;
}

/** What requests about brokers of one kind may say. */
export interface RequestRules {
  readonly users: UserRules;
  readonly authenticationStrategies: readonly string[];
  readonly dataReplicationModes: readonly string[];
  /** The logs that can be switched on. */
  readonly logs: readonly ('general' | 'audit')[];
  readonly hasLdap: boolean;
  readonly subnetCountMax: number;
}

/** One row of the table of offers: everything that depends on the kind of a broker. */
export interface Offer extends BrokerKind {
  /** The engine's name in answers and messages. */
  readonly engineName: string;
  /** Newest first. */
  readonly engineVersions: readonly string[];
  readonly instanceTypes: readonly InstanceType[];
  readonly instanceCount: number;
  /** Whether all instances share one volume; else each has its own. */
  readonly isVolumeShared: boolean;
  /** Whether a broker whose request names no configuration gets one of its own. */
  readonly hasOwnConfiguration: boolean;
  readonly storageTypes: readonly StorageType[];
  /** Entries of `brokerInstances` in a description: groups of ports under one host name. */
  readonly endpointCount: number;
  /** Whether a description names the address of each instance. */
  readonly hasAddress: boolean;
  readonly listeners: readonly ListenerOffer[];
  readonly grants: readonly GrantOffer[];
  /** The action that is required of the owner of a broker whose key is lost. */
  readonly lostKeyAction: string;
  readonly rules: RequestRules;
}
