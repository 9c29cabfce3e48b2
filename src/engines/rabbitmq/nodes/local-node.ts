// The volume and the process of a node on this machine.

import type { KeyObject } from 'node:crypto';
import { dirname, join } from 'node:path';
import { systemClock } from '../../../base/clock.ts';
import { EncryptedVolume, type VolumePlace } from '../../../volumes/encrypted-volume.ts';
import type { VolumeOwner } from '../../../volumes/gocryptfs.ts';
import { countMount, type MountCount, readVolumeFile } from '../../volumes/volume-files.ts';
import { nodeCountMax } from '../hosts/messages.ts';
import type {
  ChangedFiles,
  HostedNode,
  HostedNodeEvents,
  HostedSettings,
  HostedVolumeState,
  LastSeen,
  NodeCommand,
  NodeFiles,
} from '../hosts/node-host.ts';
import type { Installation } from '../installation.ts';
import { linksPluginCode } from './links/links-plugin.ts';
import { CommandRun } from './node-command.ts';
import { nodeEnvironment } from './node-environment.ts';
import {
  removeData,
  writeConfiguration,
  writeDefinitions,
  writeNodeFiles,
  writeServerCertificate,
} from './node-files.ts';
import { filesOf, type NodeAddress, type NodePlace } from './node-place.ts';
import { NodeProcess } from './node-process.ts';

/** Time for a node to close its connections and files, milliseconds. */
const stopMs = 25_000;
/** Time for a killed process to be gone, milliseconds. */
const killMs = 5000;
/** Consecutive examinations of a volume that must fail before it counts as lost. */
const probeFailuresMax = 3;

/** How nodes are run. */
export interface LocalNodeOptions {
  /** The programs of a version of RabbitMQ. @throws if this machine does not have it */
  readonly programs: (version: string) => Installation;
  /** Undefined for the user of this process. */
  readonly user: VolumeOwner | undefined;
  /** Marks the processes of the broker. */
  readonly mark: Readonly<Record<string, string>>;
}

/** The volume and the process of a node on this machine. */
export class LocalNode implements HostedNode {
  readonly volume: EncryptedVolume;
  readonly #options: LocalNodeOptions;
  readonly #events: HostedNodeEvents;
  #process: NodeProcess | undefined = undefined;
  readonly #commands = new Set<CommandRun>();
  #probeFailures = 0;

  constructor(volume: VolumePlace, options: LocalNodeOptions, events: HostedNodeEvents) {
    this.#options = options;
    this.#events = events;
    this.volume = new EncryptedVolume(volume, (detail) => void this.#volumeEnded(detail));
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  create(dataKey: KeyObject, wrappedKey: Buffer): Promise<void> {
    return this.volume.create(dataKey, wrappedKey);
  }

  async unlock(dataKey: KeyObject): Promise<void> {
    await this.volume.unlock(dataKey, this.#options.user ?? { uid: 0, gid: 0 });
  }

  count(mount: MountCount): Promise<void> {
    const owner = this.#options.user ?? { uid: 0, gid: 0 };
    return countMount(owner, this.volume.place.mountpoint, mount);
  }

  state(): Promise<HostedVolumeState> {
    return this.volume.state();
  }

  async write(files: NodeFiles): Promise<void> {
    const settings = this.#settingsOf(files.settings);
    if (files.isNew) await removeData(settings.node);
    const { user, programs } = this.#options;
    const { erl } = programs(settings.node.version);
    const linksCode = await linksPluginCode(erl, user);
    await writeNodeFiles({ ...files, settings, linksCode }, user);
  }

  async change({ settings, definitions, serverCertificate }: ChangedFiles): Promise<void> {
    const { user } = this.#options;
    const own = this.#settingsOf(settings);
    await writeConfiguration(own, user);
    if (definitions !== undefined) await writeDefinitions(own.node, definitions, user);
    if (serverCertificate === undefined) return;
    await writeServerCertificate(own.node, serverCertificate, user);
  }

  start(node: NodeAddress, epmdPort: number): void {
    const { user, mark } = this.#options;
    const place = this.#placeOf(node);
    let programs: Installation;
    try {
      programs = this.#options.programs(node.version);
    } catch (error) {
      queueMicrotask(() => this.#events.ended(String(error)));
      return;
    }
    const { server, erl, pluginsFolder } = programs;
    const { run, ownPlugins } = filesOf(place);
    const process = new NodeProcess(
      {
        file: server,
        args: [],
        folder: run,
        environment: {
          ...nodeEnvironment(place, epmdPort, dirname(erl)),
          RABBITMQ_PLUGINS_DIR: `${ownPlugins}:${pluginsFolder}`,
          ...mark,
        },
        user,
      },
      {
        line: (text) => this.#events.line(text),
        ended: (detail) => {
          if (this.#process !== process) return;
          this.#process = undefined;
          this.#events.ended(detail);
        },
      },
    );
    this.#process = process;
  }

  async lastSeen(node: NodeAddress): Promise<LastSeen> {
    const { data } = filesOf(this.#placeOf(node));
    const owner = this.#options.user ?? { uid: 0, gid: 0 };
    const file = join(data, node.name, 'nodes_running_at_shutdown');
    const found = await readVolumeFile(owner, file);
    if (found === undefined) return { running: [], changedMs: 0 };
    const running = [...found.text.matchAll(/rabbit\d@[\w.-]+/g)].map(([name]) => name);
    return { running: running.slice(0, nodeCountMax), changedMs: found.changedMs };
  }

  async command(
    node: NodeAddress,
    epmdPort: number,
    command: NodeCommand,
  ): Promise<string | undefined> {
    const { programs, user, mark } = this.#options;
    const options = { ...programs(node.version), user, mark, epmdPort };
    const run = new CommandRun(this.#placeOf(node), command, options);
    this.#commands.add(run);
    return run.ended.finally(() => this.#commands.delete(run));
  }

  async stop(): Promise<void> {
    await this.#endCommands();
    const process = this.#forget();
    if (process === undefined) return;
    process.stop();
    if (!(await endsWithin(process, stopMs))) await this.#kill(process);
  }

  async #endCommands(): Promise<void> {
    for (const run of this.#commands) run.kill();
    await Promise.all([...this.#commands].map(({ ended }) => ended));
  }

  async #kill(process: NodeProcess): Promise<void> {
    process.kill();
    if (await endsWithin(process, killMs)) return;
    // A process that waits for its volume does not end before the volume is fenced.
    await this.volume.fence();
    process.kill();
    if (await endsWithin(process, killMs)) return;
    throw new Error(`process ${process.pid} of a node does not end`);
  }

  #forget(): NodeProcess | undefined {
    const process = this.#process;
    this.#process = undefined;
    return process;
  }

  /** A node on a frozen volume looks healthy to the others. */
  async probe(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    const problem = await this.volume.problem();
    if (this.#process !== process) return;
    this.#probeFailures = problem === undefined ? 0 : this.#probeFailures + 1;
    if (this.#probeFailures < probeFailuresMax) return;
    this.#probeFailures = 0;
    await this.#volumeEnded(`its volume does not work: ${problem}`);
  }

  async lock(): Promise<void> {
    await this.#endCommands();
    const process = this.#forget();
    if (process !== undefined) await this.#kill(process);
    await this.volume.lock({ isForced: true });
  }

  async destroy(): Promise<void> {
    await this.lock();
    await this.volume.destroy();
  }

  async #volumeEnded(detail: string): Promise<void> {
    try {
      await this.volume.fence();
      await this.lock();
    } catch (error) {
      this.#events.line(`[error] the volume could not be locked: ${String(error)}`);
    }
    this.#events.volumeLost(detail);
  }

  #settingsOf(settings: HostedSettings) {
    return { ...settings, node: this.#placeOf(settings.node) };
  }

  #placeOf(node: NodeAddress): NodePlace {
    return { ...node, root: this.volume.place.mountpoint };
  }
}

function endsWithin({ ended }: NodeProcess, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = systemClock.setTimeout(() => resolve(false), ms);
    void ended.then(() => {
      timer.clear();
      resolve(true);
    });
  });
}
