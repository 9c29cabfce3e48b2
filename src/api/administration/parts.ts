// The parts that the operations of the administration service need.

import type { Change } from '../../aws/service.ts';
import type { Caller } from '../../calls/caller.ts';
import type { Control } from '../../control/control.ts';
import type { BackupOperations } from './backup-parts.ts';
import type { HostOperations } from './host-parts.ts';

/** A deviation from the advice on data protection. Contains no secret and no personal data. */
export interface Finding {
  /** The name of the check, such as `user-without-mfa`. */
  readonly check: string;
  /** Where: a user, key, policy, broker or setting. */
  readonly subject: string;
  readonly what: string;
  /** The subject of the advice that is not followed. */
  readonly why: string;
  /** The command or change that follows it. */
  readonly fix: string;
}

/** A part of the findings. */
export interface FindingsPage {
  readonly findings: readonly Finding[];
  /** Continues the list; undefined at its end. */
  readonly next: string | undefined;
}

/** TLS handshakes of one version and suite with a broker, since it started. */
export interface BrokerHandshakes {
  /** The name of the broker. */
  readonly broker: string;
  /** As Node names it: `TLSv1.3`. */
  readonly version: string;
  /** The name of IANA. */
  readonly suite: string;
  readonly count: number;
}

/** A new secret, and the moment from which the one before it is refused. */
export interface Rotation {
  readonly secret: string;
  /** Milliseconds since 1970. */
  readonly previousEndsMs: number;
  readonly changes: readonly Change[];
}

/** The parts that the operations need. */
export interface AdministrationParts {
  /** @param after `next` of the page before */
  readonly findings: (after: string | undefined) => Promise<FindingsPage>;
  /** @param overlapMs the time for which the present token stays valid */
  readonly rotateMetricsToken: (overlapMs: number) => Rotation;
  /**
   * Replaces the password in the running broker.
   *
   * @throws {AwsError} `BadRequestException` if the broker is not running
   */
  readonly rotateDefaultBrokerPassword: () => Promise<Rotation>;
  /** The brokers, and the commands on their volumes. */
  readonly control: Pick<Control, 'supervisor' | 'volumeCommands'>;
  /** The TLS handshakes with all running brokers, by the names of brokers. */
  readonly handshakes: () => Promise<readonly BrokerHandshakes[]>;
  readonly backups: BackupOperations;
  /** They are loaded before the API answers calls. */
  readonly hosts: () => HostOperations;
  /** Makes a code that signs the root user or a user in to the web console. */
  readonly newConsoleCode: (caller: Caller) => {
    readonly code: string;
    readonly expiresMs: number;
  };
}
