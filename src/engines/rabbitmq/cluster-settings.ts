// What a cluster is run with.

import type { VolumeSpec } from '../../control/engine.ts';
import type { ServerCertificate } from '../../net/tls-listener.ts';
import type { VolumePlace } from '../../volumes/encrypted-volume.ts';
import type { FirstDefinitions } from './nodes/definitions.ts';
import type { NodeRunOptions } from './nodes/node.ts';
import type { NodeTls } from './nodes/node-configuration.ts';

/** What a cluster is started with, which a restart may change. */
export interface ClusterSettings {
  readonly clusterName: string;
  /** One for each node, with the numbers of its mounts. */
  readonly volumes: readonly VolumeSpec[];
  readonly tls: NodeTls;
  readonly memoryBytesMax: number;
  readonly diskReserveBytes: number;
  /** Lines for `rabbitmq.conf` that were checked. */
  readonly ownLines: readonly string[];
  readonly first: FirstDefinitions;
  readonly certificate: ServerCertificate;
  /** The authority of that certificate, PEM, and the name of the broker in it. */
  readonly authority: string;
  readonly serverName: string;
  /** The authorities of brokers that shovels and federation connect to, PEM. */
  readonly peerAuthorities: string;
  /** Tells the ports that brokers have for their clients. */
  readonly isPortTaken: (port: number) => boolean;
}

/** How a cluster is run. */
export interface ClusterOptions extends NodeRunOptions {
  readonly brokerId: string;
  /** The folder of the broker. */
  readonly folder: string;
  /** In the order of the nodes. */
  readonly volumes: readonly VolumePlace[];
  /** The program `rabbitmqctl`. */
  readonly control: string;
  readonly availablePlugins: readonly string[];
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
}
