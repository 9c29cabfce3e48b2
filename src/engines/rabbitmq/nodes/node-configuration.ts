// The configuration files of a node.

import { hasLogCategories, logLineFormat } from '../log-line.ts';
import { confValue, erlangAddress, erlangString } from './erlang-text.ts';
import { linksPlugin } from './links/links-plugin.ts';
import { filesOf, loopback, type NodeAddress, type NodePlace } from './node-place.ts';

/** The TLS settings of the ports for clients. */
export interface NodeTls {
  /** `tlsv1.3`, `tlsv1.2` */
  readonly versions: readonly string[];
  /** OpenSSL's names of the cipher suites for all TLS versions, in order of preference. */
  readonly suites: readonly string[];
}

/** What the configuration of a node depends on. */
export interface NodeSettings {
  readonly node: NodePlace;
  /** All nodes of the cluster, this one included. */
  readonly nodes: readonly NodeAddress[];
  /** The name of the node that a new node joins. */
  readonly seed: string;
  readonly clusterName: string;
  readonly tls: NodeTls;
  readonly memoryBytesMax: number;
  readonly diskReserveBytes: number;
  /** Lines of the broker's configuration that were checked. */
  readonly ownLines: readonly string[];
  /** The user by which the service asks the nodes; on the loopback address, from this machine only. */
  readonly serviceUser: string;
}

/** The cipher suites of the nodes among themselves, in TLS 1.3. Erlang's own list has weaker ones. */
const distributionSuites = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
] as const;

/** Seconds after which nodes that do not hear from each other count as separated; 60 by default. */
const netTickSeconds = 15;

/** `rabbitmq.conf` of a node. It opens no port without TLS. */
export function nodeConfiguration(settings: NodeSettings): string {
  const { node, seed, ownLines } = settings;
  const files = filesOf(node);
  const { amqps, management } = node.ports;
  const lines: (readonly [string, string | number])[] = [
    ['listeners.tcp', 'none'],
    ['listeners.ssl.default', `${node.address}:${amqps}`],
    ...tlsLines('ssl_options', settings),
    ['ssl_options.verify', 'verify_none'],
    // The service forwards connections, and states the address of the client before TLS begins.
    ['proxy_protocol', 'true'],
    ['management.ssl.ip', node.address],
    ['management.ssl.port', management],
    ...tlsLines('management.ssl', settings),
    ['cluster_name', settings.clusterName],
    ['cluster_partition_handling', 'pause_minority'],
    ['net_ticktime', netTickSeconds],
    ['cluster_formation.peer_discovery_backend', 'rabbit_peer_discovery_classic_config'],
    // With one node alone, the order in which a new cluster forms is always the same.
    ['cluster_formation.classic_config.nodes.1', seed],
    ['load_definitions', files.definitions],
    ['loopback_users.guest', 'true'],
    ...(node.address === loopback ? [localUser(settings.serviceUser)] : []),
    ['vm_memory_high_watermark.absolute', settings.memoryBytesMax],
    ['disk_free_limit.absolute', settings.diskReserveBytes],
    ['log.console', 'true'],
    ['log.console.level', 'info'],
    ['log.file', 'false'],
  ];
  const text = lines.map(([key, value]) => `${key} = ${confValue(String(value))}`);
  if (hasLogCategories(node.version)) {
    text.push('log.console.use_colors = off');
    text.push(`log.console.formatter.plaintext.format = ${logLineFormat}`);
  }
  return `${[...text, ...ownLines].join('\n')}\n`;
}

function localUser(name: string): readonly [string, string] {
  return [`loopback_users.${name}`, 'true'];
}

function tlsLines(prefix: string, { node, tls }: NodeSettings): [string, string][] {
  const { serverCertificate, serverKey } = filesOf(node);
  return [
    [`${prefix}.certfile`, serverCertificate],
    [`${prefix}.keyfile`, serverKey],
    [`${prefix}.honor_cipher_order`, 'true'],
    [`${prefix}.honor_ecc_order`, 'true'],
    [`${prefix}.client_renegotiation`, 'false'],
    ...tls.versions.map((version, i): [string, string] => [`${prefix}.versions.${i + 1}`, version]),
    ...tls.suites.map((suite, i): [string, string] => [`${prefix}.ciphers.${i + 1}`, suite]),
  ];
}

/** `advanced.config` of a node: Mnesia writes no dumps of its memory. */
export function advancedConfiguration(node: NodePlace): string {
  const authorities = erlangString(filesOf(node).peerAuthorities);
  return `[{mnesia, [{core_dir, false}]}, {${linksPlugin}, [{authorities, ${authorities}}]}].\n`;
}

/** TLS 1.3 of a node towards the others. Both sides must have a certificate of the authority. */
export function distributionConfiguration(node: NodePlace): string {
  const files = filesOf(node);
  const common = [
    `{cacertfile, ${erlangString(files.authority)}}`,
    `{certfile, ${erlangString(files.nodeCertificate)}}`,
    `{keyfile, ${erlangString(files.nodeKey)}}`,
    '{verify, verify_peer}',
    "{versions, ['tlsv1.3']}",
    `{ciphers, [${distributionSuites.map(erlangString).join(', ')}]}`,
  ];
  const server = ['{fail_if_no_peer_cert, true}', ...common];
  return `[{server, [${server.join(', ')}]},\n {client, [${common.join(', ')}]}].\n`;
}

/** The names of the nodes, which no name server knows. */
export function hostsConfiguration(nodes: readonly NodeAddress[]): string {
  // One entry for each address: another one for the same address would replace it.
  const entries = [...new Set(nodes.map(({ address }) => address))].map((address) => {
    const hosts = nodes.filter((node) => node.address === address).map(({ host }) => host);
    return `{host, ${erlangAddress(address)}, [${hosts.map(erlangString).join(', ')}]}.\n`;
  });
  return `${entries.join('')}{lookup, [file, native]}.\n`;
}

/** The plugins of brokers of Amazon MQ; those of RabbitMQ 3 that version 4 has in its core included. */
const plugins = ['rabbitmq_management', 'rabbitmq_amqp1_0', 'rabbitmq_consistent_hash_exchange'];

/** The plugins that connect nodes to other brokers. */
const linkPlugins = [
  'rabbitmq_federation',
  'rabbitmq_federation_management',
  'rabbitmq_shovel',
  'rabbitmq_shovel_management',
];

/**
 * The plugins of a node that its RabbitMQ has. Those that connect to other brokers are enabled together
 * with ours, which permits only TLS.
 */
export function enabledPlugins(available: readonly string[]): string {
  const hasLinks = linkPlugins.every((plugin) => available.includes(plugin));
  const links = hasLinks ? [...linkPlugins, linksPlugin] : [];
  const enabled = [...plugins.filter((plugin) => available.includes(plugin)), ...links];
  return `[${enabled.join(', ')}].\n`;
}
