// A node of a cluster: its volume, its process, and what is known of its health.

import type { KeyObject } from 'node:crypto';
import { systemClock } from '../../../base/clock.ts';
import { WaxwingError } from '../../../base/errors.ts';
import { EncryptedVolume, type VolumePlace } from '../../../volumes/encrypted-volume.ts';
import type { VolumeOwner } from '../../../volumes/gocryptfs.ts';
import { countMount, type MountCount } from '../../volumes/volume-files.ts';
import { type NodeAccess, NodeApi, type NodeView } from './node-api.ts';
import { nodeEnvironment } from './node-environment.ts';
import { filesOf, type NodePlace } from './node-place.ts';
import { NodeProcess } from './node-process.ts';

/** Time for a node to close its connections and files, milliseconds. */
const stopMs = 25_000;
/** Time for a killed process to be gone, milliseconds. */
const killMs = 5000;

/** Consecutive examinations of a volume that must fail before it counts as lost. */
const probeFailuresMax = 3;

/** Events of a node. */
export interface NodeEvents {
  /** A line of its log. */
  line(node: Node, text: string): void;
  /** Its process ended although nobody stopped it. */
  ended(node: Node, detail: string): void;
  /** Its volume is gone: the node was ended, and needs its data key to run again. */
  volumeLost(node: Node, detail: string): void;
}

/** How nodes are run. */
export interface NodeRunOptions {
  /** The program of the node. */
  readonly server: string;
  /** The folder of the plugins of RabbitMQ. */
  readonly pluginsFolder: string;
  /** The folder of `erl` and `epmd`. */
  readonly erlang: string;
  /** Undefined for the user of this process. */
  readonly user: VolumeOwner | undefined;
  /** Marks the processes of the broker. */
  readonly mark: Readonly<Record<string, string>>;
}

/** A node of a cluster. */
export class Node {
  readonly number: number;
  readonly volume: EncryptedVolume;
  readonly #options: NodeRunOptions;
  readonly #events: NodeEvents;
  #place: NodePlace | undefined = undefined;
  #api: NodeApi | undefined = undefined;
  #process: NodeProcess | undefined = undefined;
  /** The last answer about the cluster; undefined unless the node answers. */
  view: readonly NodeView[] | undefined = undefined;
  /** Whether the node refuses the user of the service, which somebody has deleted or changed. */
  isRefusing = false;
  /** Ended processes since the node last ran steadily. */
  crashCount = 0;
  startedMs = 0;
  #probeFailures = 0;

  constructor(number: number, volume: VolumePlace, options: NodeRunOptions, events: NodeEvents) {
    this.number = number;
    this.#options = options;
    this.#events = events;
    this.volume = new EncryptedVolume(volume, (detail) => void this.#volumeEnded(detail));
  }

  /** Where it is; known once its ports were chosen. */
  get place(): NodePlace {
    if (this.#place === undefined) throw new Error(`node ${this.number} has no place yet`);
    return this.#place;
  }

  /** The management API of the node. */
  get api(): NodeApi {
    if (this.#api === undefined) throw new Error(`node ${this.number} has no place yet`);
    return this.#api;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Gives the node its name and ports. */
  settle(place: NodePlace, access: NodeAccess): void {
    this.#api?.close();
    this.#place = place;
    this.#api = new NodeApi(place.ports.management, access);
  }

  /**
   * Mounts its volume. An older copy of it is locked again: the node would have forgotten messages that
   * it confirmed, and what the others know of it would be wrong.
   *
   * @throws {VolumeError} see `EncryptedVolume.unlock`
   * @throws {WaxwingError} `volume-rolled-back`, `volume-failed`
   */
  async unlock(dataKey: KeyObject, count: MountCount): Promise<void> {
    const owner = this.#options.user ?? { uid: 0, gid: 0 };
    const mountpoint = await this.volume.unlock(dataKey, owner);
    try {
      await countMount(owner, mountpoint, count);
    } catch (error) {
      await this.lock();
      if (!(error instanceof WaxwingError)) throw error;
      const text = `node ${this.number}, volume ${this.volume.place.id}: ${error.message}`;
      throw new WaxwingError(error.code, text, { cause: error });
    }
  }

  /** Starts its process. The volume must be mounted. */
  start(epmdPort: number): void {
    const { server, erlang, user, mark, pluginsFolder } = this.#options;
    const { place } = this;
    const { run, ownPlugins } = filesOf(place);
    this.view = undefined;
    this.isRefusing = false;
    this.startedMs = systemClock.monotonicMs();
    const process = new NodeProcess(
      {
        file: server,
        args: [],
        folder: run,
        environment: {
          ...nodeEnvironment(place, epmdPort, erlang),
          RABBITMQ_PLUGINS_DIR: `${ownPlugins}:${pluginsFolder}`,
          ...mark,
        },
        user,
      },
      {
        line: (text) => this.#events.line(this, text),
        ended: (detail) => {
          if (this.#process !== process) return;
          this.#process = undefined;
          this.view = undefined;
          this.#events.ended(this, detail);
        },
      },
    );
    this.#process = process;
  }

  /** Ends the process: it is asked to, and killed after a time. Its end is no event. */
  async stop(): Promise<void> {
    const process = this.#forget();
    if (process === undefined) return;
    process.stop();
    if (!(await endsWithin(process, stopMs))) await this.#kill(process);
  }

  /** Ends the process at once. Its end is no event. */
  async kill(): Promise<void> {
    const process = this.#forget();
    if (process !== undefined) await this.#kill(process);
  }

  async #kill(process: NodeProcess): Promise<void> {
    process.kill();
    if (await endsWithin(process, killMs)) return;
    // A process that waits for its volume does not end before the volume is fenced.
    await this.volume.fence();
    process.kill();
    if (await endsWithin(process, killMs)) return;
    throw new Error(`process ${process.pid} of node ${this.number} does not end`);
  }

  #forget(): NodeProcess | undefined {
    const process = this.#process;
    this.#process = undefined;
    this.view = undefined;
    return process;
  }

  /** Unmounts the volume. The process must have ended. */
  lock(): Promise<void> {
    return this.volume.lock({ isForced: true });
  }

  /**
   * Asks the node about the cluster. A node that refuses the user of the service runs, and serves clients
   * as it did at the last look.
   */
  async look(): Promise<void> {
    const process = this.#process;
    const answer = await this.api
      .nodes()
      .catch((error: unknown) => (isRefusal(error) ? ('refused' as const) : undefined));
    if (this.#process !== process || process === undefined) return;
    this.isRefusing = answer === 'refused';
    if (answer !== 'refused') this.view = answer;
  }

  /**
   * Examines the volume of a running node. A node on a frozen volume looks healthy to the others. One that
   * fails repeatedly counts as lost.
   */
  async probeVolume(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    const problem = await this.volume.problem();
    if (this.#process !== process) return;
    this.#probeFailures = problem === undefined ? 0 : this.#probeFailures + 1;
    if (this.#probeFailures < probeFailuresMax) return;
    this.#probeFailures = 0;
    await this.#volumeEnded(`its volume does not work: ${problem}`);
  }

  /** Whether the node serves clients, and sees at least so many running nodes. */
  sees(count: number): boolean {
    const { view } = this;
    if (view === undefined) return false;
    const own = view.find(({ name }) => name === this.place.name);
    const running = view.filter(({ isRunning }) => isRunning).length;
    return own?.isRunning === true && own.partitions.length === 0 && running >= count;
  }

  /** The names of the nodes that this one was separated from, although it reaches them. */
  get partitions(): readonly string[] {
    return this.view?.find(({ name }) => name === this.place.name)?.partitions ?? [];
  }

  async #volumeEnded(detail: string): Promise<void> {
    try {
      await this.volume.fence();
      await this.kill();
      await this.lock();
    } catch (error) {
      this.#events.line(this, `[error] the volume could not be locked: ${String(error)}`);
    }
    this.#events.volumeLost(this, detail);
  }

  /** Ends what is left of the node's connections. */
  close(): void {
    this.#api?.close();
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof WaxwingError && error.code === 'login-refused';
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
