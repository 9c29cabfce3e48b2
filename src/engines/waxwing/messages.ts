// The messages between the service and a broker process.

import type { MetricsJson } from '../../base/metrics.ts';
import type { ActiveMqConfiguration } from '../../broker/activemq/configuration.ts';
import type { LoginFailure } from '../../broker/logins/logins.ts';
import type { RabbitMqSettings } from '../../control/configurations/rabbitmq/settings.ts';
import type { DiscoveryPage, DiscoveryRequest } from '../../control/discovery.ts';
import type { BrokerAlarm, LogCategory, ReportedAccess } from '../../control/engine.ts';
import type { DirectorySettings } from '../../ldap/settings.ts';
import type { ListenerAccess, ServerCertificate } from '../../net/tls-listener.ts';
import type { ListenerSpec } from './listener-specs.ts';
import type { InstanceSettings } from './rabbitmq/instance-settings.ts';
import type { VolumeAnswer, VolumeCall } from './volumes/volume-calls.ts';

/** The description of the broker to run. The data key is passed through a pipe. */
export interface StartMessage {
  readonly type: 'start';
  /** The broker's name. */
  readonly name: string;
  /** The version of the engine whose behaviour clients expect. */
  readonly engineVersion: string;
  /** The folder of the volume. */
  readonly folder: string;
  /** The number of this mount, and the minimum number of the last mount. */
  readonly epoch: number;
  readonly epochMin: number;
  /** The older generations of the data key, whose keys follow the newest one in the pipe. */
  readonly olderGenerations: readonly number[];
  readonly users: readonly StartUser[];
  /**
   * Whether the users replace those of the broker. Otherwise they are only created with a new
   * broker.
   */
  readonly setsUsers: boolean;
  /** The directory whose users log in instead. The message is the only place of its password. */
  readonly directory?: DirectorySettings | undefined;
  /** The settings of a broker of RabbitMQ's type; undefined if it has no configuration. */
  readonly rabbitMq?: RabbitMqSettings | undefined;
  /** Undefined for brokers of ActiveMQ's type. */
  readonly instance?: InstanceSettings | undefined;
  /** Undefined for other types than ActiveMQ's. */
  readonly activeMq?: ActiveMqConfiguration | undefined;
  /** The settings of the configuration that have no effect, for the log. */
  readonly warnings?: readonly string[];
  readonly host: string;
  /** The listeners. */
  readonly listeners: readonly ListenerSpec[];
  /** Certificates that no other listener uses. They do not include the key of an authority. */
  readonly certificates: readonly ServerCertificate[];
  /** How clients reach the listeners; undefined for directly. */
  readonly access?: ListenerAccess | undefined;
  readonly room: Room;
  /** Whether connections and failed channels are written to the broker's logs. */
  readonly logsConnections: boolean;
  /** Authorities of the servers of shovels besides the public ones, PEM. */
  readonly shovelAuthorities?: string | undefined;
  /** Whether the process must prove that it uses only a FIPS provider. */
  readonly isFips: boolean;
}

/** A user of a start message. */
export interface StartUser {
  readonly username: string;
  readonly passwordHash: string;
  /** Whether it may use the console; only for brokers of ActiveMQ's type. */
  readonly consoleAccess?: boolean | undefined;
}

/** The resource limits of a broker. Publishers are blocked when they are exceeded. */
export interface Room {
  /** Resident memory of the process, bytes; undefined means a fraction of the machine's memory. */
  readonly memoryBytesMax: number | undefined;
  /** Disk space to keep free, bytes; 0 disables this. */
  readonly diskReserveBytes: number;
}

/** A message from the service to a broker process. */
export type ToBroker =
  | StartMessage
  /** Stop cleanly. Clients receive the reason. */
  | { readonly type: 'stop'; readonly reason: string }
  /** Use these certificates for new connections. */
  | { readonly type: 'certificates'; readonly certificates: readonly ServerCertificate[] }
  | { readonly type: 'metrics' }
  /** Answer with `pong`. Not sent again before that. */
  | { readonly type: 'ping' }
  /** Replace the password of a user. */
  | {
      readonly type: 'set-password';
      readonly request: number;
      readonly username: string;
      readonly passwordHash: string;
    }
  | {
      readonly type: 'discover';
      readonly request: number;
      readonly discovery: DiscoveryRequest;
    }
  | { readonly type: 'volume'; readonly request: number; readonly call: VolumeCall };

/** A message from a broker process to the service. */
export type FromBroker =
  | { readonly type: 'running'; readonly ports: Readonly<Record<string, number>> }
  /** The broker cannot start or continue. The process ends. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  /** A line for the broker's logs. */
  | {
      readonly type: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly text: string;
      /** The log; `general` by default. */
      readonly category?: LogCategory;
    }
  /** Log-ins failed for the same reason; `failure` is undefined if there were different reasons. */
  | {
      readonly type: 'login-failed';
      readonly failure: LoginFailure | undefined;
      readonly count: number;
    }
  | { readonly type: 'accessed'; readonly access: ReportedAccess }
  | { readonly type: 'metrics'; readonly metrics: MetricsJson }
  /** Whether the user exists and its new password is on disk. */
  | { readonly type: 'password-set'; readonly request: number; readonly isSet: boolean }
  /** The findings of a search; undefined if it failed. */
  | {
      readonly type: 'discovered';
      readonly request: number;
      readonly page: DiscoveryPage | undefined;
    }
  | { readonly type: 'volume-done'; readonly request: number; readonly answer: VolumeAnswer }
  /** All data is sealed under the newest data key again. */
  | { readonly type: 'resealed' }
  | { readonly type: 'alarmed'; readonly alarms: readonly BrokerAlarm[] }
  | { readonly type: 'pong' };

/** The file descriptor from which a broker process reads its data keys, 32 bytes each. */
export const keyDescriptor = 4;
