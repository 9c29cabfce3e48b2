// Whether a cluster confirms messages: each node is asked for the confirm of a message to a quorum queue.

import { TransferError } from '../../../transfer/errors.ts';
import { healthVhost } from '../../../transfer/health-vhost.ts';

/** Time between the beginnings of two checks, milliseconds. */
export const checkMs = 15_000;
/**
 * Checks in a row without a confirm after which users are told: about a minute. They are counted, because time
 * also passes while this process does not run.
 */
export const failureCountMax = 5;
/** Time between two attempts to create what the check needs, milliseconds: doubled while they do not help. */
const repairMs = { first: 60_000, longest: 960_000 } as const;
/** Time after which all nodes know what was created, milliseconds. */
const knownMs = 5000;
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
  /**
   * Publishes a message.
   *
   * @param mayCreate whether the queue is created if there is none, and examined
   * @throws {Error} if the message is not confirmed in time
   */
  confirm(mayCreate: boolean): Promise<void>;
  close(): void;
}

/** What a check does to nodes. */
export interface CanaryActions<Each extends CheckedNode> {
  /** @param signal gives the attempt up */
  open(node: Each, signal: AbortSignal): Promise<CanaryConnection>;
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
  /** Checks without a confirm since the last one. */
  failureCount: number;
  /** Why the last check failed; undefined if it did not. */
  problem: string | undefined;
}

/** What a node has shown: `unknown` says nothing about it. */
type Outcome = 'confirmed' | 'failed' | 'unknown';

/** Asks the nodes of a cluster for confirms, and never ends or restarts one. */
export class Canary<Each extends CheckedNode> {
  readonly #nodes: readonly Each[];
  readonly #actions: CanaryActions<Each>;
  readonly #watches = new Map<Each, Watch>();
  #nextMs = 0;
  #repair = {
    nextMs: 0,
    pauseMs: repairMs.first as number,
    createdMs: Number.POSITIVE_INFINITY,
  };
  #checking: Promise<void> | undefined = undefined;
  /** Checks without a confirm of any node since the last one. */
  #failureCount = 0;
  #isStarting = false;
  /** Gives up what is in progress; undefined if there are no checks. */
  #ends: AbortController | undefined = undefined;
  /** Why confirms cannot be checked. */
  #obstacle: string | undefined = undefined;

  constructor(nodes: readonly Each[], actions: CanaryActions<Each>) {
    this.#nodes = nodes;
    this.#actions = actions;
  }

  /** Whether no node has confirmed a message for about a minute, or none did at the start. */
  get isSilent(): boolean {
    return this.#failureCount >= failureCountMax && !this.#isStarting;
  }

  /** Whether a node confirms messages; undefined if it is not asked. */
  confirms(node: Each): boolean | undefined {
    const watch = this.#watches.get(node);
    return watch && watch.failureCount < failureCountMax;
  }

  /**
   * Waits for the first confirm of a start, for a limited time.
   *
   * @param isNew whether the cluster has not run before
   */
  async start(isNew: boolean): Promise<void> {
    this.open();
    this.#isStarting = true;
    try {
      await this.#start(isNew);
    } finally {
      this.#isStarting = false;
    }
  }

  async #start(isNew: boolean): Promise<void> {
    const { nowMs, log, pause } = this.#actions;
    const endMs = nowMs() + firstMs;
    const [node] = this.#nodes;
    if (isNew && node !== undefined) await this.#create(node);
    while (this.#ends !== undefined && nowMs() < endMs) {
      this.#nextMs = 0;
      this.examine();
      await this.#checking;
      const watches = [...this.#watches.values()];
      for (const watch of watches) watch.failureCount = 0;
      if (watches.some(({ problem }) => problem === undefined)) return;
      const isUnable = !this.#isWhole || this.#obstacle !== undefined;
      if (watches.length === 0 && isUnable) return;
      await pause();
    }
    if (this.#ends === undefined || this.#watches.size === 0) return;
    this.#failureCount = failureCountMax;
    const problems = [...this.#watches.values()].map(({ problem }) => problem).join('; ');
    log('warn', `the cluster has confirmed no message since its start: ${problems}`);
  }

  /** Permits checks from now on. */
  open(): void {
    this.#ends ??= new AbortController();
  }

  /** Begins a check if one is due. Call it after each look at the nodes. */
  examine(): void {
    const nowMs = this.#actions.nowMs();
    if (this.#ends === undefined || nowMs < this.#nextMs || this.#checking !== undefined) return;
    this.#nextMs = nowMs + checkMs;
    const { signal } = this.#ends;
    const checks = this.#nodes.map((node) => this.#check(node, signal));
    this.#checking = Promise.all(checks).then((outcomes) => {
      this.#checking = undefined;
      if (signal.aborted) return;
      if (outcomes.includes('confirmed') || !outcomes.includes('failed')) this.#failureCount = 0;
      else this.#failureCount++;
    });
  }

  async #check(node: Each, signal: AbortSignal): Promise<Outcome> {
    if (!node.isChecked) return this.#forget(node);
    const sinceMs = this.#actions.nowMs();
    const watch = this.#watches.get(node) ?? this.#newWatch(node);
    let outcome: Outcome;
    try {
      watch.connection ??= await this.#actions.open(node, signal);
      await watch.connection.confirm(this.#isWhole);
      outcome = signal.aborted ? 'unknown' : this.#confirmed(node, watch);
    } catch (error) {
      watch.connection?.close();
      watch.connection = undefined;
      // It may have been stopped meanwhile.
      if (signal.aborted || !node.isChecked) return this.#forget(node);
      if (isMissing(error)) return this.#missing(node, error, sinceMs);
      outcome = this.#failed(node, watch, error instanceof Error ? error.message : String(error));
    }
    // It may have been closed meanwhile.
    if (this.#watches.get(node) !== watch) watch.connection?.close();
    return outcome;
  }

  #newWatch(node: Each): Watch {
    const made: Watch = { connection: undefined, failureCount: 0, problem: undefined };
    this.#watches.set(node, made);
    return made;
  }

  #confirmed({ number }: Each, watch: Watch): Outcome {
    if (watch.failureCount >= failureCountMax) {
      this.#actions.log('info', `node ${number} confirms messages again`);
    }
    Object.assign(watch, { failureCount: 0, problem: undefined });
    this.#obstacle = undefined;
    this.#repair.pauseMs = repairMs.first;
    return 'confirmed';
  }

  #failed({ number }: Each, watch: Watch, problem: string): Outcome {
    watch.problem = problem;
    watch.failureCount++;
    if (watch.failureCount === failureCountMax && !this.#isStarting) {
      const text = `node ${number} has confirmed no message to a quorum queue for about a minute`;
      this.#actions.log('warn', `${text}: ${problem}`);
    }
    return 'failed';
  }

  /** The virtual host, the queue or the permissions are not there: this says nothing about the node. */
  async #missing(node: Each, { message }: Error, sinceMs: number): Promise<Outcome> {
    const outcome = this.#forget(node);
    const { nextMs, createdMs } = this.#repair;
    if (!this.#isWhole || this.#ends === undefined) return outcome;
    if (this.#actions.nowMs() >= nextMs) await this.#create(node);
    else if (sinceMs >= createdMs + knownMs) this.#cannotCheck(message);
    return outcome;
  }

  async #create(node: Each): Promise<void> {
    const { nowMs, repair } = this.#actions;
    const { pauseMs } = this.#repair;
    this.#repair = {
      nextMs: nowMs() + pauseMs,
      pauseMs: Math.min(2 * pauseMs, repairMs.longest),
      createdMs: Number.POSITIVE_INFINITY,
    };
    const problem = await repair(node).catch(String);
    if (this.#ends === undefined) return;
    if (problem !== undefined) return this.#cannotCheck(problem);
    this.#repair.createdMs = nowMs();
    this.#nextMs = 0;
  }

  #cannotCheck(why: string): void {
    if (why === this.#obstacle) return;
    this.#obstacle = why;
    const what = `confirms are not checked, because the virtual host ${healthVhost} cannot be used`;
    this.#actions.log('warn', `${what}: ${why}`);
  }

  /** Queues are declared while all nodes run and have one version, so that each gets a member of them. */
  get #isWhole(): boolean {
    const isSame = new Set(this.#nodes.map(({ version }) => version)).size === 1;
    return isSame && this.#nodes.every(({ isChecked }) => isChecked);
  }

  #forget(node: Each): Outcome {
    this.#watches.get(node)?.connection?.close();
    this.#watches.delete(node);
    return 'unknown';
  }

  /** Ends all connections, before the nodes are ended. */
  close(): void {
    this.#ends?.abort();
    this.#ends = undefined;
    this.#failureCount = 0;
    for (const node of [...this.#watches.keys()]) this.#forget(node);
  }

  /** Resolves when there is no check in progress. */
  get ended(): Promise<void> {
    return this.#checking ?? Promise.resolve();
  }
}

/** Whether an error says that the virtual host, the queue or a permission is missing, or the user is not known. */
function isMissing(error: unknown): error is TransferError {
  return error instanceof TransferError && [403, 404, 530].includes(error.replyCode ?? 0);
}
