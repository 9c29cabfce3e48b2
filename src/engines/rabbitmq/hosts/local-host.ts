// This machine as a place for nodes.

import { mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../../base/assert.ts';
import { systemClock } from '../../../base/clock.ts';
import { plainEnvironment } from '../../../base/programs/run-program.ts';
import { EncryptedVolume, type VolumePlace } from '../../../volumes/encrypted-volume.ts';
import { mountpointOf, removeGroup } from '../../../volumes/mountpoint.ts';
import { removeUnusedMountpoints } from '../../../volumes/unused-mountpoints.ts';
import { folderBytes } from '../../volumes/installed-engine-volumes.ts';
import { type Installation, installationFor } from '../installation.ts';
import { freePorts, isPortFree } from '../nodes/free-ports.ts';
import { LocalNode } from '../nodes/local-node.ts';
import { endMarkedProcesses, markOf } from '../nodes/marked-processes.ts';
import { NodeProcess } from '../nodes/node-process.ts';
import { type HostedNodeEvents, localHostId, type NodeHost } from './node-host.ts';

/** Pause before an ended port mapper is started again, milliseconds. */
const pauseMs = 1000;

/** Which machine this is, and where it keeps the files of nodes. */
export interface LocalHostOptions extends Pick<NodeHost, 'id' | 'name' | 'zone' | 'address'> {
  /** What there is of RabbitMQ, the newest first; empty if nothing can be used. */
  readonly installations: readonly Installation[];
  /** The data folder of this program. */
  readonly dataFolder: string;
  /** The folder with a subfolder for each cluster. */
  readonly folder: string;
  /** Lines of port mappers, and that they ended. */
  readonly log: (brokerId: string, level: 'info' | 'warn', text: string) => void;
}

/** The port mapper of a broker's nodes. */
interface Mapper {
  process: NodeProcess | undefined;
  isStopping: boolean;
}

/** This machine as a place for nodes: processes of this program, each on an encrypted volume. */
export class LocalHost implements NodeHost {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  readonly isReachable = true;
  readonly #options: LocalHostOptions;
  readonly #mappers = new Map<string, Mapper>();

  constructor(options: LocalHostOptions) {
    this.#options = options;
    this.id = options.id;
    this.name = options.name;
    this.zone = options.zone;
    this.address = options.address;
  }

  pluginsOf(version: string): readonly string[] | undefined {
    return installationFor(this.#options.installations, version)?.plugins;
  }

  get versions(): readonly string[] {
    return this.#options.installations.map(({ version }) => version);
  }

  /** What is installed here, the newest first. */
  get installed(): readonly Pick<Installation, 'version' | 'plugins'>[] {
    return this.#options.installations.map(({ version, plugins }) => ({ version, plugins }));
  }

  /** What all versions need is the same in each; that of the newest is used. */
  get #newest(): Installation {
    const [installation] = this.#options.installations;
    assert(installation !== undefined, 'a node is started without RabbitMQ');
    return installation;
  }

  freePorts(address: string, count: number, isTaken: (port: number) => boolean): Promise<number[]> {
    return freePorts(address, count, isTaken);
  }

  isPortFree(address: string, port: number): Promise<boolean> {
    return isPortFree(address, port);
  }

  /** Ends what an earlier process of this program left running. Returns how many, by broker. */
  async endLeftovers(): Promise<Map<string, number>> {
    // Nothing waits for this, and what it leaves is removed by a later start.
    void removeUnusedMountpoints().catch(() => {});
    const counts = new Map<string, number>();
    for (const brokerId of await this.brokers()) counts.set(brokerId, await this.endAll(brokerId));
    return counts;
  }

  /** Ends all processes of a broker that nobody supervises, and locks its volumes. */
  async endAll(brokerId: string): Promise<number> {
    const count = await endMarkedProcesses(await this.#folderOf(brokerId));
    for (const id of await this.volumesOf(brokerId)) {
      await new EncryptedVolume(this.#placeOf(brokerId, id), () => {}).lock({ isForced: true });
    }
    return count;
  }

  /** The ids of the brokers that have files on this machine. */
  brokers(): Promise<string[]> {
    return namesIn(this.#options.folder);
  }

  /** The ids of the volumes of a broker on this machine. */
  async volumesOf(brokerId: string): Promise<string[]> {
    const names = await namesIn(join(this.#options.folder, brokerId));
    return names.filter((name) => name.startsWith('vol-'));
  }

  async node(brokerId: string, volumeId: string, events: HostedNodeEvents): Promise<LocalNode> {
    await mkdir(join(this.#options.folder, brokerId), { recursive: true, mode: 0o700 });
    const { user } = this.#newest;
    const mark = markOf(await this.#folderOf(brokerId));
    const programs = (version: string) => {
      const found = installationFor(this.#options.installations, version);
      if (found !== undefined) return found;
      throw new Error(`this machine has no RabbitMQ ${version}`);
    };
    return new LocalNode(this.#placeOf(brokerId, volumeId), { programs, user, mark }, events);
  }

  volumeBytes(brokerId: string, volumeId: string): Promise<number> {
    return folderBytes(this.#placeOf(brokerId, volumeId).folder);
  }

  async startEpmd(brokerId: string, address: string, port: number): Promise<void> {
    if (this.#mappers.has(brokerId)) return;
    const mapper: Mapper = { process: undefined, isStopping: false };
    this.#mappers.set(brokerId, mapper);
    const mark = markOf(await this.#folderOf(brokerId));
    if (!mapper.isStopping) this.#startMapper(mapper, brokerId, address, port, mark);
  }

  #startMapper(
    mapper: Mapper,
    brokerId: string,
    address: string,
    port: number,
    mark: Readonly<Record<string, string>>,
  ): void {
    const { log } = this.#options;
    mapper.process = new NodeProcess(
      {
        file: this.#newest.epmd,
        args: ['-port', String(port), '-address', address],
        folder: '/',
        environment: { ...plainEnvironment, ...mark },
        user: this.#newest.user,
      },
      {
        line: (text) => log(brokerId, 'info', `epmd: ${text}`),
        ended: (detail) => {
          if (mapper.isStopping) return;
          log(brokerId, 'warn', `epmd ended (${detail}) and is started again`);
          systemClock.setTimeout(() => {
            if (mapper.isStopping) return;
            this.#startMapper(mapper, brokerId, address, port, mark);
          }, pauseMs);
        },
      },
    );
  }

  async stopEpmd(brokerId: string): Promise<void> {
    const mapper = this.#mappers.get(brokerId);
    if (mapper === undefined) return;
    this.#mappers.delete(brokerId);
    mapper.isStopping = true;
    mapper.process?.kill();
    await mapper.process?.ended;
  }

  /** Removes everything of a broker from this machine. */
  async remove(brokerId: string): Promise<void> {
    await this.stopEpmd(brokerId);
    if (!(await this.brokers()).includes(brokerId)) return;
    const folder = await this.#folderOf(brokerId);
    await endMarkedProcesses(folder);
    for (const id of await this.volumesOf(brokerId)) {
      await new EncryptedVolume(this.#placeOf(brokerId, id), () => {}).destroy();
    }
    await rm(folder, { recursive: true, force: true });
  }

  /** Removes what is left of a host whose nodes have ended. */
  async close(): Promise<void> {
    if (this.id !== localHostId) await removeGroup(this.id);
  }

  #placeOf(brokerId: string, id: string): VolumePlace {
    const { folder, dataFolder } = this.#options;
    // A node that moves keeps the id of its volume, even between two hosts on one machine.
    const group = this.id === localHostId ? undefined : this.id;
    const mountpoint = mountpointOf(dataFolder, id, group);
    return { id, folder: join(folder, brokerId, id), mountpoint };
  }

  /** The folder of a broker, without symbolic links, which would give its processes another mark. */
  #folderOf(brokerId: string): Promise<string> {
    return realpath(join(this.#options.folder, brokerId));
  }
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
