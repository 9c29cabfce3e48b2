import type { MetricsJson } from '../../base/metrics.ts';
import type { LoginFailure } from '../../broker/logins/logins.ts';
import type { ServerCertificate } from '../../net/tls-listener.ts';
import type { ListenerSpec } from './listener-specs.ts';

/** What a broker's process needs to know to run its broker; the data key comes by a pipe. */
export interface StartMessage {
  readonly type: 'start';
  /** The broker's name. */
  readonly name: string;
  /** Of the engine whose behaviour clients are to expect. */
  readonly engineVersion: string;
  /** The volume's folder. */
  readonly folder: string;
  /** Number of this mount, and the least number that the mount before must have had. */
  readonly epoch: number;
  readonly epochMin: number;
  readonly users: readonly { readonly username: string; readonly passwordHash: string }[];
  /**
   * Whether these are the broker's users from this start on, and all of them; else they are those that a
   * new broker begins with.
   */
  readonly setsUsers: boolean;
  readonly host: string;
  /** What it listens on. */
  readonly listeners: readonly ListenerSpec[];
  /** Its own: no other listener shows them, and the key of no authority is among theirs. */
  readonly certificates: readonly ServerCertificate[];
  readonly room: Room;
}

/** How much a broker may take before its publishers wait. */
export interface Room {
  /** Resident bytes of its process; undefined: a part of the machine's memory. */
  readonly memoryBytesMax: number | undefined;
  /** Bytes of the disk that are to stay free; 0 for none. */
  readonly diskReserveBytes: number;
}

/** From the service to a broker's process. */
export type ToBroker =
  | StartMessage
  /** End in order: clients are told the reason. */
  | { readonly type: 'stop'; readonly reason: string }
  /** Show these to clients that connect from now on. */
  | { readonly type: 'certificates'; readonly certificates: readonly ServerCertificate[] }
  | { readonly type: 'metrics'; readonly request: number };

/** From a broker's process to the service. */
export type FromBroker =
  | { readonly type: 'running'; readonly ports: Readonly<Record<string, number>> }
  /** It cannot run, or not run on; the process ends. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  /** A line for the service's log. */
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly text: string }
  /** Log-ins that failed in the same way; undefined: in ways that differ. */
  | {
      readonly type: 'login-failed';
      readonly failure: LoginFailure | undefined;
      readonly count: number;
    }
  | { readonly type: 'metrics'; readonly request: number; readonly metrics: MetricsJson };

/** The file descriptor on which a broker's process finds its data key: 32 bytes, then the end. */
export const keyDescriptor = 4;
