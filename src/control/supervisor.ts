// The supervisor, which schedules the reconciler.

import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Entry } from '../storage/journal.ts';
import type { BrokerRecord } from './broker-record.ts';
import type { Brokers } from './brokers.ts';
import type { Decided } from './creation.ts';
import { ControlError } from './errors.ts';
import { KeyServiceUnreachable } from './keys/remote-keys.ts';
import { workOf } from './lifecycle.ts';
import { MaintenanceWindows } from './maintenance/maintenance.ts';
import { keyEffectDelayMs } from './offers/storage-types.ts';
import type { Reconciler, RuntimeState } from './reconciler.ts';
import type { Report } from './report.ts';

/** The settings of the supervisor. */
export interface SupervisorOptions {
  readonly clock: Clock;
  /** Interval of the regular checks of a broker's key, milliseconds. */
  readonly keyCheckMs: number;
  /**
   * Milliseconds until a change of a key takes effect on its brokers. Imitates the delays of AWS.
   */
  readonly keyEffectDelayMs: number;
  /**
   * Milliseconds for which a running broker continues although its key service cannot be reached; 0
   * or undefined for any time.
   */
  readonly keyGraceMs?: number;
  /** Whether {@link Supervisor.start} waits for a broker; it waits for all by default. */
  readonly isAwaited?: (broker: BrokerRecord) => boolean;
  /** Called before the work in progress is waited for, at the end. */
  readonly closing?: () => void;
  /**
   * Called when work on a broker is in progress that need not be completed: the broker is to be deleted, or its replica
   * takes its place at once.
   */
  readonly abandoning?: (brokerId: string) => void;
  readonly report: Report;
  /** Applies the changes before it returns; resolves once they are synced. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
}

/** Decides whether there is something to do in a broker's maintenance window. */
export interface Maintenance {
  /** Loads what the decision needs. */
  readonly prepare: (brokerId: string) => Promise<void>;
  /** @throws {ControlError} if the broker cannot be rebooted, for example with its pending configuration */
  readonly decide: (brokerId: string) => Decided<BrokerRecord> | undefined;
}

/** The shortest and longest delay before a failed step is retried. */
const pauseMs = { first: 250, longest: 60_000 };
/**
 * The number of consecutive failures to start or to stay up after which the broker's state reports
 * them.
 */
const failureCountMax = 3;
/** A broker that ran this long before it crashed is restarted immediately. */
const steadyMs = 60_000;

/** Who waits until some of the brokers have no work that can be done now. */
interface Waiting {
  readonly isMeant: (task: Task) => boolean;
  readonly resolve: () => void;
}

/** The work on one broker. At most one step runs at a time. */
class Task {
  readonly runtime: RuntimeState;
  isBusy = false;
  /** Whether another step was requested during the current one. */
  isWanted = false;
  /** Whether a reboot in the maintenance window is being decided and recorded. */
  isMaintained = false;
  /** The number of failed steps since the last successful one. */
  failures = 0;
  /** The number of crashes since the broker last ran steadily. */
  crashes = 0;
  /** Monotonic time; undefined if no retry is pending. */
  retryAtMs: number | undefined = undefined;
  keyCheckAtMs: number;
  upSinceMs = 0;
  /** Whether the broker's process does not answer. */
  isSilent = false;
  /** How often that happened. */
  silenceCount = 0;
  /** When the key service could first not be reached; undefined if it was reached last. */
  unreachableSinceMs: number | undefined = undefined;

  constructor(isResumed: boolean, keyCheckAtMs: number) {
    this.runtime = { isUp: false, isResumed, keyCheckDue: false, isPartDown: false };
    this.keyCheckAtMs = keyCheckAtMs;
  }
}

/**
 * Runs the reconciler, at most one step per broker at a time: when a record or a key changes, when
 * an engine reports an event, and when a retry or a key check is due.
 */
export class Supervisor {
  readonly #brokers: Brokers;
  readonly #reconciler: Pick<Reconciler, 'step' | 'fail' | 'stop'>;
  readonly #options: SupervisorOptions;
  readonly #tasks = new Map<string, Task>();
  #waiting: Waiting[] = [];
  readonly #windows = new MaintenanceWindows();
  readonly #maintenance: Maintenance;
  #isClosing = false;

  constructor(
    brokers: Brokers,
    reconciler: Pick<Reconciler, 'step' | 'fail' | 'stop'>,
    options: SupervisorOptions,
    maintenance: Maintenance,
  ) {
    this.#brokers = brokers;
    this.#maintenance = maintenance;
    this.#reconciler = reconciler;
    this.#options = options;
  }

  /**
   * Starts with all brokers. Resolves when each that is waited for has had its first step.
   */
  start(): Promise<void> {
    const { isAwaited = () => true } = this.#options;
    const awaited = new Set<Task>();
    for (const broker of this.#brokers.all()) {
      const task = new Task(true, this.#nextKeyCheck());
      this.#tasks.set(broker.id, task);
      if (isAwaited(broker)) awaited.add(task);
      this.wake(broker.id);
    }
    return this.#idle((task) => awaited.has(task));
  }

  /** Reconciles a broker whose record changed. */
  wake(id: string): void {
    if (this.#isClosing) return;
    const task = this.#task(id);
    task.isWanted = true;
    if (!task.isBusy) void this.#run(id, task);
    else if (isEnding(this.#brokers.get(id))) this.#options.abandoning?.(id);
  }

  /**
   * Makes the brokers of a key check it, because the key or a grant on it changed.
   *
   * @param keyId the last part of the key ARN
   */
  keyChanged(keyId: string): void {
    const atMs = this.#nowMs + this.#options.keyEffectDelayMs;
    for (const broker of this.#brokers.all()) {
      if (!broker.key.arn.endsWith(`/${keyId}`)) continue;
      const task = this.#task(broker.id);
      // A broker that waits for its key waits no longer than it must.
      const delayMs = task.runtime.isUp ? delayOf(broker) : 0;
      task.keyCheckAtMs = atMs + delayMs;
    }
    this.tick();
  }

  /** Whether a broker accepts connections. */
  isUp(id: string): boolean {
    return this.#tasks.get(id)?.runtime.isUp === true;
  }

  /** Whether the process of a broker does not answer, and how often that has happened. */
  silenceOf(id: string): { readonly isSilent: boolean; readonly count: number } {
    const { isSilent = false, silenceCount = 0 } = this.#tasks.get(id) ?? {};
    return { isSilent, count: silenceCount };
  }

  /** Performs the work that is due. Call it about once a second. */
  tick(): void {
    for (const [id, task] of this.#tasks) {
      const isRetryDue = task.retryAtMs !== undefined && task.retryAtMs <= this.#nowMs;
      const isKeyCheckDue = task.keyCheckAtMs <= this.#nowMs;
      if (isKeyCheckDue) {
        task.keyCheckAtMs = this.#nextKeyCheck();
        task.runtime.keyCheckDue = true;
        task.runtime.onKeyCheckDue?.();
      }
      if (isRetryDue || isKeyCheckDue) this.wake(id);
    }
    this.#maintainDue();
  }

  /** Reboots the brokers whose maintenance windows have begun and that have something pending. */
  #maintainDue(): void {
    if (this.#isClosing) return;
    const nowMs = this.#options.clock.nowMs();
    for (const broker of this.#brokers.all()) {
      if (this.#windows.hasBegun(broker, nowMs)) void this.#reboot(broker.id);
    }
  }

  async #reboot(id: string): Promise<void> {
    const task = this.#task(id);
    task.isMaintained = true;
    try {
      await this.#maintenance.prepare(id);
      const decided = this.#isClosing ? undefined : this.#maintenance.decide(id);
      if (decided !== undefined) {
        await this.#options.commit(decided.changes);
        this.wake(id);
      }
    } catch (error) {
      const { report } = this.#options;
      if (error instanceof ControlError) {
        report('warn', id, `there is no reboot in the maintenance window: ${error.message}`);
      } else report('error', id, 'a reboot in the maintenance window could not be recorded', error);
    }
    task.isMaintained = false;
    this.#tellIdle();
  }

  /** Resolves once no broker has work that can be done now. */
  idle(): Promise<void> {
    return this.#idle(() => true);
  }

  #idle(isMeant: (task: Task) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ isMeant, resolve });
      this.#tellIdle();
    });
  }

  /** Ends all work and stops every broker. Clients receive the reason. */
  async close(reason: string): Promise<void> {
    this.#isClosing = true;
    this.#options.closing?.();
    await this.idle();
    const tasks = [...this.#tasks];
    await Promise.all(tasks.map(([id, { runtime }]) => this.#stop(id, runtime, reason)));
  }

  /** Stops a broker. One whose processes do not end is only reported. */
  async #stop(id: string, runtime: RuntimeState, reason: string): Promise<void> {
    try {
      await this.#reconciler.stop(id, runtime, reason);
    } catch (error) {
      this.#options.report('error', id, 'the broker could not be stopped', error);
    }
  }

  /** See {@link EngineEvents.crashed}. */
  crashed(brokerId: string, detail: string): void {
    const task = this.#task(brokerId);
    this.#options.report('warn', brokerId, `the broker's process ended: ${detail}`);
    task.runtime.isUp = false;
    if (this.#nowMs - task.upSinceMs >= steadyMs) task.crashes = 0;
    task.retryAtMs = this.#nowMs + pauseAfter(task.crashes);
    task.crashes += 1;
    if (task.crashes >= failureCountMax) {
      void this.#recordDown(
        brokerId,
        task,
        `its process ended ${task.crashes} times; last time: ${detail}`,
      );
    }
    this.tick();
  }

  /** See {@link EngineEvents.failed}. */
  failed(brokerId: string, code: string, message: string): void {
    const task = this.#task(brokerId);
    this.#options.report('error', brokerId, `the broker cannot continue: ${code}: ${message}`);
    task.runtime.isUp = false;
    this.#reconciler.fail(brokerId, code, message).catch((error: unknown) => {
      this.#options.report('error', brokerId, 'the failure could not be recorded', error);
    });
  }

  /** See {@link EngineEvents.needsKeys}. */
  needsKeys(brokerId: string, detail: string): void {
    const task = this.#task(brokerId);
    this.#options.report('warn', brokerId, `a part of the broker was stopped: ${detail}`);
    task.runtime.isPartDown = true;
    this.wake(brokerId);
  }

  /** See {@link EngineEvents.answering}. */
  answering(brokerId: string, isAnswering: boolean, detail: string): void {
    const task = this.#task(brokerId);
    this.#options.report(isAnswering ? 'warn' : 'error', brokerId, detail);
    task.isSilent = !isAnswering;
    if (!isAnswering) task.silenceCount += 1;
  }

  /** See {@link EngineEvents.resealed}. */
  resealed(brokerId: string): void {
    this.wake(brokerId);
  }

  #task(id: string): Task {
    const known = this.#tasks.get(id);
    if (known !== undefined) return known;
    const task = new Task(false, this.#nextKeyCheck());
    this.#tasks.set(id, task);
    return task;
  }

  async #run(id: string, task: Task): Promise<void> {
    assert(!task.isBusy, `broker ${id} has more than one task`);
    task.isBusy = true;
    while (task.isWanted && !this.#isClosing) {
      task.isWanted = false;
      task.retryAtMs = undefined;
      const wasUp = task.runtime.isUp;
      await this.#reconciler.step(id, task.runtime).then(
        () => this.#stepped(task, wasUp),
        (error: unknown) => this.#stepFailed(id, task, error),
      );
    }
    task.isBusy = false;
    if (this.#brokers.get(id) === undefined) {
      this.#tasks.delete(id);
      this.#windows.forget(id);
    }
    this.#tellIdle();
  }

  #stepped(task: Task, wasUp: boolean): void {
    task.failures = 0;
    task.unreachableSinceMs = undefined;
    if (!wasUp && task.runtime.isUp) task.upSinceMs = this.#nowMs;
  }

  async #stepFailed(id: string, task: Task, error: unknown): Promise<void> {
    task.runtime.isResumed = true;
    task.retryAtMs = this.#nowMs + pauseAfter(task.failures + 1);
    task.failures += 1;
    const text = 'a step towards the requested state of the broker failed and will be retried';
    this.#options.report('warn', id, text, error);
    const isUnreachable = error instanceof KeyServiceUnreachable;
    if (isUnreachable && task.runtime.isUp) await this.#endGrace(id, task);
    if (task.runtime.isUp || task.failures < failureCountMax) return;
    const reason = error instanceof Error ? error.message : String(error);
    await this.#recordDown(
      id,
      task,
      `it failed to start ${task.failures} times; last time: ${reason}`,
      isUnreachable ? 'kms-unreachable' : 'process-failed',
    );
  }

  /** Stops a running broker if its key service could not be reached for too long. */
  async #endGrace(id: string, task: Task): Promise<void> {
    const { keyGraceMs = 0 } = this.#options;
    task.unreachableSinceMs ??= this.#nowMs;
    if (keyGraceMs === 0 || this.#nowMs - task.unreachableSinceMs < keyGraceMs) return;
    const why = `the broker's KMS key could not be checked for ${Math.round(keyGraceMs / 1000)} s`;
    await this.#stop(id, task.runtime, why);
  }

  /** Records that a broker is not running although it should be. Retries continue. */
  async #recordDown(
    id: string,
    task: Task,
    why: string,
    code: 'process-failed' | 'kms-unreachable' = 'process-failed',
  ): Promise<void> {
    const broker = this.#brokers.get(id);
    const work = broker === undefined ? 'nothing' : workOf(broker.state);
    if (work !== 'keep-running' && work !== 'restart') return;
    // In a critical state, a broker would otherwise be tried only once.
    task.runtime.isResumed = true;
    try {
      await this.#reconciler.fail(id, code, why);
    } catch (error) {
      this.#options.report('error', id, 'the failure could not be recorded', error);
    }
  }

  #nextKeyCheck(): number {
    return this.#nowMs + this.#options.keyCheckMs;
  }

  get #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #tellIdle(): void {
    const busy = [...this.#tasks.values()].filter((task) => task.isBusy || task.isMaintained);
    const isOver = ({ isMeant }: Waiting) => !busy.some(isMeant);
    const over = this.#waiting.filter(isOver);
    this.#waiting = this.#waiting.filter((each) => !over.includes(each));
    for (const { resolve } of over) resolve();
  }
}

/** Whether a broker is being deleted, or is replaced by its replica, so that its present work need not be completed. */
function isEnding(broker: BrokerRecord | undefined): boolean {
  const { role, promotion } = broker?.replication ?? {};
  const isReplaced = role === 'PRIMARY' && promotion === 'FAILOVER';
  return broker?.state === 'DELETION_IN_PROGRESS' || isReplaced;
}

/** By how much later than others a broker feels that its key is lost. */
function delayOf({ volumes }: BrokerRecord): number {
  return Math.max(0, ...volumes.map(({ storageType }) => keyEffectDelayMs(storageType)));
}

/**
 * Milliseconds to wait before the next retry: 0 after the first failure, then doubled each time.
 */
function pauseAfter(failures: number): number {
  if (failures === 0) return 0;
  return Math.min(pauseMs.first * 2 ** Math.min(failures, 16), pauseMs.longest);
}
