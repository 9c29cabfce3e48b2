// The names, folders and ports of the nodes of a cluster.

import { join } from 'node:path';

/** The ports of a node, all on the address of its host. */
export interface NodePorts {
  readonly amqps: number;
  readonly management: number;
  /** For the other nodes. */
  readonly distribution: number;
}

/** A node of a cluster, as the other nodes know it. */
export interface NodeAddress {
  /** From 1. */
  readonly number: number;
  /** The name that the other nodes know it by. It is stored in its data and never changes. */
  readonly name: string;
  /** The host name in it, which only the nodes resolve. */
  readonly host: string;
  /** The version of the RabbitMQ that runs it: `3.10`. */
  readonly version: string;
  /** The IPv4 address of its machine, on which it listens: the loopback address if all nodes share one. */
  readonly address: string;
  readonly ports: NodePorts;
}

/** A node of a cluster, and where its files are. */
export interface NodePlace extends NodeAddress {
  /** The folder of its mounted volume, which contains every file that it writes. */
  readonly root: string;
}

/** The address of nodes that share a machine with the service. */
export const loopback = '127.0.0.1';

/** The domain of the host names in the names of nodes. */
const domain = 'nodes.waxwing.internal';

/** The host name in the name of a node. */
export function hostOfNode(brokerId: string, number: number): string {
  return `n${number}.${brokerId}.${domain}`;
}

/**
 * The name of a node. epmd knows nodes by the part before the `@`, so that it differs between the nodes
 * of a cluster.
 */
export function nameOfNode(brokerId: string, number: number): string {
  return `rabbit${number}@${hostOfNode(brokerId, number)}`;
}

/** The files of a node, below its volume. */
export function filesOf({ root }: Pick<NodePlace, 'root'>) {
  const etc = join(root, 'etc');
  const run = join(root, 'run');
  return {
    etc,
    run,
    home: join(root, 'home'),
    data: join(root, 'data'),
    log: join(root, 'log'),
    cookie: join(root, 'home', '.erlang.cookie'),
    configuration: join(etc, 'rabbitmq.conf'),
    advanced: join(etc, 'advanced.config'),
    distribution: join(etc, 'inter-node-tls.config'),
    hosts: join(etc, 'inetrc'),
    plugins: join(etc, 'enabled-plugins'),
    definitions: join(etc, 'definitions.json'),
    /** A folder of plugins, with one that is ours. */
    ownPlugins: join(etc, 'plugins'),
    /** The authorities of brokers that shovels and federation connect to. */
    peerAuthorities: join(etc, 'peers.pem'),
    /** For the other nodes: the authority, and the certificate and key of this node. */
    authority: join(etc, 'authority.pem'),
    nodeCertificate: join(etc, 'node.pem'),
    nodeKey: join(etc, 'node.key'),
    /** For clients. */
    serverCertificate: join(etc, 'server.pem'),
    serverKey: join(etc, 'server.key'),
    generated: join(run, 'config'),
    expanded: join(run, 'plugins'),
    pid: join(run, 'pid'),
  };
}
