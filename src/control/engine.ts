// The interface between the control plane and the engines that run brokers.

import type { MetricsJson } from '../base/metrics.ts';
import type { Secret } from '../base/secret.ts';
import type { LdapRecord, PortRecord, UserRecord } from './broker-record.ts';
import type { DiscoveryPage, DiscoveryRequest } from './discovery.ts';
import type { BrokerKind, ListenerOffer } from './offers/offer.ts';
import type { EngineVolumes } from './volumes/engine-volumes.ts';
import type { WrappedDataKey } from './volumes/volume-state.ts';

/** A volume of a broker that is started. */
export interface VolumeSpec {
  /** `vol-` or `fs-`, and 17 hexadecimal digits. */
  readonly id: string;
  /** The number of this mount, starting from 1 and never reused. See docs/formats/volume.md. */
  readonly epoch: number;
  /**
   * The newest mount that is known to have succeeded. An older copy of the volume has a lower
   * number.
   */
  readonly epochMin: number;
  /** Whether it was created again: the broker fills it from its other volumes. */
  readonly isRebuilt?: boolean;
}

/** An instance of a broker. */
export interface InstanceSpec {
  /** Starts from 1. */
  readonly number: number;
  /** One of the volumes of the spec. */
  readonly volumeId: string;
  /** The version with which its data was last used. */
  readonly engineVersion?: string;
}

/** A requested listener of a broker. */
export interface ListenerPlan extends ListenerOffer {
  /** Number of the endpoint that it belongs to, from 1. */
  readonly endpoint: number;
}

/** The configuration that a broker runs with. */
export interface ConfigurationSpec {
  readonly id: string;
  readonly revision: number;
  /** XML for brokers of ActiveMQ's type, sanitised; `key = value` lines for those of RabbitMQ's. */
  readonly text: string;
}

/** How a broker asks an LDAP server about its users. */
export interface LdapSpec extends Omit<LdapRecord, 'sealedServiceAccountPassword'> {
  readonly serviceAccountPassword: Secret<string>;
}

/** A kind of broker that an engine runs, and what it can do for it. */
export interface EngineKind extends BrokerKind {
  /** Names of the offer's listeners that it opens. A broker has no endpoint for any other. */
  readonly listeners: readonly string[];
  /** Those of the offer's authentication strategies that it knows. */
  readonly authenticationStrategies: readonly string[];
  /** The versions that it runs, newest first; undefined for all of the offer. */
  readonly engineVersions?: readonly string[];
  /** Whether a start takes so long that the start of the service does not wait for it. */
  readonly startsSlowly?: boolean;
  /** Hashes passwords as its program checks them; undefined for the hash of the service. */
  readonly hashPassword?: (password: string) => string;
}

/** A kind of broker that an engine would run on another machine. */
export interface MissingKind extends BrokerKind {
  /** What is missing on this one. */
  readonly reason: string;
}

/** The description of a broker from which an engine runs it. */
export interface BrokerSpec extends BrokerKind {
  /** `b-` and a lower-case UUID. */
  readonly id: string;
  readonly name: string;
  readonly engineVersion: string;
  /**
   * The version before an upgrade that this start carries out, or goes on with. Missing if the version is
   * the same.
   */
  readonly previousVersion?: string;
  /** `mq.m5.large`; decides about limits. */
  readonly hostInstanceType: string;
  readonly authenticationStrategy: string;
  /** Null unless the strategy is `LDAP`. */
  readonly ldap: LdapSpec | null;
  /** Null if the broker runs with the defaults of its engine. */
  readonly configuration: ConfigurationSpec | null;
  /** The requested logs. Only some engine types have an audit log. */
  readonly logs: { readonly general: boolean; readonly audit: boolean };
  /** For each endpoint, the listeners that the engine said it opens. */
  readonly listeners: readonly ListenerPlan[];
  readonly volumes: readonly VolumeSpec[];
  readonly instances: readonly InstanceSpec[];
  /** The ports of the last start. The engine uses each `wantedPort` if it is free. */
  readonly ports: readonly PortRecord[];
  /**
   * Ports of other brokers, including their preferred ports. They must not be used even if they are
   * free.
   */
  readonly portsOfOthers: readonly number[];
  /**
   * Brokers of RabbitMQ's type: the users that exist from the start. Brokers of ActiveMQ's type: all
   * users, with their groups, as of this start. Only hashes, never a password.
   */
  readonly users: readonly UserRecord[];
}

/** The newest data key of a volume. The caller owns the buffer and overwrites it after use. */
interface NewestKey {
  readonly volumeId: string;
  /** 32 bytes. */
  readonly dataKey: Buffer;
}

/** The data keys of a volume. The caller owns the buffers and overwrites them after use. */
export interface VolumeKey extends NewestKey {
  /** The keys of the older generations that the volume lists, oldest first; 32 bytes each. */
  readonly older?: readonly { readonly generation: number; readonly dataKey: Buffer }[];
}

/** A new data key of a volume. */
export interface NewVolumeKey extends NewestKey {
  /** The data key as wrapped by the key service, which is stored beside the data. */
  readonly wrappedKey: Buffer;
}

/** What decides whether a broker can run with a configuration. */
export interface ConfiguredBroker
  extends Pick<BrokerSpec, 'engineType' | 'engineVersion' | 'authenticationStrategy'> {
  readonly users?: readonly Pick<UserRecord, 'username'>[] | undefined;
}

/** A broker that accepts connections. */
export interface RunningBroker {
  readonly ports: readonly PortRecord[];
  /** The ids of the volumes that were mounted for it; undefined for all of the spec. */
  readonly mounted?: readonly string[];
  /**
   * Why it could not get all that was asked for, although it runs. It is not tried again until somebody
   * requests a reboot, or a part of the broker starts again.
   *
   * @see Engine.start about codes
   */
  readonly problem?: { readonly code: string; readonly message: string };
}

/** The levels of broker log lines. */
export type LogLevel = 'info' | 'warn' | 'error';

/** The logs of a broker that engines write. Each is a log group. */
export type LogCategory = 'general' | 'connection' | 'channel' | 'audit';

/** A failed log-in, in the form that may be reported. */
export interface FailedLogin {
  /** The user name if the user exists. Other names are left out, because they may be passwords. */
  readonly user: string | undefined;
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  /** The protocol of the client. */
  readonly protocol?: string;
  readonly reason: string;
}

/** Log-ins that succeeded, or actions for which users had no permission. */
export interface ReportedAccess {
  readonly kind: 'login' | 'denial';
  /** Undefined for different users. */
  readonly user: string | undefined;
  /** `127.0.0.1:54321`; undefined for different addresses, or if the client has disconnected. */
  readonly peerAddress: string | undefined;
  /** The protocol of the client; undefined if it is not known. */
  readonly protocol: string | undefined;
  /** What was refused; undefined for log-ins, and for different actions. */
  readonly text: string | undefined;
  /** Reports are limited in number: further log-ins and actions are counted. */
  readonly count: number;
}

/**
 * Why the publishers of a broker wait: it is low on memory or disk space, a cluster confirms no messages, or
 * the disk completes no writes.
 */
export type BrokerAlarm = 'memory' | 'disk' | 'confirms' | 'writes';

/** Events that an engine reports. */
export interface EngineEvents {
  /**
   * The process of a running broker ended unexpectedly. The engine has no data key, so it cannot
   * restart the broker. The control plane restarts it with back-off, after it has asked the key
   * service for the key.
   */
  crashed(brokerId: string, detail: string): void;
  /**
   * A running broker ended and a restart would not help: the storage is damaged, or the disk is
   * full.
   *
   * @param code the stable error code, as in {@link Engine.start}
   */
  failed(brokerId: string, code: string, message: string): void;
  /**
   * A part of a running broker was stopped and needs its data key to run again; the rest continues. The
   * control plane calls {@link Engine.start} again after it has asked the key service for the keys.
   */
  needsKeys(brokerId: string, detail: string): void;
  /**
   * A line for one of the broker's logs, by default the general one. It contains no message body,
   * password or key.
   */
  log(brokerId: string, level: LogLevel, text: string, category?: LogCategory): void;
  /** Log-ins failed for the same reason; `failure` is undefined if there were different reasons. */
  loginFailed(brokerId: string, failure: FailedLogin | undefined, count: number): void;
  /** Users have logged in, or were not permitted to do something. */
  accessed(brokerId: string, access: ReportedAccess): void;
  /**
   * All data of a volume is sealed under its newest data key again, and the older keys were dropped.
   */
  resealed(brokerId: string): void;
  /**
   * An instance is started with another version from now on. Resolves once that is recorded: later starts
   * use it.
   *
   * @param number of the instance
   */
  upgrading(brokerId: string, number: number, version: string): Promise<void>;
  /** The alarms of a running broker have changed. A process begins and ends without any. */
  alarmed(brokerId: string, alarms: readonly BrokerAlarm[]): void;
  /**
   * The process of a broker does not answer any more, or answers again or has ended. One that does not is
   * killed later, which is a crash.
   *
   * @param detail a sentence for the log, without the name of the broker
   */
  answering(brokerId: string, isAnswering: boolean, detail: string): void;
}

/** The metric of an engine that counts TLS handshakes of a broker, with the labels `broker`, `version` and `suite`. */
export const handshakesMetric = 'waxwing_tls_handshakes_total';

/** A program that runs brokers. Every call is idempotent. */
export interface Engine {
  /** The kinds of brokers that the engine runs. */
  readonly kinds: readonly EngineKind[];
  /** The kinds of brokers that it cannot run on this machine. */
  readonly missing?: readonly MissingKind[];
  /** Sets the receiver of events. Called once, before the first start. */
  observe(events: EngineEvents): void;
  /**
   * Ends what an earlier process of the service left running, and makes sure that no volume can be read.
   * Called once, before the first start.
   */
  endLeftovers?(): Promise<void>;
  /**
   * Creates the volumes of a broker: the folder, the header, the first segment. Remains of an
   * earlier attempt are removed.
   *
   * @param keys one for each volume of the spec
   */
  create(spec: BrokerSpec, keys: readonly NewVolumeKey[]): Promise<void>;
  /**
   * Replaces a volume of an existing broker by an empty one, while the broker does not run. The next start
   * fills it from the broker's other volumes. Undefined if the engine cannot.
   *
   * @param spec the volume is one of its volumes
   */
  rebuild?(spec: BrokerSpec, key: NewVolumeKey): Promise<void>;
  /**
   * Returns the wrapped data keys that are stored beside a volume, the newest first.
   *
   * @throws {WaxwingError} if the volume does not exist
   */
  wrappedKeys(brokerId: string, volumeId: string): Promise<readonly WrappedDataKey[]>;
  /**
   * Starts a broker. Resolves when it accepts connections. If it is already running, it is left
   * unchanged, except that its parts that need keys are started.
   *
   * @param keys one for each volume of the spec; the engine overwrites them after they are handed
   *   over
   * @throws {WaxwingError} if the broker cannot run, for example because its storage is damaged or
   *   no port is free. It is not retried until somebody requests a reboot.
   */
  start(spec: BrokerSpec, keys: readonly VolumeKey[]): Promise<RunningBroker>;
  /**
   * Makes starts and restarts in progress fail, because the service is stopping. {@link stop} follows for
   * brokers that run.
   */
  abandonStarts?(): void;
  /**
   * Why the instances of a broker cannot get another version; undefined if they can, or it is not known.
   */
  upgradeRefusal?(broker: Pick<BrokerSpec, 'instances'>, version: string): string | undefined;
  /** Loads what {@link configurationRefusal} needs for brokers of a type. Before, it refuses nothing. */
  loadRefusals?(engineType: string): Promise<void>;
  /**
   * Why a broker cannot run with a configuration; undefined if it can, as far as can be told before a start.
   *
   * @param broker its users are undefined if it may get others before it runs with the configuration
   */
  configurationRefusal?(broker: ConfiguredBroker, text: string): string | undefined;
  /** Makes a start or restart of one broker fail that is in progress. {@link stop} follows. */
  abandon?(brokerId: string): void;
  /**
   * Restarts a running broker part by part with other settings, so that it keeps accepting connections.
   * Undefined if the engine cannot: it is stopped and started then.
   *
   * @throws {WaxwingError} as {@link start}
   */
  restart?(spec: BrokerSpec): Promise<RunningBroker>;
  /**
   * Disconnects all clients with a reason and ends the broker's processes, and with them their
   * copies of the keys. No event is reported. If the broker is not running, nothing happens.
   *
   * @throws {Error} if a process does not end although it was killed, because it waits for a disk
   */
  stop(brokerId: string, reason: string): Promise<void>;
  /** Stops a broker and removes its files, if there are any. */
  remove(brokerId: string): Promise<void>;
  /** The metrics of all running brokers, labelled with their names. */
  metrics(): Promise<MetricsJson[]>;
  /**
   * Replaces the password of a user of a running broker of RabbitMQ's type. Log-ins with the old one
   * are refused from then on; open connections stay open.
   *
   * @returns false if the broker is not running or has no such user
   * @throws {ControlError} `not-answering`
   */
  setPassword(brokerId: string, username: string, passwordHash: string): Promise<boolean>;
  /** Makes every running broker load its current certificates. */
  renewCertificates(): Promise<void>;
  /**
   * Searches a sample of the messages of a running broker for personal and secret data, without an
   * effect on the messages. Values never leave the broker's process.
   *
   * @returns undefined if the broker is not running, or ended during the search
   * @throws {ControlError} `not-answering`
   */
  discover(brokerId: string, request: DiscoveryRequest): Promise<DiscoveryPage | undefined>;
  /** Changes and copies of the volumes of brokers. */
  readonly volumes: EngineVolumes;
}
