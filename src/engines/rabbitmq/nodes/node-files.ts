// The files of a node that this program writes, all on the node's encrypted volume.

import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { VolumeOwner } from '../../../volumes/gocryptfs.ts';
import type { NodeFiles } from '../hosts/node-host.ts';
import { linksApplication, linksPlugin } from './links/links-plugin.ts';
import {
  advancedConfiguration,
  distributionConfiguration,
  enabledPlugins,
  hostsConfiguration,
  type NodeSettings,
  nodeConfiguration,
} from './node-configuration.ts';
import { filesOf, type NodePlace } from './node-place.ts';

/** The user of the nodes; undefined for the user of this process. */
type Owner = VolumeOwner | undefined;

/** The contents of the files of a node, their place, and what its host adds. */
type PlacedFiles = Omit<NodeFiles, 'settings'> & {
  readonly settings: NodeSettings;
  /** The compiled module of our plugin. */
  readonly linksCode: Buffer;
};

/** Writes the files of a node before its start. Its data is left as it is. */
export async function writeNodeFiles(contents: PlacedFiles, owner: Owner): Promise<void> {
  const { settings, plugins, definitions, cookie, nodeCertificate } = contents;
  const { node } = settings;
  const files = filesOf(node);
  await rm(files.run, { recursive: true, force: true });
  for (const folder of [files.etc, files.run, files.home, files.data, files.log]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
  }
  await writePrivately(files.cookie, cookie, owner, 0o400);
  await writeConfiguration(settings, owner);
  await writePrivately(files.advanced, advancedConfiguration(node), owner);
  await writePrivately(files.peerAuthorities, contents.peerAuthorities, owner);
  await writeOwnPlugin(node, contents.linksCode, owner);
  await writePrivately(files.distribution, distributionConfiguration(node), owner);
  await writePrivately(files.plugins, enabledPlugins(plugins), owner);
  await writePrivately(files.authority, nodeCertificate.authority, owner);
  await writePrivately(files.nodeCertificate, nodeCertificate.certificate, owner);
  await writePrivately(files.nodeKey, nodeCertificate.privateKey, owner);
  await writeServerCertificate(node, contents.serverCertificate, owner);
  await writeDefinitions(node, definitions, owner);
}

/** Replaces our plugin, in the form of a folder that RabbitMQ looks for. */
async function writeOwnPlugin(node: NodePlace, code: Buffer, owner: Owner): Promise<void> {
  const { ownPlugins } = filesOf(node);
  await rm(ownPlugins, { recursive: true, force: true });
  const plugin = join(ownPlugins, `${linksPlugin}-1.0.0`);
  const folder = join(plugin, 'ebin');
  for (const each of [ownPlugins, plugin, folder]) {
    await mkdir(each, { mode: 0o700 });
    if (owner !== undefined) await chown(each, owner.uid, owner.gid);
  }
  await writePrivately(join(folder, `${linksPlugin}.app`), linksApplication, owner);
  await writePrivately(join(folder, `${linksPlugin}.beam`), code, owner);
}

/** Replaces the definitions that the next start of a node imports. */
export function writeDefinitions(
  node: NodePlace,
  definitions: string,
  owner: Owner,
): Promise<void> {
  return writePrivately(filesOf(node).definitions, definitions, owner);
}

/**
 * Replaces the configuration, and the addresses of the other nodes, that the next start of a node reads.
 */
export async function writeConfiguration(settings: NodeSettings, owner: Owner): Promise<void> {
  const files = filesOf(settings.node);
  await writePrivately(files.configuration, nodeConfiguration(settings), owner);
  await writePrivately(files.hosts, hostsConfiguration(settings.nodes), owner);
}

/** Replaces the certificate for clients. A running node reads it within some minutes. */
export async function writeServerCertificate(
  node: NodePlace,
  { certificate, privateKey }: NodeFiles['serverCertificate'],
  owner: Owner,
): Promise<void> {
  const files = filesOf(node);
  await writePrivately(files.serverCertificate, certificate, owner);
  await writePrivately(files.serverKey, privateKey, owner);
}

/** Removes the data of a node that has never been in a cluster. */
export async function removeData(node: NodePlace): Promise<void> {
  await rm(filesOf(node).data, { recursive: true, force: true });
}

async function writePrivately(
  file: string,
  text: string | Buffer,
  owner: Owner,
  mode = 0o600,
): Promise<void> {
  // The superuser passes over the mode of a file that is there.
  await rm(file, { force: true });
  await writeFile(file, text, { mode });
  await chmod(file, mode);
  // Files belong to who created them, although the volume shows another owner.
  if (owner !== undefined) await chown(file, owner.uid, owner.gid);
}
