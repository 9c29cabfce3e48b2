import type { MetricsJson } from '../base/metrics.ts';
import type { PortRecord, UserRecord } from './broker-record.ts';
import type { BrokerKind, ListenerOffer } from './offers/offer.ts';

/** A volume that a broker is started on. */
export interface VolumeSpec {
  /** `vol-` or `fs-`, and 17 hex digits. */
  readonly id: string;
  /** Number of this mount of the volume, from 1, never used twice; see docs/formats/volume.md. */
  readonly epoch: number;
  /** Number of the newest mount known to have come up: an older copy of the volume has a lower one. */
  readonly epochMin: number;
}

/** An instance that a broker is to have. */
export interface InstanceSpec {
  /** From 1. */
  readonly number: number;
  /** One of the spec's volumes. */
  readonly volumeId: string;
}

/** A listener that a broker is to have. */
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

/** A kind of broker that an engine runs, and what it can do for it. */
export interface EngineKind extends BrokerKind {
  /** Names of the offer's listeners that it opens. A broker has no endpoint for any other. */
  readonly listeners: readonly string[];
  /** Those of the offer's authentication strategies that it knows. */
  readonly authenticationStrategies: readonly string[];
}

/** What an engine needs to know of a broker to run it. */
export interface BrokerSpec extends BrokerKind {
  /** `b-` and a lower-case UUID. */
  readonly id: string;
  readonly name: string;
  readonly engineVersion: string;
  /** `mq.m5.large`; decides about limits. */
  readonly hostInstanceType: string;
  readonly authenticationStrategy: string;
  /** Null where the broker runs with the defaults of its engine. */
  readonly configuration: ConfigurationSpec | null;
  /** Which logs its owner wants; an audit log only where the engine type has one. */
  readonly logs: { readonly general: boolean; readonly audit: boolean };
  /** For each endpoint, the listeners that the engine said it opens. */
  readonly listeners: readonly ListenerPlan[];
  readonly volumes: readonly VolumeSpec[];
  readonly instances: readonly InstanceSpec[];
  /** Ports of the last start. The engine takes each `wantedPort` where it is free. */
  readonly ports: readonly PortRecord[];
  /** Ports that other brokers have, or had and will want again: not to be taken though free. */
  readonly portsOfOthers: readonly number[];
  /**
   * Brokers of RabbitMQ's type: the users that exist from the start. Brokers of ActiveMQ's type: all
   * users, with their groups, as of this start. Only hashes, never a password.
   */
  readonly users: readonly UserRecord[];
}

/** The data key of one volume. The caller keeps the buffer and overwrites it. */
export interface VolumeKey {
  readonly volumeId: string;
  /** 32 bytes. */
  readonly dataKey: Buffer;
}

/** The data key of a volume to be made. */
export interface NewVolumeKey extends VolumeKey {
  /** The same key as the key service wrapped it; kept beside the data. */
  readonly wrappedKey: Buffer;
}

/** A broker that accepts connections. */
export interface RunningBroker {
  readonly ports: readonly PortRecord[];
}

/** Levels of lines in a broker's log. */
export type LogLevel = 'info' | 'warn' | 'error';

/** A log-in that failed, as others may hear of it. */
export interface FailedLogin {
  /** The user's name where there is such a user: what else was sent may be a password. */
  readonly user: string | undefined;
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  readonly reason: string;
}

/** What an engine reports on its own account. */
export interface EngineEvents {
  /**
   * A started broker's process ended though nobody asked. The engine keeps no data key, so it does
   * not start it again: control does, with back-off, after asking the key service for the key.
   */
  crashed(brokerId: string, detail: string): void;
  /**
   * A started broker ended and starting it again would not help: damaged storage, a full disk.
   *
   * @param code the error's stable code, as in {@link Engine.start}
   */
  failed(brokerId: string, code: string, message: string): void;
  /** A line for the broker's log. It holds no message body, password or key. */
  log(brokerId: string, level: LogLevel, text: string): void;
  /** Log-ins failed in the same way, or, where `failure` is undefined, in ways that differ. */
  loginFailed(brokerId: string, failure: FailedLogin | undefined, count: number): void;
}

/** What a program that runs brokers must be able to do. Every call is idempotent. */
export interface Engine {
  /** The kinds of brokers that it runs. */
  readonly kinds: readonly EngineKind[];
  /** Sets who is told what happens unasked; called once, before the first start. */
  observe(events: EngineEvents): void;
  /**
   * Makes the broker's volumes: folder, format, first segment. What an earlier attempt left is
   * removed.
   *
   * @param keys one for each volume of the spec
   */
  create(spec: BrokerSpec, keys: readonly NewVolumeKey[]): Promise<void>;
  /**
   * The wrapped data key kept beside a volume.
   *
   * @throws {WaxwingError} where there is no such volume
   */
  wrappedKey(brokerId: string, volumeId: string): Promise<Buffer>;
  /**
   * Starts the broker; resolves when it accepts connections. Where it runs already, that is the
   * answer.
   *
   * @param keys one for each volume of the spec; the engine overwrites them once they are handed over
   * @throws {WaxwingError} where it cannot run: damaged storage, no free port. Not retried until
   * somebody asks for a reboot.
   */
  start(spec: BrokerSpec, keys: readonly VolumeKey[]): Promise<RunningBroker>;
  /**
   * Disconnects clients with the reason, ends the broker's processes and with them the keys. Nothing
   * is reported to {@link EngineEvents} for it; where the broker does not run, there is nothing to do.
   */
  stop(brokerId: string, reason: string): Promise<void>;
  /** Stops the broker and removes its files, as far as there are any. */
  remove(brokerId: string): Promise<void>;
  /** What every running broker measures; each value is labelled with the broker's name. */
  metrics(): Promise<MetricsJson[]>;
  /** Has every running broker show the certificates that it is to show by now. */
  renewCertificates(): Promise<void>;
}
