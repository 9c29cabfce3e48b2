// What the nodes of one start of a cluster share, and the files that they get.

import { systemClock } from '../../../base/clock.ts';
import { systemRandom } from '../../../base/random.ts';
import type { VolumeSpec } from '../../../control/engine.ts';
import type { ServerCertificate } from '../../../net/tls-listener.ts';
import {
  type ChangedFiles,
  type HostedSettings,
  localHostId,
  type NodeHost,
} from '../hosts/node-host.ts';
import {
  definitionsOf,
  type FirstDefinitions,
  healthDefinitions,
  rabbitMqHash,
  serviceUser,
} from './definitions.ts';
import type { Node } from './node.ts';
import { NodeAuthority } from './node-certificates.ts';
import type { NodeTls } from './node-configuration.ts';
import { hostOfNode, loopback, type NodeAddress, nameOfNode } from './node-place.ts';

/** Ports of a node: for clients, for management, for other nodes. */
const portsPerNode = 3;
/** Attempts to find a port that is free on all hosts. */
const attemptCountMax = 20;

/** What a cluster is started with, which a restart may change. */
export interface ClusterSettings {
  readonly clusterName: string;
  /** Whether the nodes get another version, with which one of them may not run. */
  readonly isUpgrade: boolean;
  /** One for each node, with the numbers of its mounts. */
  readonly volumes: readonly VolumeSpec[];
  readonly tls: NodeTls;
  readonly memoryBytesMax: number;
  readonly diskReserveBytes: number;
  /** Lines for `rabbitmq.conf` that were checked, for nodes of a version. */
  readonly ownLines: (version: string) => readonly string[];
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

/** The secrets and ports of one start of a cluster. */
export class SetUp {
  settings: ClusterSettings;
  /** The port of the port mappers of all hosts. */
  readonly epmdPort: number;
  readonly #brokerId: string;
  readonly #nodes: readonly Node[];
  readonly #authority: NodeAuthority;
  readonly #cookie = systemRandom.bytes(32).toString('hex');
  readonly #password = systemRandom.bytes(32).toString('base64url');

  private constructor(
    brokerId: string,
    nodes: readonly Node[],
    settings: ClusterSettings,
    authority: NodeAuthority,
    epmdPort: number,
  ) {
    this.#brokerId = brokerId;
    this.#nodes = nodes;
    this.settings = settings;
    this.#authority = authority;
    this.epmdPort = epmdPort;
  }

  /** @throws if no port is free on all hosts that are reachable */
  static async create(
    brokerId: string,
    nodes: readonly Node[],
    settings: ClusterSettings,
  ): Promise<SetUp> {
    const hosts = nodes.map(({ number }) => hostOfNode(brokerId, number));
    const authority = await NodeAuthority.create(hosts, systemClock.nowMs());
    const port = await commonPort(nodes, settings.isPortTaken);
    const made = new SetUp(brokerId, nodes, settings, authority, port);
    // The addresses of all nodes are part of the files of each.
    for (const node of nodes) await made.#settle(node);
    return made;
  }

  /** Definitions with the user of the service only: later users are the cluster's own. */
  get laterDefinitions(): string {
    return definitionsOf(rabbitMqHash(this.#password), undefined);
  }

  /** Gives a node its ports, or others if it has moved. */
  async #settle(node: Node): Promise<void> {
    const { authority, serverName } = this.settings;
    const address = addressOf(node, this.#nodes);
    const ports = node.host.isReachable ? await this.#freePorts(node, address) : [];
    const [amqps = 0, management = 0, distribution = 0] = ports;
    node.settle(
      {
        number: node.number,
        name: nameOfNode(this.#brokerId, node.number),
        host: hostOfNode(this.#brokerId, node.number),
        address,
        ports: { amqps, management, distribution },
      },
      { username: serviceUser, password: this.#password, authority, serverName },
    );
  }

  #freePorts(node: Node, address: string): Promise<number[]> {
    const { isPortTaken } = this.settings;
    const own = new Set([this.epmdPort, ...this.#nodes.flatMap(portsOf)]);
    const isTaken = (port: number) => own.has(port) || isPortTaken(port);
    return node.host.freePorts(address, portsPerNode, isTaken);
  }

  /**
   * Writes all files of a node.
   *
   * @param isNew whether it has never been in the cluster
   * @param seed the node that a new one joins
   * @param hasUsers whether the cluster begins with the users of the request
   */
  async write(
    node: Node,
    { isNew, seed, hasUsers }: Readonly<Record<'isNew' | 'hasUsers', boolean>> & { seed: Node },
  ): Promise<void> {
    if (node.place.ports.amqps === 0) await this.#settle(node);
    const first = hasUsers ? this.settings.first : undefined;
    const hosted = await node.hosted();
    await hosted.write({
      settings: this.settingsOf(node, seed),
      plugins: this.#plugins(node.version),
      definitions: definitionsOf(rabbitMqHash(this.#password), first),
      cookie: this.#cookie,
      nodeCertificate: await this.#authority.issue(node.place, systemClock.nowMs()),
      serverCertificate: this.settings.certificate,
      peerAuthorities: this.settings.peerAuthorities,
      isNew,
    });
    await node.host.startEpmd(this.#brokerId, node.place.address, this.epmdPort);
    node.isWritten = true;
  }

  /** Gives a node that has moved ports on its new host, and writes its files. */
  async writeMoved(node: Node, seed: Node): Promise<void> {
    await this.#settle(node);
    await this.write(node, { isNew: true, seed, hasUsers: false });
  }

  /** Replaces files of a node, which its next start reads. */
  async change(node: Node, files: Omit<ChangedFiles, 'settings'>): Promise<void> {
    const hosted = await node.hosted();
    await hosted.change({ ...files, settings: this.settingsOf(node, this.#nodes[0] ?? node) });
  }

  /**
   * Lets a running node import what checks need, once: an import that fails would end its starts.
   *
   * @param run imports the definitions among the files of the node
   */
  async importHealth<T>(node: Node, run: () => Promise<T>): Promise<T> {
    const hash = rabbitMqHash(this.#password);
    await this.change(node, { definitions: healthDefinitions(hash) });
    try {
      return await run();
    } finally {
      await this.change(node, { definitions: this.laterDefinitions });
    }
  }

  settingsOf(node: Node, seed: Node): HostedSettings {
    const { clusterName, tls, memoryBytesMax, diskReserveBytes, ownLines } = this.settings;
    return {
      clusterName,
      tls,
      memoryBytesMax,
      diskReserveBytes,
      ownLines: ownLines(node.version),
      node: node.place,
      nodes: this.addresses,
      seed: seed.place.name,
      serviceUser,
    };
  }

  get addresses(): NodeAddress[] {
    return this.#nodes.map(({ place }) => place);
  }

  /** The plugins that every host with a version has: all its nodes in a cluster must have the same. */
  #plugins(version: string): string[] {
    const lists = this.#nodes
      .filter(({ host }) => host.isReachable)
      .flatMap(({ host }) => {
        const plugins = host.pluginsOf(version);
        return plugins === undefined ? [] : [plugins];
      });
    const [first = [], ...others] = lists;
    return first.filter((plugin) => others.every((list) => list.includes(plugin)));
  }
}

/** Nodes that share a machine need no other address than that of the machine itself. */
function addressOf({ host }: Node, nodes: readonly Node[]): string {
  return nodes.every((node) => node.host === nodes[0]?.host && isLocal(node.host))
    ? loopback
    : host.address;
}

function isLocal({ id }: NodeHost): boolean {
  return id === localHostId;
}

function portsOf(node: Node): number[] {
  return node.isSettled ? Object.values(node.place.ports) : [];
}

/** A port that is free on the addresses of all nodes. Erlang looks for port mappers on one port. */
async function commonPort(
  nodes: readonly Node[],
  isTaken: (port: number) => boolean,
): Promise<number> {
  // One node of each host: two looks at one port of a machine would be in each other's way.
  const reachable = nodes.filter(({ host }) => host.isReachable);
  const [first, ...others] = reachable.filter(
    (node, i) => reachable.findIndex(({ host }) => host === node.host) === i,
  );
  for (let attempt = 0; first !== undefined && attempt < attemptCountMax; attempt++) {
    const [port = 0] = await first.host.freePorts(addressOf(first, nodes), 1, isTaken);
    const areFree = await Promise.all(
      others.map((node) => node.host.isPortFree(addressOf(node, nodes), port)),
    );
    if (areFree.every(Boolean)) return port;
  }
  throw new Error('no port is free on all hosts of the cluster');
}
