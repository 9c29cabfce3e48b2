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
  /** Whether the node has moved there, and is not in the cluster yet. */
  readonly isNew: boolean;
}
