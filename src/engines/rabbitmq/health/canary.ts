// Whether a cluster confirms messages: each node is asked for the confirm of a message to a quorum queue.

import { TransferError } from '../../../transfer/errors.ts';
import { healthVhost } from '../../../transfer/health-vhost.ts';

/** Time between two checks, milliseconds. */
const checkMs = 15_000;
/** Time without a confirm after which users are told, milliseconds. */
export const silentMs = 60_000;
/** Time between two attempts to create what the check needs, milliseconds. */
const repairMs = 60_000;
/** Time for the first confirm of a start, milliseconds. */
const firstMs = 30_000;

/** A node, as the check needs it. */
export interface CheckedNode {
  readonly number: number;
  readonly version: string;
  /** Whether clients are given to it, and its answers state no alarm, for which publishers wait. */
  readonly isChecked: boolean;
}

/** A connection to a node. */
export interface CanaryConnection {
  /** Publishes a message. @throws {Error} if it is not confirmed in time */
  confirm(): Promise<void>;
  close(): void;
}

/** What a check does to nodes. */
export interface CanaryActions<Each extends CheckedNode> {
  /** @param mayCreate whether the queue is created if there is none */
  open(node: Each, mayCreate: boolean): Promise<CanaryConnection>;
  /** Creates the virtual host and the permissions. @returns why that failed; undefined if it did not */
  repair(node: Each): Promise<string | undefined>;
  log(level: 'info' | 'warn', text: string): void;
  /** Pauses between two attempts of a start. */
  pause(): Promise<void>;
  readonly nowMs: () => number;
}

/** The connection of a node, and what is known of it. */
interface Watch {
  connection: CanaryConnection | undefined;
  /** When it last confirmed a message, or was first asked. */
  sinceMs: number;
  /** Why it does not confirm; undefined if it does. */
  problem: string | undefined;
  isReported: boolean;
}

/** Asks the nodes of a cluster for confirms, and never ends or restarts one. */
export class Canary<Each extends CheckedNode> {
  readonly #nodes: readonly Each[];
  readonly #actions: CanaryActions<Each>;
  readonly #watches = new Map<Each, Watch>();
  #nextMs = 0;
  #nextRepairMs = 0;
  #checking: Promise<void> | undefined = undefined;
  #hasFailedAtFirst = false;
  #isClosed = true;
  #lastRefusal: string | undefined = undefined;

  constructor(nodes: readonly Each[], actions: CanaryActions<Each>) {
    this.#nodes = nodes;
    this.#actions = actions;
  }

  /** Whether no node has confirmed a message for {@link silentMs}, or none did at the start. */
  get isSilent(): boolean {
    const watches = [...this.#watches.values()];
    if (this.#hasFailedAtFirst) return watches.length > 0;
    return watches.length > 0 && watches.every((watch) => this.#isLate(watch));
  }

  /** Whether a node confirms messages; undefined if it is not asked. */
  confirms(node: Each): boolean | undefined {
    const watch = this.#watches.get(node);
    return watch && !this.#isLate(watch);
  }

  #isLate({ problem, sinceMs }: Watch): boolean {
    return problem !== undefined && this.#actions.nowMs() - sinceMs >= silentMs;
  }

  /**
   * Waits for the first confirm of a start, for a limited time.
   *
   * @param isNew whether the cluster has not run before
   */
  async start(isNew: boolean): Promise<void> {
    this.open();
    const { nowMs, log, pause } = this.#actions;
    const endMs = nowMs() + firstMs;
    const [node] = this.#nodes;
    if (isNew && node !== undefined) await this.#repair(node);
    while (!this.#isClosed && nowMs() < endMs) {
      this.#nextMs = 0;
      this.examine();
      await this.#checking;
      const watches = [...this.#watches.values()];
      if (watches.some(({ problem }) => problem === undefined)) return;
      const isUnable = !this.#isWhole || this.#lastRefusal !== undefined;
      if (watches.length === 0 && isUnable) return;
      await pause();
    }
    if (this.#isClosed || this.#watches.size === 0) return;
    this.#hasFailedAtFirst = true;
    const problems = [...this.#watches.values()].map(({ problem }) => problem).join('; ');
    log('warn', `the cluster has confirmed no message since its start: ${problems}`);
  }

  /** Permits checks from now on. */
  open(): void {
    this.#isClosed = false;
  }

  /** Begins a check if one is due. Call it after each look at the nodes. */
  examine(): void {
    const nowMs = this.#actions.nowMs();
    if (this.#isClosed || nowMs < this.#nextMs || this.#checking !== undefined) return;
    this.#nextMs = nowMs + checkMs;
    this.#checking = Promise.all(this.#nodes.map((node) => this.#check(node))).then(() => {
      this.#checking = undefined;
    });
  }

  async #check(node: Each): Promise<void> {
    if (!node.isChecked) return this.#forget(node);
    const watch = this.#watches.get(node) ?? this.#newWatch(node);
    try {
      watch.connection ??= await this.#actions.open(node, this.#isWhole);
      await watch.connection.confirm();
      this.#confirmed(node, watch);
    } catch (error) {
      watch.connection?.close();
      watch.connection = undefined;
      // It may have been stopped meanwhile.
      if (this.#isClosed || !node.isChecked) return this.#forget(node);
      if (isMissing(error)) return this.#missing(node);
      this.#failed(node, watch, error instanceof Error ? error.message : String(error));
    }
    // It may have been closed meanwhile.
    if (this.#watches.get(node) !== watch) watch.connection?.close();
  }

  #newWatch(node: Each): Watch {
    const sinceMs = this.#actions.nowMs();
    const made: Watch = { connection: undefined, sinceMs, problem: undefined, isReported: false };
    this.#watches.set(node, made);
    return made;
  }

  #confirmed({ number }: Each, watch: Watch): void {
    if (watch.isReported) this.#actions.log('info', `node ${number} confirms messages again`);
    Object.assign(watch, { sinceMs: this.#actions.nowMs(), problem: undefined, isReported: false });
    this.#hasFailedAtFirst = false;
    this.#lastRefusal = undefined;
  }

  #failed({ number }: Each, watch: Watch, problem: string): void {
    watch.problem = problem;
    if (watch.isReported || !this.#isLate(watch)) return;
    watch.isReported = true;
    const text = `node ${number} has confirmed no message to a quorum queue for ${silentMs / 1000} s`;
    this.#actions.log('warn', `${text}: ${problem}`);
  }

  /** The virtual host, the queue or the permissions are not there: this says nothing about the node. */
  async #missing(node: Each): Promise<void> {
    this.#forget(node);
    if (this.#isWhole && !this.#isClosed) await this.#repair(node);
  }

  async #repair(node: Each): Promise<void> {
    const { nowMs, log, repair } = this.#actions;
    if (nowMs() < this.#nextRepairMs) return;
    this.#nextRepairMs = nowMs() + repairMs;
    const problem = await repair(node).catch(String);
    this.#nextMs = 0;
    if (problem === undefined || problem === this.#lastRefusal || this.#isClosed) return;
    this.#lastRefusal = problem;
    log('warn', `confirms are not checked: the virtual host ${healthVhost} is missing: ${problem}`);
  }

  /** Queues are declared while all nodes run and have one version, so that each gets a member of them. */
  get #isWhole(): boolean {
    const isSame = new Set(this.#nodes.map(({ version }) => version)).size === 1;
    return isSame && this.#nodes.every(({ isChecked }) => isChecked);
  }

  #forget(node: Each): void {
    this.#watches.get(node)?.connection?.close();
    this.#watches.delete(node);
  }

  /** Ends all connections, before the nodes are ended. */
  close(): void {
    this.#isClosed = true;
    this.#hasFailedAtFirst = false;
    for (const node of [...this.#watches.keys()]) this.#forget(node);
  }

  /** Resolves when there is no check in progress. */
  get ended(): Promise<void> {
    return this.#checking ?? Promise.resolve();
  }
}

/** Whether an error says that the virtual host, the queue or a permission is missing. */
function isMissing(error: unknown): boolean {
  if (!(error instanceof TransferError)) return false;
  return error.code === 'login-refused' || [403, 404, 530].includes(error.replyCode ?? 0);
}
