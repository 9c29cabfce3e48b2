import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Brokers } from './brokers.ts';
import type { Engine, EngineEvents } from './engine.ts';
import { workOf } from './lifecycle.ts';
import type { Report } from './report.ts';
import type { Presence, Upkeep } from './upkeep.ts';

/** How the supervisor keeps time, and whom it tells. */
export interface SupervisorOptions {
  readonly clock: Clock;
  /** How often a broker's key is asked for though nothing is known to have changed. */
  readonly keyCheckMs: number;
  /** How long after a change of a key its brokers are made to notice; imitates Amazon's delays. */
  readonly keyEffectDelayMs: number;
  readonly report: Report;
}

/** Shortest and longest pause before what failed is tried again. */
const pauseMs = { first: 250, longest: 60_000 };
/** Tries in a row that a broker may fail to come up, or to stay up, before its state says so. */
const failureCountMax = 3;
/** A broker that ran so long before it crashed is started again at once. */
const steadyMs = 60_000;

/** One broker's work: at most one step at a time. */
class Task {
  readonly presence: Presence;
  isBusy = false;
  /** Asked for again while it was busy. */
  isWanted = false;
  /** Steps that failed since one succeeded. */
  stumbles = 0;
  /** Ends nobody asked for since the broker last ran steadily. */
  crashes = 0;
  /** Monotonic; undefined where nothing is waiting. */
  retryAtMs: number | undefined = undefined;
  keyCheckAtMs: number;
  upSinceMs = 0;

  constructor(isResumed: boolean, keyCheckAtMs: number) {
    this.presence = { isUp: false, isResumed, keyCheckDue: false };
    this.keyCheckAtMs = keyCheckAtMs;
  }
}

/**
 * Works off the difference between what the records intend and what is, each broker by itself:
 * when a record changes, when a key does, when an engine reports, and when time has come.
 */
export class Supervisor implements EngineEvents {
  readonly #brokers: Brokers;
  readonly #upkeep: Pick<Upkeep, 'step' | 'fail'>;
  readonly #engine: Engine;
  readonly #options: SupervisorOptions;
  readonly #tasks = new Map<string, Task>();
  readonly #waiting: (() => void)[] = [];
  #isClosing = false;

  constructor(
    brokers: Brokers,
    upkeep: Pick<Upkeep, 'step' | 'fail'>,
    engine: Engine,
    options: SupervisorOptions,
  ) {
    this.#brokers = brokers;
    this.#upkeep = upkeep;
    this.#engine = engine;
    this.#options = options;
    engine.observe(this);
  }

  /** Takes up what the records intend; resolves when every broker has had its first turn. */
  start(): Promise<void> {
    for (const { id } of this.#brokers.all()) {
      this.#tasks.set(id, new Task(true, this.#nextKeyCheck()));
      this.wake(id);
    }
    return this.idle();
  }

  /** Has a broker's record looked at: it changed. */
  wake(id: string): void {
    if (this.#isClosing) return;
    const task = this.#task(id);
    task.isWanted = true;
    if (!task.isBusy) void this.#run(id, task);
  }

  /**
   * A key, or a grant on it, changed: its brokers ask for it.
   *
   * @param keyId the last part of the key's ARN
   */
  keyChanged(keyId: string): void {
    const atMs = this.#nowMs + this.#options.keyEffectDelayMs;
    for (const { id, key } of this.#brokers.all()) {
      if (key.arn.endsWith(`/${keyId}`)) this.#task(id).keyCheckAtMs = atMs;
    }
    this.tick();
  }

  /** Does what is due by now; to be called about once a second. */
  tick(): void {
    for (const [id, task] of this.#tasks) {
      const isRetryDue = task.retryAtMs !== undefined && task.retryAtMs <= this.#nowMs;
      const isKeyCheckDue = task.keyCheckAtMs <= this.#nowMs;
      if (isKeyCheckDue) {
        task.keyCheckAtMs = this.#nextKeyCheck();
        task.presence.keyCheckDue = true;
      }
      if (isRetryDue || isKeyCheckDue) this.wake(id);
    }
  }

  /** Resolves once no broker has work that could be done now. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#tellIdle();
    });
  }

  /** Ends all work and stops every broker, clients being told the reason. */
  async close(reason: string): Promise<void> {
    this.#isClosing = true;
    await this.idle();
    const up = [...this.#tasks].filter(([, { presence }]) => presence.isUp);
    await Promise.all(
      up.map(async ([id, { presence }]) => {
        await this.#engine.stop(id, reason);
        presence.isUp = false;
      }),
    );
  }

  crashed(brokerId: string, detail: string): void {
    const task = this.#task(brokerId);
    this.#options.report('warn', brokerId, `the broker's process ended: ${detail}`);
    task.presence.isUp = false;
    if (this.#nowMs - task.upSinceMs >= steadyMs) task.crashes = 0;
    task.retryAtMs = this.#nowMs + pauseAfter(task.crashes);
    task.crashes += 1;
    if (task.crashes >= failureCountMax) {
      void this.#sayDown(
        brokerId,
        task,
        `its process ended ${task.crashes} times, last: ${detail}`,
      );
    }
    this.tick();
  }

  failed(brokerId: string, code: string, message: string): void {
    const task = this.#task(brokerId);
    this.#options.report('error', brokerId, `the broker cannot run on: ${code}: ${message}`);
    task.presence.isUp = false;
    this.#upkeep.fail(brokerId, code, message).catch((error: unknown) => {
      this.#options.report('error', brokerId, 'the failure could not be recorded', error);
    });
  }

  #task(id: string): Task {
    const known = this.#tasks.get(id);
    if (known !== undefined) return known;
    const task = new Task(false, this.#nextKeyCheck());
    this.#tasks.set(id, task);
    return task;
  }

  async #run(id: string, task: Task): Promise<void> {
    assert(!task.isBusy, `broker ${id} has one task`);
    task.isBusy = true;
    while (task.isWanted && !this.#isClosing) {
      task.isWanted = false;
      task.retryAtMs = undefined;
      const wasUp = task.presence.isUp;
      await this.#upkeep.step(id, task.presence).then(
        () => this.#stepped(task, wasUp),
        (error: unknown) => this.#stumbled(id, task, error),
      );
    }
    task.isBusy = false;
    if (this.#brokers.get(id) === undefined) this.#tasks.delete(id);
    this.#tellIdle();
  }

  #stepped(task: Task, wasUp: boolean): void {
    task.stumbles = 0;
    if (!wasUp && task.presence.isUp) task.upSinceMs = this.#nowMs;
  }

  async #stumbled(id: string, task: Task, error: unknown): Promise<void> {
    task.presence.isResumed = true;
    task.retryAtMs = this.#nowMs + pauseAfter(task.stumbles + 1);
    task.stumbles += 1;
    const text = 'a step to bring the broker to its wanted state failed and is retried';
    this.#options.report('warn', id, text, error);
    if (task.presence.isUp || task.stumbles < failureCountMax) return;
    const reason = error instanceof Error ? error.message : String(error);
    await this.#sayDown(
      id,
      task,
      `it could not be started ${task.stumbles} times, last: ${reason}`,
    );
  }

  /** Has a broker that should run say that it does not, and why. It is tried on. */
  async #sayDown(id: string, task: Task, why: string): Promise<void> {
    const broker = this.#brokers.get(id);
    const work = broker === undefined ? 'nothing' : workOf(broker.state);
    if (work !== 'keep-running' && work !== 'restart') return;
    // What is done for a broker in a critical state is otherwise done once.
    task.presence.isResumed = true;
    try {
      await this.#upkeep.fail(id, 'process-failed', why);
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
    for (const task of this.#tasks.values()) if (task.isBusy) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** How long to wait before the next try: not at all after the first failure, then ever longer. */
function pauseAfter(failures: number): number {
  if (failures === 0) return 0;
  return Math.min(pauseMs.first * 2 ** Math.min(failures, 16), pauseMs.longest);
}
