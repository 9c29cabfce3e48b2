// A cluster of three nodes of RabbitMQ.

import { createSecretKey } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock, type Timer } from '../../base/clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import { plainEnvironment } from '../../base/programs/run-program.ts';
import { systemRandom } from '../../base/random.ts';
import type { VolumeKey } from '../../control/engine.ts';
import type { ServerCertificate } from '../../net/tls-listener.ts';
import type { ClusterEvents, ClusterOptions, ClusterSettings } from './cluster-settings.ts';
import { ControlCommand } from './nodes/control-command.ts';
import { definitionsOf, rabbitMqHash, serviceUser } from './nodes/definitions.ts';
import { freeLoopbackPorts } from './nodes/free-ports.ts';
import { linksPluginCode } from './nodes/links/links-plugin.ts';
import { Node } from './nodes/node.ts';
import { nodeCertificates } from './nodes/node-certificates.ts';
import type { NodeSettings } from './nodes/node-configuration.ts';
import {
  removeData,
  writeConfiguration,
  writeDefinitions,
  writeNodeFiles,
  writeServerCertificate,
} from './nodes/node-files.ts';
import { filesOf, hostOfNode, type NodePlace, nameOfNode } from './nodes/node-place.ts';
import { NodeProcess } from './nodes/node-process.ts';
import { PartitionHealing } from './nodes/partition-healing.ts';
import { rejoin } from './nodes/rejoin.ts';

/** Time until all nodes of a starting cluster must see each other, milliseconds. */
const startMs = 240_000;
/** Pause between two looks at the nodes, milliseconds. */
const lookMs = { starting: 250, running: 2000 } as const;
/** Every so many looks, the volumes are examined too. */
const looksPerProbe = 8;
/** A node that ran this long before it ended is started again at once, milliseconds. */
const steadyMs = 60_000;
const pauseMs = { first: 1000, longest: 30_000 } as const;
/** Ended processes of one node after which the cluster is started anew. */
const crashCountMax = 8;
/** Ports of a node: for clients, for management, for other nodes. */
const portsPerNode = 3;
/** The file that tells that the cluster was complete once. Until then, its nodes have no data. */
const formedFile = 'formed';
/** Pause between two attempts to restore the user of the service, milliseconds. */
const restoreMs = 10_000;

/** Three nodes of one broker. Calls of {@link start}, {@link restart} and {@link stop} must not overlap. */
export class Cluster {
  readonly nodes: readonly Node[];
  readonly #options: ClusterOptions;
  readonly #events: ClusterEvents;
  #settings: ClusterSettings | undefined = undefined;
  #epmd: NodeProcess | undefined = undefined;
  #epmdPort = 0;
  #isStopping = true;
  readonly #timers = new Map<Node, Timer>();
  readonly #healing: PartitionHealing;
  #isRestarting = false;
  #restoring: ControlCommand | undefined = undefined;
  #nextRestoreMs = 0;

  constructor(options: ClusterOptions, events: ClusterEvents) {
    this.#options = options;
    this.#events = events;
    this.nodes = options.volumes.map(
      (volume, i) =>
        new Node(i + 1, volume, options, {
          line: (node, text) => events.line(node.place.name, text),
          ended: (node, detail) => this.#nodeEnded(node, detail),
          volumeLost: (node, detail) => this.#volumeLost(node, detail),
        }),
    );
    this.#healing = new PartitionHealing(this.nodes, {
      start: (node) => this.#startSeparated(node),
      log: (text) => events.log('warn', text),
    });
  }

  /** Whether it was started and not stopped. */
  get isUp(): boolean {
    return !this.#isStopping;
  }

  /** The nodes that serve clients: those that see a majority. */
  get healthy(): readonly Node[] {
    return this.nodes.filter((node) => node.sees(2));
  }

  /**
   * Starts what does not run: all nodes, or those whose volumes were lost.
   *
   * @returns the ids of the volumes that were mounted
   * @throws {WaxwingError} `volume-rolled-back` if a volume is an older copy; everything is stopped then
   * @throws if the nodes do not form a cluster in time; everything is stopped then
   */
  async start(settings: ClusterSettings, keys: readonly VolumeKey[]): Promise<readonly string[]> {
    if (this.isUp) return this.#startLost(settings, keys);
    this.#settings = settings;
    this.#isStopping = false;
    const mounted: string[] = [];
    try {
      for (const node of this.nodes) mounted.push(...(await this.#unlock(node, settings, keys)));
      await this.#settle(settings);
      await this.#form(settings);
    } catch (error) {
      await this.stop();
      throw error;
    }
    void this.#keepLooking();
    return mounted;
  }

  /** Mounts the volume of a node unless it is mounted. Returns its id if it was not. */
  async #unlock(
    node: Node,
    { volumes }: ClusterSettings,
    keys: readonly VolumeKey[],
  ): Promise<readonly string[]> {
    if ((await node.volume.state()) === 'mounted') return [];
    const { id } = node.volume.place;
    const key = keys.find(({ volumeId }) => volumeId === id);
    const count = volumes.find((volume) => volume.id === id);
    if (key === undefined || count === undefined) throw new Error(`volume ${id} has no data key`);
    await node.unlock(createSecretKey(key.dataKey), count);
    return [id];
  }

  /** Chooses ports and secrets for this start, and writes the files of all nodes. */
  async #settle(settings: ClusterSettings): Promise<void> {
    const { brokerId, availablePlugins, user, erlang } = this.#options;
    const linksCode = await linksPluginCode(join(erlang, 'erl'), user);
    const count = this.nodes.length * portsPerNode + 1;
    const ports = await freeLoopbackPorts(count, settings.isPortTaken);
    this.#epmdPort = ports.pop() ?? 0;
    const password = systemRandom.bytes(32).toString('base64url');
    const { authority, serverName } = settings;
    for (const node of this.nodes) {
      const [amqps = 0, management = 0, distribution = 0] = ports.splice(0, portsPerNode);
      node.settle(
        {
          number: node.number,
          name: nameOfNode(brokerId, node.number),
          host: hostOfNode(brokerId, node.number),
          root: node.volume.place.mountpoint,
          ports: { amqps, management, distribution },
        },
        { username: serviceUser, password, authority, serverName },
      );
    }
    const places = this.nodes.map(({ place }) => place);
    const certificates = await nodeCertificates(places, systemClock.nowMs());
    const cookie = systemRandom.bytes(32).toString('hex');
    const isFormed = await this.#isFormed();
    const definitions = definitionsOf(
      rabbitMqHash(password),
      isFormed ? undefined : settings.first,
    );
    this.#laterDefinitions = definitionsOf(rabbitMqHash(password), undefined);
    for (const [i, place] of places.entries()) {
      const nodeCertificate = certificates[i];
      if (nodeCertificate === undefined) throw new Error(`node ${place.number} has no certificate`);
      if (!isFormed) await removeData(place);
      const contents = {
        settings: this.#settingsOf(place, settings),
        availablePlugins,
        definitions,
        cookie,
        nodeCertificate,
        linksCode,
        peerAuthorities: settings.peerAuthorities,
        serverCertificate: settings.certificate,
      };
      await writeNodeFiles(contents, user);
    }
    this.#startEpmd();
  }

  #laterDefinitions = '';

  #settingsOf(node: NodePlace, settings: ClusterSettings): NodeSettings {
    // A node that joins again must find one that has data, as a new one finds the first.
    const others = this.nodes.filter((each) => each !== this.#rebuilt(settings));
    const nodes = [...new Set([...others, ...this.nodes])].map(({ place }) => place);
    return { ...settings, node, nodes, serviceUser };
  }

  /** The node whose volume was created anew. */
  #rebuilt({ volumes }: ClusterSettings): Node | undefined {
    const rebuilt = volumes.find(({ isRebuilt }) => isRebuilt === true);
    return this.nodes.find(({ volume }) => volume.place.id === rebuilt?.id);
  }

  /** Starts the nodes and waits until each of them sees all. */
  async #form(settings: ClusterSettings): Promise<void> {
    const { folder, user } = this.#options;
    const isFormed = await this.#isFormed();
    const [seed, ...others] = this.nodes;
    const endMs = systemClock.monotonicMs() + startMs;
    const rebuilt = this.#rebuilt(settings);
    if (isFormed && rebuilt !== undefined) {
      await this.#rejoin(rebuilt);
    } else if (!isFormed && seed !== undefined) {
      // The others would each form a cluster of their own if they did not find this one.
      seed.start(this.#epmdPort);
      await this.#until(() => seed.sees(1), [seed], endMs);
      for (const node of others) node.start(this.#epmdPort);
    } else {
      // A cluster that was stopped waits for the node that stopped last.
      for (const node of this.nodes) node.start(this.#epmdPort);
    }
    await this.#until(() => this.#isComplete(), this.nodes, endMs);
    if (isFormed) return;
    // The users are the cluster's own from now on: a later start must not set their passwords again.
    for (const { place } of this.nodes) {
      await writeDefinitions(place, this.#laterDefinitions, user);
    }
    await writeFile(join(folder, formedFile), '', { mode: 0o600 });
  }

  #rejoin(rebuilt: Node): Promise<void> {
    const others = this.nodes.filter((node) => node !== rebuilt);
    return rejoin(rebuilt, others, {
      ...this.#controlOptions,
      start: (node) => node.start(this.#epmdPort),
      until: (isTrue, nodes, withinMs) => this.#holds(isTrue, nodes, withinMs),
    });
  }

  #isComplete(): boolean {
    return this.nodes.every((node) => node.sees(this.nodes.length));
  }

  async #isFormed(): Promise<boolean> {
    return readFile(join(this.#options.folder, formedFile)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false;
        throw error;
      },
    );
  }

  async #until(isTrue: () => boolean, nodes: readonly Node[], endMs: number): Promise<void> {
    const leftMs = endMs - systemClock.monotonicMs();
    if (!(await this.#holds(isTrue, nodes, leftMs))) throw new Error(this.#whyIncomplete());
  }

  /** Whether a condition comes true in time. @throws in the time of a start, if it does not */
  async #holds(
    isTrue: () => boolean,
    nodes: readonly Node[],
    withinMs: number | undefined,
  ): Promise<boolean> {
    const endMs = systemClock.monotonicMs() + (withinMs ?? startMs);
    for (;;) {
      await Promise.all(nodes.map((node) => node.look()));
      if (isTrue()) return true;
      if (this.#isStopping) throw new Error('the cluster is being stopped');
      if (systemClock.monotonicMs() > endMs) {
        if (withinMs === undefined) throw new Error(this.#whyIncomplete());
        return false;
      }
      await delay(lookMs.starting);
    }
  }

  #whyIncomplete(): string {
    const states = this.nodes.map((node) => {
      if (!node.isRunning) return `node ${node.number} does not run`;
      const running = node.view?.filter(({ isRunning }) => isRunning).length;
      return `node ${node.number} ${running === undefined ? 'does not answer' : `sees ${running}`}`;
    });
    return `the nodes did not form a cluster in time: ${states.join(', ')}`;
  }

  #startEpmd(): void {
    const { erlang, user, mark } = this.#options;
    const started = new NodeProcess(
      {
        file: join(erlang, 'epmd'),
        args: ['-port', String(this.#epmdPort), '-address', '127.0.0.1'],
        folder: '/',
        environment: { ...plainEnvironment, ...mark },
        user,
      },
      {
        line: (text) => this.#events.log('info', `epmd: ${text}`),
        ended: (detail) => {
          if (this.#epmd !== started || this.#isStopping) return;
          this.#events.log('warn', `epmd ended (${detail}) and is started again`);
          systemClock.setTimeout(() => {
            if (!this.#isStopping) this.#startEpmd();
          }, pauseMs.first);
        },
      },
    );
    this.#epmd = started;
  }

  #nodeEnded(node: Node, detail: string): void {
    this.#events.looked();
    if (this.#isStopping) return;
    if (systemClock.monotonicMs() - node.startedMs >= steadyMs) node.crashCount = 0;
    node.crashCount++;
    const text = `node ${node.number} ended (${detail})`;
    if (node.crashCount > crashCountMax) {
      void this.#giveUp(`${text}, for the ${node.crashCount}th time`);
      return;
    }
    this.#events.log('warn', `${text} and is started again`);
    const ms = node.crashCount === 1 ? 0 : pauseMs.first * 2 ** (node.crashCount - 2);
    this.#startLater(node, Math.min(ms, pauseMs.longest));
  }

  #startLater(node: Node, ms: number): void {
    const timer = systemClock.setTimeout(() => {
      this.#timers.delete(node);
      if (!this.#isStopping && !node.isRunning) void this.#startIfMounted(node);
    }, ms);
    this.#timers.set(node, timer);
  }

  async #startSeparated(node: Node): Promise<void> {
    await this.#startIfMounted(node);
    if (node.isRunning || this.#isStopping) return;
    this.#volumeLost(node, 'it had to be ended together with its volume');
  }

  async #startIfMounted(node: Node): Promise<void> {
    const state = await node.volume.state();
    if (state === 'mounted' && !this.#isStopping && !node.isRunning) node.start(this.#epmdPort);
  }

  async #giveUp(detail: string): Promise<void> {
    await this.stop().catch((error: unknown) => this.#events.log('error', String(error)));
    this.#events.ended(detail);
  }

  #volumeLost(node: Node, detail: string): void {
    this.#events.looked();
    if (this.#isStopping) return;
    this.#events.needsKeys(`node ${node.number} was stopped: ${detail}`);
  }

  /** Starts the nodes whose volumes were lost. */
  async #startLost(
    settings: ClusterSettings,
    keys: readonly VolumeKey[],
  ): Promise<readonly string[]> {
    const mounted: string[] = [];
    for (const node of this.nodes) {
      const ids = await this.#unlock(node, settings, keys);
      if (ids.length > 0 && !node.isRunning) node.start(this.#epmdPort);
      mounted.push(...ids);
    }
    return mounted;
  }

  /**
   * Restarts one node after the other, each when all of them see each other, so that a majority always
   * runs.
   *
   * @throws if the cluster is not complete again in time
   */
  async restart(settings: ClusterSettings): Promise<void> {
    this.#isRestarting = true;
    await this.#healing.ended;
    await this.#restartAll(settings).finally(() => {
      this.#isRestarting = false;
    });
  }

  async #restartAll(settings: ClusterSettings): Promise<void> {
    this.#settings = settings;
    for (const node of [...this.nodes].reverse()) {
      const endMs = systemClock.monotonicMs() + startMs;
      await this.#until(() => this.#isComplete(), this.nodes, endMs);
      await writeConfiguration(this.#settingsOf(node.place, settings), this.#options.user);
      await node.stop();
      this.#events.looked();
      // A node that did not end may have lost its volume. The next attempt has the keys.
      if ((await node.volume.state()) !== 'mounted') {
        throw new Error(`node ${node.number} had to be ended together with its volume`);
      }
      node.start(this.#epmdPort);
    }
    await this.#until(() => this.#isComplete(), this.nodes, systemClock.monotonicMs() + startMs);
  }

  /** Gives all nodes another certificate for clients. */
  async showCertificate(certificate: ServerCertificate): Promise<void> {
    if (this.#settings?.certificate.certificate === certificate.certificate) return;
    for (const node of this.nodes) {
      if ((await node.volume.state()) !== 'mounted') continue;
      await writeServerCertificate(node.place, certificate, this.#options.user);
    }
    if (this.#settings !== undefined) this.#settings = { ...this.#settings, certificate };
  }

  async #keepLooking(): Promise<void> {
    for (let look = 1; !this.#isStopping; look++) {
      await Promise.all(this.nodes.map((node) => node.look()));
      this.#restoreServiceUser();
      if (!this.#isRestarting && !this.#isStopping) this.#healing.examine();
      if (look % looksPerProbe === 0) {
        await Promise.all(this.nodes.map((node) => node.probeVolume()));
      }
      for (const node of this.nodes) {
        if (systemClock.monotonicMs() - node.startedMs >= steadyMs) node.crashCount = 0;
      }
      this.#events.looked();
      await delay(lookMs.running, undefined, { ref: false });
    }
  }

  /**
   * Imports the user of the service again if nodes refuse it. Administrators of a cluster can delete or
   * change every user; without this one, the service does not see which nodes serve clients.
   */
  #restoreServiceUser(): void {
    const node = this.nodes.find(({ isRefusing }) => isRefusing);
    const isTooEarly = systemClock.monotonicMs() < this.#nextRestoreMs;
    if (node === undefined || isTooEarly || this.#restoring !== undefined) return;
    const args = ['import_definitions', filesOf(node.place).definitions, '--silent'];
    const restoring = new ControlCommand(node.place, args, this.#controlOptions);
    this.#restoring = restoring;
    void restoring.ended.then((problem) => {
      this.#restoring = undefined;
      this.#nextRestoreMs = systemClock.monotonicMs() + restoreMs;
      if (this.#isStopping) return;
      const what = `the user ${serviceUser} was deleted or changed in the cluster`;
      const end = problem === undefined ? 'is restored' : `could not be restored: ${problem}`;
      this.#events.log('warn', `${what}, and ${end}`);
    });
  }

  get #controlOptions() {
    const { control: program, erlang, mark, user } = this.#options;
    return { program, erlang, epmdPort: this.#epmdPort, mark, user };
  }

  /** Makes a start or restart in progress fail. {@link stop} must follow. */
  abandon(): void {
    this.#isStopping = true;
  }

  /** Ends all processes and locks all volumes. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers.values()) timer.clear();
    this.#timers.clear();
    await this.#healing.ended;
    const ends = await Promise.allSettled(this.nodes.map((node) => node.stop()));
    this.#restoring?.kill();
    await this.#restoring?.ended;
    this.#epmd?.kill();
    await this.#epmd?.ended;
    this.#epmd = undefined;
    const locks = await Promise.allSettled(this.nodes.map((node) => node.lock()));
    for (const node of this.nodes) node.close();
    const [failed] = [...ends, ...locks].filter(({ status }) => status === 'rejected');
    if (failed !== undefined && 'reason' in failed) {
      throw new WaxwingError('nodes-not-stopped', String(failed.reason), { cause: failed.reason });
    }
  }
}
