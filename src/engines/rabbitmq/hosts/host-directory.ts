// The machines besides that of the service, and which nodes are where.

import type { NodeHost } from './node-host.ts';

/** Where the volume of a node is. */
export interface Placement {
  readonly brokerId: string;
  readonly volumeId: string;
  readonly hostId: string;
  /** Whether the node has moved there, and is not in its cluster yet. */
  readonly isNew: boolean;
}

/** A machine that has joined the service. It has no versions until it was connected. */
export type JoinedHost = NodeHost;

/** A node that moves, because its host is lost. */
export interface MovedNode {
  readonly brokerId: string;
  readonly node: number;
  /** The names of the hosts. */
  readonly from: string;
  readonly to: string;
}

/** The machines that have joined, and the places of nodes. */
export interface HostDirectory {
  /** All machines that have joined. */
  readonly hosts: readonly JoinedHost[];
  /** A machine. One that was removed is never reachable. */
  host(id: string): NodeHost;
  /** Undefined for volumes on the machine of the service. */
  placementOf(volumeId: string): Placement | undefined;
  /** The nodes on a machine. */
  nodeCountOf(hostId: string): number;
  /** Records where the volumes of a broker are; those that are not stated are on the machine of the service. */
  place(brokerId: string, placements: readonly Placement[]): Promise<void>;
  /** Whether a machine cannot be reached for so long that its nodes are to be replaced. */
  isLost(hostId: string): boolean;
  /** A node of a machine that is lost has got another one. */
  replaced(moved: MovedNode): void;
  /** Removes what a machine has of a broker, once it can be reached. */
  remove(brokerId: string): Promise<void>;
}
