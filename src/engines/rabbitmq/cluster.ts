// A cluster of three nodes of RabbitMQ.

import { setTimeout as delay } from 'node:timers/promises';
import { systemClock, type Timer } from '../../base/clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import type { VolumeKey } from '../../control/engine.ts';
import { ControlError } from '../../control/errors.ts';
import type { ServerCertificate } from '../../net/tls-listener.ts';
import { joinMoved } from './cluster-join.ts';
import type { ClusterEvents, ClusterOptions } from './cluster-options.ts';
import { unlockNode } from './cluster-unlock.ts';
import { Commands } from './commands.ts';
import { isFormed, setFormed } from './formed.ts';
import { Canary } from './health/canary.ts';
import { NodeCanary } from './health/node-canary.ts';
import type { NodeCommand, NodeHost } from './hosts/node-host.ts';
import { startWithoutLost } from './nodes/force-boot.ts';
import { Node } from './nodes/node.ts';
import { isComplete, requireMembers, stateOf, whyIncomplete } from './nodes/node-states.ts';
import { PartitionHealing } from './nodes/partition-healing.ts';
import { type ClusterSettings, SetUp } from './nodes/set-up.ts';
import { ServiceUserKeeper } from './service-user.ts';
import { awaitMixed } from './upgrade/mixed-start.ts';
import { patienceMs, RollingUpgrade } from './upgrade/rolling-upgrade.ts';

/** Nodes that are a majority. */
const majority = 2;
/** Time until all nodes of a starting cluster must see each other, milliseconds. */
const startMs = 240_000;
const lostMs = 45_000; // for nodes that may wait for a lost one
/** Time to wait for the hosts of nodes that have joined, milliseconds. */
const hostsMs = 30_000;
/** Pause between two looks at the nodes, milliseconds. */
const lookMs = { starting: 250, running: 2000 } as const;
/** Number of looks after which the volumes are examined too. */
const looksPerProbe = 8;
/** A node that ran this long before it ended is started again at once, milliseconds. */
const steadyMs = 60_000;
const pauseMs = { first: 1000, longest: 30_000 } as const;
/** Ended processes of one node after which the cluster is started again. */
const crashCountMax = 8;
const stopping = 'the cluster is being stopped';

/** Three nodes of one broker. Calls of {@link start}, {@link restart} and {@link stop} must not overlap. */
export class Cluster {
  readonly nodes: readonly Node[];
  readonly #options: ClusterOptions;
  readonly #events: ClusterEvents;
  #setUp: SetUp | undefined = undefined;
  #isStopping = true;
  #isChanging = false;
  readonly #timers = new Map<Node, Timer>();
  readonly #healing: PartitionHealing;
  /** The volumes that the present start has mounted. */
  #mounted: string[] = [];
  readonly #serviceUser: ServiceUserKeeper;
  readonly #rolling: RollingUpgrade<Node>;
  readonly #commands = new Commands();
  /** Whether the nodes confirm messages. */
  readonly canary: Canary<Node>;

  constructor(options: ClusterOptions, events: ClusterEvents) {
    this.#options = options;
    this.#events = events;
    const { brokerId, places } = options;
    this.nodes = places.map(
      (place, i) =>
        new Node(
          { ...place, brokerId, number: i + 1 },
          {
            line: (node, text) => events.line(node.place.name, text),
            ended: (node, detail) => this.#nodeEnded(node, detail),
            volumeLost: (node, detail) => this.#volumeLost(node, detail),
          },
        ),
    );
    this.#healing = new PartitionHealing(this.nodes, {
      start: (node) => this.#startIfMounted(node, () => this.#isStopping || node.isRunning),
      log: (text) => events.log('warn', text),
    });
    this.#serviceUser = new ServiceUserKeeper(
      (...of) => this.#command(...of),
      (text) => this.#isStopping || events.log('warn', text),
    );
    this.#rolling = new RollingUpgrade(this.nodes, {
      until: (isTrue) => this.#until(isTrue, this.nodes, systemClock.monotonicMs() + patienceMs),
      command: (...of) => this.#command(...of),
      record: (node, version) => events.upgrading(node.number, version),
      restart: (node) => this.#startUpgraded(node),
      end: (node) => node.stop(),
      pause: async () => {
        await delay(lookMs.running);
        if (this.#isStopping) throw new Error(stopping);
      },
      nowMs: () => systemClock.monotonicMs(),
      log: (...of) => events.log(...of),
    });
    this.canary = new Canary(this.nodes, {
      open: (node, signal) => NodeCanary.open(node.place, node.access, signal),
      repair: (node) =>
        this.#running.importHealth(node, () => this.#command(node, { kind: 'import-definitions' })),
      pause: () => delay(lookMs.starting),
      log: (...of) => this.#isStopping || events.log(...of),
      nowMs: () => systemClock.monotonicMs(),
    });
  }

  /** Whether it was started and not stopped. */
  get isUp(): boolean {
    return !this.#isStopping;
  }

  /** Whether a start or restart is in progress. */
  get isChanging(): boolean {
    return this.#isChanging;
  }

  /** The nodes that serve clients: those that see a majority. */
  get healthy(): readonly Node[] {
    return this.nodes.filter((node) => node.sees(majority) && !node.isDrained);
  }

  /**
   * Starts what does not run: all nodes, or those whose volumes were lost. A cluster that was complete
   * once starts without a node whose host cannot be reached.
   *
   * @returns the ids of the volumes that were mounted
   * @throws {WaxwingError} `volume-rolled-back` if a volume is an older copy; everything is stopped then
   * @throws if the nodes do not form a cluster in time; everything is stopped then
   */
  async start(settings: ClusterSettings, keys: readonly VolumeKey[]): Promise<readonly string[]> {
    this.#isChanging = true;
    this.#mounted = [];
    try {
      if (this.isUp) await this.#startLost(settings, keys);
      else await this.#startAll(settings, keys);
      return this.#mounted;
    } finally {
      this.#isChanging = false;
    }
  }

  async #startAll(settings: ClusterSettings, keys: readonly VolumeKey[]): Promise<void> {
    this.#isStopping = false;
    try {
      const wasFormed = await isFormed(this.#options.folder);
      await this.#awaitHosts();
      const members = this.nodes.filter(({ host, isNew }) => host.isReachable && !isNew);
      requireMembers(this.nodes, members, wasFormed ? majority : this.nodes.length);
      for (const node of this.nodes) node.isWritten = false;
      for (const node of members) await this.#unlock(node, settings, keys);
      const { brokerId } = this.#options;
      const setUp = await SetUp.create(brokerId, this.nodes, settings);
      this.#setUp = setUp;
      const [seed] = members;
      for (const node of seed === undefined ? [] : members) {
        await setUp.write(node, { isNew: !wasFormed, seed: seed ?? node, hasUsers: !wasFormed });
      }
      await this.#form(members, wasFormed);
      if (wasFormed) await this.#startLost(settings, keys);
      if (!settings.isUpgrade) await this.canary.start(!wasFormed);
      if (this.#isStopping) throw new Error(stopping);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.canary.open();
    void this.#keepLooking();
  }

  /** After a start of the service, hosts are connected within some seconds. */
  async #awaitHosts(): Promise<void> {
    const endMs = systemClock.monotonicMs() + hostsMs;
    const isMissing = () => this.nodes.some(({ host }) => !host.isReachable);
    while (isMissing() && !this.#isStopping && systemClock.monotonicMs() < endMs) {
      await delay(lookMs.starting);
    }
  }

  async #unlock(
    node: Node,
    { volumes }: ClusterSettings,
    keys: readonly VolumeKey[],
  ): Promise<void> {
    await unlockNode(node, volumes, keys, this.#options.wrappedKey);
    this.#mounted.push(node.volumeId);
  }

  get #running(): SetUp {
    if (this.#setUp === undefined) throw new Error('the cluster was not started');
    return this.#setUp;
  }

  /** Starts the nodes and waits until each of them sees all. */
  async #form(members: readonly Node[], wasFormed: boolean): Promise<void> {
    const setUp = this.#running;
    const { epmdPort } = setUp;
    const [seed, ...others] = members;
    const endMs = systemClock.monotonicMs() + startMs;
    if (!wasFormed && seed !== undefined) {
      // The others would each form a cluster of their own if they did not find this one.
      seed.start(epmdPort);
      await this.#until(() => seed.sees(1), [seed], endMs);
      for (const node of others) node.start(epmdPort);
    } else {
      for (const node of members) node.start(epmdPort); // they wait for the one that stopped last
    }
    if (wasFormed && this.nodes.some(({ isNew }) => isNew)) await this.#awaitOrForce(members);
    if (wasFormed && setUp.settings.isUpgrade) {
      const until = (isTrue: () => boolean, untilMs: number) =>
        this.#until(isTrue, members, untilMs);
      return awaitMixed(members, { until, servingCount: () => this.healthy.length, epmdPort });
    }
    await this.#until(() => isComplete(members), members, endMs);
    if (wasFormed) return;
    // The users are the cluster's own from now on: a later start must not set their passwords again.
    const definitions = setUp.laterDefinitions;
    for (const node of members) await setUp.change(node, { definitions });
    await setFormed(this.#options.folder);
  }

  #awaitOrForce(members: readonly Node[]): Promise<void> {
    const endMs = systemClock.monotonicMs() + lostMs;
    return this.#until(() => isComplete(members), members, endMs).catch((error: unknown) => {
      if (this.#isStopping) throw error;
      return startWithoutLost(members, this.#running.epmdPort);
    });
  }

  async #until(isTrue: () => boolean, nodes: readonly Node[], endMs: number): Promise<void> {
    for (;;) {
      await Promise.all(nodes.map((node) => node.look()));
      if (isTrue()) return;
      if (this.#isStopping) throw new Error(stopping);
      if (systemClock.monotonicMs() > endMs) throw new Error(whyIncomplete(nodes));
      await delay(lookMs.starting);
    }
  }

  #nodeEnded(node: Node, detail: string): void {
    this.#events.looked();
    if (this.#isStopping) return;
    if (systemClock.monotonicMs() - node.startedMs >= steadyMs) node.crashCount = 0;
    if (this.#rolling.ended(node, detail)) {
      this.#events.log('warn', `node ${node.number} ended (${detail})`);
      if (this.#rolling.mayStart(node)) this.#startLater(node, pauseMs.first);
      return;
    }
    node.crashCount++;
    const text = `node ${node.number} ended (${detail})`;
    const isServing = this.healthy.filter((each) => each !== node).length >= majority;
    // The others go on without a node that cannot run, for example because the disk of its host is full.
    const isAwaited = this.#isChanging && this.#running.settings.isUpgrade; // has a time of its own
    if (node.crashCount > crashCountMax && !isServing && !isAwaited) {
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
      const isUnwanted = () => this.#isStopping || node.isRunning || !this.#rolling.mayStart(node);
      if (isUnwanted()) return;
      void this.#startIfMounted(node, isUnwanted);
    }, ms);
    this.#timers.set(node, timer);
  }

  async #startIfMounted(node: Node, isUnwanted: () => boolean): Promise<void> {
    const state = await stateOf(node).catch(() => 'unreachable' as const);
    if (isUnwanted() || node.isNew) return;
    if (state === 'mounted') return node.start(this.#running.epmdPort);
    if (state === 'unreachable') {
      // The node of a host without a connection is started when there is one again.
      if (node.host.isReachable) this.#startLater(node, pauseMs.longest);
      return;
    }
    this.#volumeLost(node, 'it had to be ended together with its volume');
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

  /** Starts the nodes whose volumes were lost, or whose hosts were, and those that have moved. */
  async #startLost(settings: ClusterSettings, keys: readonly VolumeKey[]): Promise<void> {
    const setUp = this.#running;
    for (const node of this.nodes) {
      if (['mounted', 'unreachable'].includes(await stateOf(node))) continue;
      if (!keys.some(({ volumeId }) => volumeId === node.volumeId)) continue;
      await this.#unlock(node, settings, keys);
      if (node.isNew) await this.#join(node);
      else if (!node.isRunning && !node.isHeld) {
        const seed = this.healthy[0] ?? node;
        if (!node.isWritten) await setUp.write(node, { isNew: false, seed, hasUsers: false });
        await node.host.startEpmd(this.#options.brokerId, node.place.address, setUp.epmdPort);
        node.start(setUp.epmdPort);
      }
    }
  }

  async #join(node: Node): Promise<void> {
    const setUp = this.#running;
    const endMs = systemClock.monotonicMs() + startMs;
    await joinMoved(node, {
      setUp,
      others: this.nodes.filter((each) => each !== node && each.isRunning),
      healthy: () => this.healthy,
      endMs,
      until: (isTrue, nodes) => this.#until(isTrue, nodes, endMs),
      command: (...of) => this.#command(...of),
      warn: (text) => this.#events.log('warn', text),
    });
    node.isNew = false;
    await this.#events.joined(node.volumeId);
    this.#events.log('info', `node ${node.number} runs on host '${node.host.name}'`);
  }

  async #command(node: Node, command: NodeCommand): Promise<string | undefined> {
    const hosted = await node.hosted();
    if (this.#isStopping) throw new Error(stopping);
    const { epmdPort } = this.#running;
    return this.#commands.wait(hosted.command(node.place, epmdPort, command));
  }

  /**
   * Gives a node another host, where it begins with an empty volume. It needs the data key then.
   *
   * @param record records the new place, before the data on the old host is removed
   * @throws {ControlError} `conflict` unless two other nodes serve clients
   */
  async move(node: Node, host: NodeHost, record: () => Promise<void>): Promise<void> {
    const others = this.nodes.filter((each) => each !== node);
    // What they answered last may be from before the loss of a machine.
    await Promise.all(others.map((each) => each.look()));
    const serving = others.filter((each) => each.host.isReachable && each.sees(majority));
    if (serving.length < majority) {
      const text = `${serving.length} other nodes serve clients; ${majority} are needed`;
      throw new ControlError('conflict', `Node ${node.number} cannot be moved: ${text}.`);
    }
    this.#timers.get(node)?.clear();
    this.#timers.delete(node);
    await record();
    await node.stop();
    await (await node.hosted()).destroy();
    node.moveTo(host);
    this.#events.looked();
  }

  /**
   * Restarts one node after the other, each when all of them see each other, so that a majority always
   * runs.
   *
   * @throws if the cluster is not complete again in time
   */
  async restart(settings: ClusterSettings): Promise<void> {
    this.#isChanging = true;
    await this.#healing.ended;
    try {
      await this.#restart(settings);
    } finally {
      this.#isChanging = false;
    }
  }

  /**
   * Gives all nodes a version, one after the other, so that a majority always runs. Where an earlier attempt
   * ended, it goes on.
   *
   * @returns why it has stopped, while the other nodes go on; undefined if all nodes have the version
   * @throws if the cluster is being stopped
   */
  async upgrade(settings: ClusterSettings, version: string): Promise<string | undefined> {
    this.#isChanging = true;
    await this.#healing.ended;
    this.#running.settings = settings;
    try {
      await this.#rolling.run(version);
      return undefined;
    } catch (error) {
      if (this.#isStopping || !(error instanceof Error)) throw error;
      return error.message;
    } finally {
      this.#isChanging = false;
    }
  }

  async #startUpgraded(node: Node): Promise<void> {
    this.#timers.get(node)?.clear();
    await node.stop();
    this.#events.looked();
    if ((await stateOf(node)) !== 'mounted') {
      throw new Error(`the volume of node ${node.number} cannot be used`);
    }
    const seed = this.healthy[0] ?? node;
    await this.#running.write(node, { isNew: false, seed, hasUsers: false });
    node.start(this.#running.epmdPort);
  }

  async #restart(settings: ClusterSettings): Promise<void> {
    const setUp = this.#running;
    setUp.settings = settings;
    const reachable = this.nodes.filter(({ host }) => host.isReachable);
    requireMembers(this.nodes, reachable, this.nodes.length);
    for (const node of [...this.nodes].reverse()) {
      const endMs = systemClock.monotonicMs() + startMs;
      await this.#until(() => isComplete(this.nodes), this.nodes, endMs);
      await setUp.change(node, {});
      await node.stop();
      this.#events.looked();
      // A node that did not end may have lost its volume. The next attempt has the keys.
      if ((await stateOf(node)) !== 'mounted') {
        throw new Error(`node ${node.number} had to be ended together with its volume`);
      }
      node.start(setUp.epmdPort);
    }
    const endMs = systemClock.monotonicMs() + startMs;
    await this.#until(() => isComplete(this.nodes), this.nodes, endMs);
  }

  /** Gives all nodes another certificate for clients. */
  async showCertificate(certificate: ServerCertificate): Promise<void> {
    const setUp = this.#setUp;
    if (setUp === undefined || setUp.settings.certificate.certificate === certificate.certificate) {
      return;
    }
    setUp.settings = { ...setUp.settings, certificate };
    for (const node of this.nodes) {
      if ((await stateOf(node)) !== 'mounted') continue;
      await setUp.change(node, { serverCertificate: certificate });
    }
  }

  /** Nodes of a host that was lost count as down until they answer again. */
  hostDisconnected(hostId: string): void {
    for (const node of this.nodes) if (node.host.id === hostId) node.forgetView();
    this.#events.looked();
  }

  async #keepLooking(): Promise<void> {
    for (let look = 1; !this.#isStopping; look++) {
      await Promise.all(this.nodes.map((node) => node.look()));
      this.#serviceUser.examine(this.nodes);
      this.canary.examine();
      if (!this.#isChanging && !this.#isStopping) this.#healing.examine();
      if (look % looksPerProbe === 0) {
        await Promise.all(this.nodes.map(async (node) => (await node.hosted()).probe()));
      }
      for (const node of this.nodes) {
        if (systemClock.monotonicMs() - node.startedMs >= steadyMs) node.crashCount = 0;
      }
      this.#events.looked();
      await delay(lookMs.running, undefined, { ref: false });
    }
  }

  /** Makes a start or restart in progress fail. {@link stop} must follow. */
  abandon(): void {
    this.#isStopping = true;
    this.canary.close();
    // A command takes up to a minute. It ends with its node.
    this.#commands.giveUp(new Error(stopping));
  }

  /** Ends all processes and locks all volumes. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers.values()) timer.clear();
    this.#timers.clear();
    this.canary.close();
    await this.#healing.ended;
    const ends = await Promise.allSettled(this.nodes.map((node) => node.stop()));
    await Promise.all([this.#serviceUser.ended, this.canary.ended]);
    const { brokerId } = this.#options;
    const hosts = [...new Set(this.nodes.map(({ host }) => host))];
    await Promise.allSettled(hosts.map((host) => host.stopEpmd(brokerId)));
    const locks = await Promise.allSettled(this.nodes.map((node) => node.lock()));
    for (const node of this.nodes) node.close();
    const [failed] = [...ends, ...locks].filter(({ status }) => status === 'rejected');
    if (failed !== undefined && 'reason' in failed) {
      throw new WaxwingError('nodes-not-stopped', String(failed.reason), { cause: failed.reason });
    }
  }
}
