// How a cluster is run.

import type { NodeHost } from './hosts/node-host.ts';

/** How a cluster is run. */
export interface ClusterOptions {
  readonly brokerId: string;
  /** The folder of the broker. */
  readonly folder: string;
  /** In the order of the nodes. */
  readonly places: readonly ClusterPlace[];
  /** The wrapped data key of a volume, which is stored beside it again if the node moves. */
  readonly wrappedKey: (volumeId: string) => Promise<Buffer>;
}

/** Where a node of a cluster is. */
export interface ClusterPlace {
  readonly volumeId: string;
  readonly host: NodeHost;
  /** The version with which the node starts: `3.10`. */
  readonly version: string;
  /** Whether the node has moved there, and is not in the cluster yet. */
  readonly isNew: boolean;
}

/** Events of a cluster. */
export interface ClusterEvents {
  /** A line of the log of a node. */
  line(nodeName: string, text: string): void;
  log(level: 'info' | 'warn' | 'error', text: string): void;
  /** A node lost its volume, and needs its data key. */
  needsKeys(detail: string): void;
  /** The cluster has ended. */
  ended(detail: string): void;
  /** The nodes have answered, or one has ended. */
  looked(): void;
  /** A node that had moved is in the cluster. */
  joined(volumeId: string): Promise<void>;
  /** A node is started with another version from now on. */
  upgrading(number: number, version: string): Promise<void>;
}
