// What the operations on hosts need.

import type { Change } from '../../aws/service.ts';
import type { BrokerRecord } from '../../control/broker-record.ts';

/** A machine that has joined the service. */
export interface HostView {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly joinedMs: number;
  readonly isConnected: boolean;
  /** Milliseconds since 1970; undefined if it was not connected since the start of the service. */
  readonly lastSeenMs: number | undefined;
  readonly nodeCount: number;
  /** The version of its RabbitMQ. */
  readonly version: string | undefined;
  /** How far its clock is ahead of that of the service, milliseconds; undefined if that is not known. */
  readonly clockDifferenceMs: number | undefined;
}

/** A new join token. */
export interface NewToken {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
  readonly changes: readonly Change[];
}

/** Manages the hosts of nodes. Errors are those of the control plane. */
export interface HostOperations {
  /** The address for hosts, `https://…`. */
  readonly url: string;
  /** @param createdBy the ARN of the caller, for the trail */
  newToken(lifeMs: number, createdBy: string): NewToken;
  list(): readonly HostView[];
  /**
   * Removes a host.
   *
   * @param isForced whether also with nodes, which stay down until they are moved
   */
  remove(
    name: string,
    isForced: boolean,
  ): {
    readonly host: HostView;
    readonly changes: readonly Change[];
    readonly committed: () => void;
  };
  /**
   * Gives a node of a running cluster another host, where it begins with an empty volume.
   *
   * @returns the name of the host
   */
  moveNode(broker: BrokerRecord, number: number, hostName: string | undefined): Promise<string>;
}
