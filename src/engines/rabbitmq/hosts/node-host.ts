// The machines on which the nodes of clusters run.

import type { KeyObject } from 'node:crypto';
import type { EncryptedVolumeState } from '../../../volumes/encrypted-volume.ts';
import type { MountCount } from '../../volumes/volume-files.ts';
import type { NodeCertificate } from '../nodes/node-certificates.ts';
import type { NodeSettings } from '../nodes/node-configuration.ts';
import type { NodeAddress } from '../nodes/node-place.ts';

/** The settings of a node without the place of its files, which only its host knows. */
export interface HostedSettings extends Omit<NodeSettings, 'node'> {
  readonly node: NodeAddress;
}

/** The contents of the files of a node. */
export interface NodeFiles {
  readonly settings: HostedSettings;
  /** The plugins that every host of the cluster has. */
  readonly plugins: readonly string[];
  /** See `definitionsOf`. */
  readonly definitions: string;
  /** The secret that all nodes of a cluster know. */
  readonly cookie: string;
  readonly nodeCertificate: NodeCertificate;
  /** The authorities of brokers that shovels and federation connect to, PEM. */
  readonly peerAuthorities: string;
  /** For clients. */
  readonly serverCertificate: { readonly certificate: string; readonly privateKey: string };
  /** Whether data that the node may have is removed: it has never been in the cluster. */
  readonly isNew: boolean;
}

/** Files that replace those of a node before its next start. */
export interface ChangedFiles
  extends Partial<Pick<NodeFiles, 'definitions' | 'serverCertificate'>> {
  readonly settings: HostedSettings;
}

/** A command that a running node carries out. */
export type NodeCommand =
  /** Imports the definitions among the files of the node. */
  | { readonly kind: 'import-definitions' }
  /** Makes a node that does not run start without those that ended after it. */
  | { readonly kind: 'force-boot' }
  /** Removes a node that does not run from the cluster. */
  | { readonly kind: 'forget'; readonly node: NodeAddress }
  /** Tells the node where all nodes are, and from which addresses some have gone. */
  | {
      readonly kind: 'hosts';
      readonly nodes: readonly NodeAddress[];
      readonly gone: readonly string[];
    }
  /** Removes a node from all quorum queues. */
  | { readonly kind: 'shrink'; readonly node: NodeAddress }
  /** Gives every quorum queue a member on a node. */
  | { readonly kind: 'grow'; readonly node: NodeAddress }
  | { readonly kind: PlainCommand };

/** Commands without more. */
export type PlainCommand =
  /** Fails if a quorum queue or a stream would lose its majority without the node. */
  | 'check-quorum'
  /** Fails if a classic queue would lose its only synchronised copy without the node; before RabbitMQ 4. */
  | 'check-mirrors'
  /** Makes the node accept no clients, and moves what it leads to other nodes. */
  | 'drain'
  /** Undoes `drain`. */
  | 'revive'
  /** Enables all stable feature flags that every node of the cluster knows. */
  | 'enable-flags'
  /** Spreads the leaders of queues over the nodes. */
  | 'rebalance';

/** What a node knew of the others when it ended. */
export interface LastSeen {
  /** The names of the nodes that ran, its own included; empty if it never ran. */
  readonly running: readonly string[];
  /** When that last changed, by the clock of its host; milliseconds, 0 if it never ran. */
  readonly changedMs: number;
}

/** Events of a node on its host. */
export interface HostedNodeEvents {
  /** A line of its log. */
  line(text: string): void;
  /** Its process ended although nobody stopped it. */
  ended(detail: string): void;
  /** Its volume is gone: the process was ended, and needs the data key to run again. */
  volumeLost(detail: string): void;
}

/** The state of a volume; `unreachable`: its host does not answer. */
export type HostedVolumeState = EncryptedVolumeState | 'unreachable';

/** The volume and the process of a node, on its host. Calls must not overlap, except for `command`. */
export interface HostedNode {
  /** Whether the process runs, as far as is known. */
  readonly isRunning: boolean;
  /** Creates an empty volume; see `EncryptedVolume.create`. Remains of an earlier one are removed. */
  create(dataKey: KeyObject, wrappedKey: Buffer): Promise<void>;
  /** Mounts the volume. @throws {VolumeError} see `EncryptedVolume.unlock` */
  unlock(dataKey: KeyObject): Promise<void>;
  /**
   * Checks the number of the last mount on the mounted volume, and replaces it.
   *
   * @throws {WaxwingError} `volume-rolled-back` if the volume is an older copy
   */
  count(mount: MountCount): Promise<void>;
  state(): Promise<HostedVolumeState>;
  /** Writes all files of the node to the mounted volume. */
  write(files: NodeFiles): Promise<void>;
  change(files: ChangedFiles): Promise<void>;
  /** Starts the process. The volume must be mounted. A failure is reported as its end. */
  start(node: NodeAddress, epmdPort: number): void;
  /** @returns why the command failed; undefined if it did not */
  command(node: NodeAddress, epmdPort: number, command: NodeCommand): Promise<string | undefined>;
  /** What it knew of the others. The volume must be mounted, and the process must not run. */
  lastSeen(node: NodeAddress): Promise<LastSeen>;
  /** Ends the process: it is asked to, and killed after a time. Its end is no event. */
  stop(): Promise<void>;
  /** Examines the volume of a running node, and ends the node if it fails repeatedly. */
  probe(): Promise<void>;
  /** Unmounts the volume. A process that runs is killed first. */
  lock(): Promise<void>;
  /** Removes the volume for good. */
  destroy(): Promise<void>;
}

/** A machine that runs nodes. */
export interface NodeHost {
  /** {@link localHostId} for the machine of the service. */
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  /** The IPv4 address on which its nodes listen if a cluster has several hosts. */
  readonly address: string;
  /** The versions of its RabbitMQ, `3.10.8`, the newest first. */
  readonly versions: readonly string[];
  /** The names of the plugins of its RabbitMQ of a minor version; undefined if it has none of it. */
  pluginsOf(version: string): readonly string[] | undefined;
  readonly isReachable: boolean;
  /** @throws if there are not enough */
  freePorts(address: string, count: number, isTaken: (port: number) => boolean): Promise<number[]>;
  isPortFree(address: string, port: number): Promise<boolean>;
  node(brokerId: string, volumeId: string, events: HostedNodeEvents): Promise<HostedNode>;
  /** The size of a volume on its disk; 0 if it is not known. */
  volumeBytes(brokerId: string, volumeId: string): Promise<number>;
  /** Starts the port mapper of a broker's nodes, unless it runs. It is started again if it ends. */
  startEpmd(brokerId: string, address: string, port: number): Promise<void>;
  stopEpmd(brokerId: string): Promise<void>;
}

/** The machine of the service. */
export const localHostId = 'local';
