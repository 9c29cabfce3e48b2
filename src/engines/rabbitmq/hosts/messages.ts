// The messages about nodes between the service and a host, as the receiver checks them.

import {
  address,
  anyText,
  type Fields,
  list,
  object,
  text,
  truth,
  whole,
} from '../../../hosts/channel/fields.ts';
import { HostError } from '../../../hosts/errors.ts';
import type { NodeAddress } from '../nodes/node-place.ts';
import type {
  ChangedFiles,
  HostedSettings,
  HostedVolumeState,
  LastSeen,
  NodeCommand,
  NodeFiles,
  PlainCommand,
} from './node-host.ts';

/** Maximum number of nodes of a cluster in a message. */
export const nodeCountMax = 9;
const pluginCountMax = 200;
/** Minor versions of RabbitMQ on one host. */
const versionCountMax = 32;
/** Volumes of a host that it reports. */
const volumeCountMax = 500;
const lineCountMax = 1000;
const lengthMax = {
  authorities: 1024 * 1024,
  line: 4096,
  definitions: 1024 * 1024,
  pem: 32 * 1024,
  secret: 256,
} as const;
const printable = /^[\x20-\x7e]*$/;
const states = ['missing', 'locked', 'mounted', 'fenced'] as const;

/** The broker and the volume that a message is about. */
export interface NodeId {
  readonly brokerId: string;
  readonly volumeId: string;
}

/** The id of a broker, which becomes the name of a folder. */
export function readBroker(fields: Fields): string {
  return text(fields, 'broker', /^b-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
}

/** See {@link NodeId}. */
export function readNodeId(fields: Fields): NodeId {
  const volumeId = text(fields, 'volume', /^vol-[0-9a-f]{17}$/);
  return { brokerId: readBroker(fields), volumeId };
}

/** The members of a message about a node. */
export function nodeIdFields({ brokerId, volumeId }: NodeId) {
  return { broker: brokerId, volume: volumeId };
}

/** A port for nodes. */
export function readPort(fields: Fields, name = 'port'): number {
  return whole(fields, name, 1024, 65_535);
}

/** The address of a node. */
export function readNode(fields: Fields, name: string): NodeAddress {
  const node = object(fields, name);
  const ports = object(node, 'ports');
  // 0 for a node whose host was never reached.
  const port = (key: string) => whole(ports, key, 0, 65_535);
  return {
    number: whole(node, 'number', 1, nodeCountMax),
    name: text(node, 'name', /^rabbit\d@[\w.-]+$/),
    host: text(node, 'host', /^[\w.-]+$/),
    version: text(node, 'version', /^\d{1,3}(\.\d{1,3}){1,2}$/),
    address: address(node, 'address'),
    ports: {
      amqps: port('amqps'),
      management: port('management'),
      distribution: port('distribution'),
    },
  };
}

function readSettings(fields: Fields): HostedSettings {
  const settings = object(fields, 'settings');
  const tls = object(settings, 'tls');
  const names = (from: Fields, name: string, pattern: RegExp) =>
    list(from, name, lineCountMax, (item) => text(item, 'item', pattern, lengthMax.line));
  return {
    node: readNode(settings, 'node'),
    nodes: list(settings, 'nodes', nodeCountMax, (item) => readNode(item, 'item')),
    seed: text(settings, 'seed', /^rabbit\d@[\w.-]+$/),
    clusterName: text(settings, 'clusterName', /^[\w.-]+$/),
    tls: { versions: names(tls, 'versions', /^[\w.]+$/), suites: names(tls, 'suites', /^[\w-]+$/) },
    memoryBytesMax: whole(settings, 'memoryBytesMax', 1, Number.MAX_SAFE_INTEGER),
    diskReserveBytes: whole(settings, 'diskReserveBytes', 0, Number.MAX_SAFE_INTEGER),
    ownLines: names(settings, 'ownLines', printable),
    serviceUser: text(settings, 'serviceUser', /^[\w-]+$/),
  };
}

function readCertificate(fields: Fields, name: string) {
  const found = object(fields, name);
  return {
    certificate: anyText(found, 'certificate', lengthMax.pem),
    privateKey: anyText(found, 'privateKey', lengthMax.pem),
  };
}

/** The files of a node. */
export function readFiles(fields: Fields): NodeFiles {
  const nodeCertificate = object(fields, 'nodeCertificate');
  return {
    settings: readSettings(fields),
    plugins: readPlugins(fields),
    definitions: anyText(fields, 'definitions', lengthMax.definitions),
    cookie: text(fields, 'cookie', /^[0-9a-f]+$/, lengthMax.secret),
    nodeCertificate: {
      ...readCertificate(fields, 'nodeCertificate'),
      authority: anyText(nodeCertificate, 'authority', lengthMax.pem),
    },
    serverCertificate: readCertificate(fields, 'serverCertificate'),
    peerAuthorities: anyText(fields, 'peerAuthorities', lengthMax.authorities),
    isNew: truth(fields, 'isNew'),
  };
}

/** Changed files of a node. */
export function readChangedFiles(fields: Fields): ChangedFiles {
  return {
    settings: readSettings(fields),
    ...('definitions' in fields && {
      definitions: anyText(fields, 'definitions', lengthMax.definitions),
    }),
    ...('serverCertificate' in fields && {
      serverCertificate: readCertificate(fields, 'serverCertificate'),
    }),
  };
}

const plainCommands: readonly PlainCommand[] = [
  'check-quorum',
  'check-mirrors',
  'drain',
  'revive',
  'enable-flags',
  'rebalance',
];

/** A command for a node. */
export function readCommand(fields: Fields): NodeCommand {
  const command = object(fields, 'command');
  const kind = text(command, 'kind', /^[a-z-]+$/);
  if (kind === 'import-definitions' || kind === 'force-boot') return { kind };
  const plain = plainCommands.find((each) => each === kind);
  if (plain !== undefined) return { kind: plain };
  if (kind === 'forget' || kind === 'grow' || kind === 'shrink') {
    return { kind, node: readNode(command, 'node') };
  }
  if (kind !== 'hosts') throw new HostError('message-invalid', `there is no command '${kind}'`);
  return {
    kind: 'hosts',
    nodes: list(command, 'nodes', nodeCountMax, (item) => readNode(item, 'item')),
    gone: list(command, 'gone', nodeCountMax, (item) => address(item, 'item')),
  };
}

/** What a host says about one of its volumes. */
export interface VolumeReport extends NodeId {
  readonly state: HostedVolumeState;
  readonly isRunning: boolean;
}

/** A RabbitMQ that a host has. */
export interface InstalledVersion {
  /** `3.10.8` */
  readonly version: string;
  readonly plugins: readonly string[];
}

/** What a host says about itself when it connects. */
export interface HostReport {
  /** The newest first, at least one. */
  readonly installed: readonly InstalledVersion[];
  readonly volumes: readonly VolumeReport[];
}

/** See {@link HostReport}. */
export function readReport(fields: Fields): HostReport {
  const installed = list(fields, 'installed', versionCountMax, (item) => {
    const one = object(item, 'item');
    return {
      version: text(one, 'version', /^\d{1,3}(\.\d{1,3}){1,3}([~+-][\w.~+-]*)?$/, 64),
      plugins: readPlugins(one),
    };
  });
  if (installed.length === 0) throw new HostError('message-invalid', `'installed' is empty`);
  return {
    installed,
    volumes: list(fields, 'volumes', volumeCountMax, (item) => {
      const volume = object(item, 'item');
      return {
        ...readNodeId(volume),
        state: readState(volume),
        isRunning: truth(volume, 'isRunning'),
      };
    }),
  };
}

function readPlugins(fields: Fields): string[] {
  return list(fields, 'plugins', pluginCountMax, (item) => text(item, 'item', /^[a-z\d_]+$/));
}

/** What a node knew of the others. */
export function readLastSeen(fields: Fields): LastSeen {
  return {
    running: list(fields, 'running', nodeCountMax, (item) =>
      text(item, 'item', /^rabbit\d@[\w.-]+$/),
    ),
    changedMs: whole(fields, 'changedMs', 0, Number.MAX_SAFE_INTEGER),
  };
}

/** The state of a volume. */
export function readState(fields: Fields): HostedVolumeState {
  const found = text(fields, 'state', new RegExp(`^(${states.join('|')})$`));
  return states.find((state) => state === found) ?? 'missing';
}

/** Ports that a host has found. */
export function readPorts(fields: Fields): number[] {
  return list(fields, 'ports', nodeCountMax, (item) => readPort(item, 'item'));
}

/** The length of a line of a log, or of a reason, that a host may send. */
export const eventTextMax = 8192;
