// The upgrade of a cluster, node by node.
//
// RabbitMQ's documents prescribe the order (https://www.rabbitmq.com/docs/rolling-upgrade): enable all feature
// flags, take one node at a time and only if no queue needs it for its majority, drain it, start it with the
// new version, and enable the new feature flags when all nodes have it.

import { majorMinor } from '../../../control/offers/offers.ts';
import type { NodeCommand } from '../hosts/node-host.ts';
import { fields, type NodeApi } from '../nodes/node-api.ts';

/** Time for each thing that is waited for, milliseconds. */
export const patienceMs = 240_000;
/** Running nodes that are a majority. */
const majority = 2;
/** A node whose process ended so often with the new version does not run with it. */
const endCountMax = 3;

/** A node, as its upgrade needs it. */
export interface UpgradedNode {
  readonly number: number;
  /** The version that it runs, or that it is started with from now on. */
  version: string;
  readonly host: {
    readonly name: string;
    pluginsOf(version: string): readonly string[] | undefined;
  };
  readonly api: Pick<NodeApi, 'get'>;
  /** Whether it must not be started again by itself: it does not run with the new version. */
  isHeld: boolean;
  /** Whether no new clients are given to it. */
  isDrained: boolean;
  /** See `Node.sees`. */
  sees(count: number): boolean;
}

/** What an upgrade does to nodes. */
export interface UpgradeActions<Each extends UpgradedNode> {
  /**
   * Waits until something is true of what the nodes have answered.
   *
   * @throws what `isTrue` throws; if it takes longer than {@link patienceMs}; if the cluster is being stopped
   */
  until(isTrue: () => boolean): Promise<void>;
  /** @returns why the command failed; undefined if it did not */
  command(node: Each, command: NodeCommand): Promise<string | undefined>;
  /** Records that a node is started with a version from now on. */
  record(node: Each, version: string): Promise<void>;
  /** Ends a node, writes its files for its version, and starts it with that. */
  restart(node: Each): Promise<void>;
  /** Ends a node. */
  end(node: Each): Promise<void>;
  /** Pauses before something is tried again. @throws if the cluster is being stopped */
  pause(): Promise<void>;
  readonly nowMs: () => number;
  log(level: 'info' | 'warn', text: string): void;
}

/** Why an upgrade has stopped. The nodes that run go on. */
export class UpgradeStopped extends Error {}

/** Upgrades the nodes of one cluster. */
export class RollingUpgrade<Each extends UpgradedNode> {
  readonly #nodes: readonly Each[];
  readonly #actions: UpgradeActions<Each>;
  /** The node that is starting with the new version, and how its processes have ended. */
  #starting: { readonly node: Each; readonly ends: string[] } | undefined = undefined;

  constructor(nodes: readonly Each[], actions: UpgradeActions<Each>) {
    this.#nodes = nodes;
    this.#actions = actions;
  }

  /**
   * Gives all nodes a version, one after the other. Where an earlier attempt ended, it goes on.
   *
   * @param target for example `3.11`
   * @throws {UpgradeStopped} if it cannot go on; no further node was taken
   */
  async run(target: string): Promise<void> {
    this.#requireInstalled(target);
    const { log } = this.#actions;
    try {
      await this.#retryHeld(target);
      const isBegun = this.#nodes.some((node) => hasVersion(node, target));
      const left = this.#nodes.filter((node) => !hasVersion(node, target)).reverse();
      await this.#complete();
      if (!isBegun) {
        log('info', `the upgrade to RabbitMQ ${target} begins, one node after the other`);
        await this.#enableFlags();
      }
      for (const node of left) {
        await this.#complete();
        await this.#upgrade(node, target);
      }
      await this.#complete();
      await this.#enableFlags();
      await this.#rebalance();
      log('info', `all nodes run RabbitMQ ${target}, and all stable feature flags are enabled`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UpgradeStopped(`the upgrade to RabbitMQ ${target} has stopped: ${reason}`, {
        cause: error,
      });
    }
  }

  /** A process of a node has ended. @returns whether the upgrade waits for that node */
  ended(node: Each, detail: string): boolean {
    if (this.#starting?.node !== node) return false;
    this.#starting.ends.push(detail);
    return true;
  }

  /** Whether the process of a node that has ended is to be started again. */
  mayStart(node: Each): boolean {
    const isTried = this.#starting?.node !== node || this.#starting.ends.length < endCountMax;
    return isTried && !node.isHeld;
  }

  #requireInstalled(target: string): void {
    for (const { number, host } of this.#nodes) {
      if (host.pluginsOf(target) !== undefined) continue;
      const text = `host '${host.name}' of node ${number} has no RabbitMQ ${target} that can be used`;
      throw new UpgradeStopped(`the upgrade to RabbitMQ ${target} has not begun: ${text}`);
    }
  }

  /** Starts nodes again that have the new version, but did not run with it at an earlier attempt. */
  async #retryHeld(target: string): Promise<void> {
    for (const node of this.#nodes.filter((each) => hasVersion(each, target))) {
      if (node.isHeld || !node.sees(majority)) await this.#start(node, target);
    }
  }

  #complete(): Promise<void> {
    return this.#actions.until(() => this.#nodes.every((node) => node.sees(this.#nodes.length)));
  }

  async #upgrade(node: Each, target: string): Promise<void> {
    const { record, log } = this.#actions;
    const from = node.version;
    await this.#repeat(node, { kind: 'check-quorum' }, 'is needed for the majority of a queue');
    if (isBefore4(from)) {
      const why = 'has the only synchronised copy of a queue';
      await this.#repeat(node, { kind: 'check-mirrors' }, why);
    }
    node.isDrained = true;
    try {
      const problem = await this.#command(node, { kind: 'drain' });
      if (problem !== undefined) log('warn', `node ${node.number} was not drained: ${problem}`);
      await record(node, target);
      // Whatever happens now, it is started with this version, also by a later attempt.
      node.version = target;
    } catch (error) {
      // If it cannot be undone, the node gets no clients until it is started again.
      const problem = await this.#command(node, { kind: 'revive' }).catch(String);
      node.isDrained = problem !== undefined;
      throw error;
    }
    log('info', `node ${node.number} is upgraded from RabbitMQ ${from} to ${target}`);
    await this.#start(node, target);
  }

  /** Starts a node with the new version, and waits until it and all others see each other. */
  async #start(node: Each, target: string): Promise<void> {
    const starting = { node, ends: [] as string[] };
    this.#starting = starting;
    node.isHeld = false;
    const { until, restart, end, log } = this.#actions;
    try {
      await restart(node);
      await until(() => {
        const [last] = starting.ends.slice(-1);
        if (last === undefined || starting.ends.length < endCountMax) return this.#allSee();
        const times = `${starting.ends.length} times (${last})`;
        throw new Error(`node ${node.number} does not run with it: its process ended ${times}`);
      });
      await this.#requireVersion(node, target);
      node.isDrained = false;
      log('info', `node ${node.number} runs RabbitMQ ${target}`);
    } catch (error) {
      node.isHeld = true;
      await end(node);
      throw error;
    } finally {
      this.#starting = undefined;
    }
  }

  #allSee(): boolean {
    return this.#nodes.every((node) => node.sees(this.#nodes.length));
  }

  async #requireVersion(node: Each, target: string): Promise<void> {
    const { rabbitmq_version: found } = fields(await node.api.get('/overview'));
    if (typeof found === 'string' && majorMinor(found) === majorMinor(target)) return;
    throw new Error(`node ${node.number} states another version than ${target}`);
  }

  async #enableFlags(): Promise<void> {
    const [node] = this.#nodes;
    if (node === undefined) return;
    await this.#repeat(node, { kind: 'enable-flags' }, 'could not enable all feature flags');
  }

  /** @throws if the command cannot be given, as when the host of the node is lost: the text names both */
  async #command(node: Each, what: NodeCommand): Promise<string | undefined> {
    try {
      return await this.#actions.command(node, what);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const text = `node ${node.number} on host '${node.host.name}': ${reason}`;
      throw new Error(text, { cause: error });
    }
  }

  /** Tries a command until it succeeds. */
  async #repeat(node: Each, what: NodeCommand, why: string): Promise<void> {
    const { nowMs, pause } = this.#actions;
    const endMs = nowMs() + patienceMs;
    for (;;) {
      const problem = await this.#command(node, what);
      if (problem === undefined) return;
      if (nowMs() > endMs) throw new Error(`node ${node.number} ${why}: ${problem}`);
      await pause();
    }
  }

  async #rebalance(): Promise<void> {
    const [node] = this.#nodes;
    const problem = node && (await this.#actions.command(node, { kind: 'rebalance' }));
    if (problem) this.#actions.log('warn', `the leaders of queues were not spread: ${problem}`);
  }
}

function hasVersion({ version }: UpgradedNode, target: string): boolean {
  return majorMinor(version) === majorMinor(target);
}

function isBefore4(version: string): boolean {
  return Number.parseInt(version, 10) < 4;
}
