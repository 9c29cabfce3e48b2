// Background work in slices.

/** An object with recurring work that is done in slices. */
export interface Worker {
  /** Whether it is in the list of workers. Only the list changes this. */
  isListed: boolean;
  /**
   * Performs some work and spends units for it, until `units.left` is down to `until`.
   *
   * @returns whether there is more work at present
   */
  work(units: Background, until: number): boolean;
}

/** The number of parts of a turn, so that no worker takes all of it. */
const partCount = 8;

/** Units for one step of a job. A step takes some microseconds. */
export const stepUnits = 16;

/** Steps that do nothing and take units, for work that is done at the end of a job. */
export function* unitSteps(units: number): Generator<void> {
  for (let left = units; left > 0; left -= stepUnits) yield;
}

/** The workers that have work. Each gets a part of the turn in rotation. */
class WorkerQueue {
  #workers: Worker[] = [];

  get length(): number {
    return this.#workers.length;
  }

  add(worker: Worker): void {
    if (worker.isListed) return;
    worker.isListed = true;
    this.#workers.push(worker);
  }

  /** Lets each worker do some work while units are left. */
  round(units: Background, part: number): void {
    const workers = this.#workers;
    this.#workers = [];
    let at = 0;
    try {
      while (at < workers.length && units.left > 0) {
        const worker = workers[at++] as Worker; // at is in range
        worker.isListed = false;
        let isLeft = true;
        try {
          isLeft = worker.work(units, Math.max(0, units.left - part));
        } finally {
          if (isLeft) this.add(worker);
        }
      }
    } finally {
      // Workers without a part in this turn come first in the next one.
      if (at < workers.length) this.#workers = [...workers.slice(at), ...this.#workers];
    }
  }
}

/** A job: steps that are performed once, and a callback at their end. */
class Job implements Worker {
  isListed = false;
  readonly #steps: Iterator<void>;
  readonly #ended: () => void;
  readonly #failed: (error: unknown) => void;

  constructor(steps: Iterable<void>, ended: () => void, failed: (error: unknown) => void) {
    this.#steps = steps[Symbol.iterator]();
    this.#ended = ended;
    this.#failed = failed;
  }

  work(units: Background, until: number): boolean {
    try {
      while (this.#steps.next().done !== true) {
        units.spend(stepUnits);
        if (units.left <= until) return true;
      }
    } catch (error) {
      this.#failed(error);
    }
    this.#ended();
    return false;
  }
}

/**
 * Milliseconds after which a turn stops, even if units are left: a unit may take much longer than a
 * microsecond if code runs for the first time or the machine is slow.
 */
const turnMsMax = 5;

/** Milliseconds that workers get in each turn, however long its deliveries were. */
const workMsMin = 2;

/** Units between checks of the clock. */
const timedUnits = 16;

/** The interface to the broker. */
interface BackgroundHost {
  /** Monotonic milliseconds. */
  monotonicMs(): number;
  /** Whether the log is so far behind that workers must wait. Jobs continue. */
  isBehind(): boolean;
  /** Called in each turn after one that spent units; calls {@link Background.work}. */
  again(): void;
  /** Called with the error of a job, which ends only that job. */
  failed(error: unknown): void;
}

/**
 * Work that may exceed one turn of the event loop. Each turn spends a number of units on it, of
 * about a microsecond each. The rest is done in later turns, so that other work continues in
 * between. *Workers* have recurring work (queues with messages to remove, schedules) and wait while
 * the log is behind. *Jobs* are performed once, step by step, regardless of the log. Work that
 * creates more work does not cause recursion.
 */
export class Background {
  /** The remaining units of this turn. */
  left: number;
  readonly #unitsMax: number;
  readonly #part: number;
  readonly #host: BackgroundHost;
  readonly #defer: (next: () => void) => void;
  readonly #workers = new WorkerQueue();
  readonly #jobs = new WorkerQueue();
  /** Jobs that must not start in this turn. */
  readonly #later: Job[] = [];
  /** Callbacks of completed jobs. */
  readonly #followUps: (() => void)[] = [];
  #turn = 0;
  #isTurnAsked = false;
  readonly #turnEnded = (): void => {
    this.#isTurnAsked = false;
    this.#turn++;
  };
  #jobCount = 0;
  /** The start of the work in this turn; -1 if there was none. */
  #beganMs = -1;
  /** Units spent since the last check of the clock. */
  #untimedUnits = 0;
  #isRunning = false;
  #isDeferred = false;
  #isEnded = false;

  /**
   * @param unitsMax units per turn
   * @param defer runs a function in the next turn
   */
  constructor(
    unitsMax: number,
    host: BackgroundHost,
    defer: (next: () => void) => void = (next) => setImmediate(next),
  ) {
    this.left = unitsMax;
    this.#unitsMax = unitsMax;
    this.#part = Math.max(1, unitsMax / partCount);
    this.#host = host;
    this.#defer = defer;
  }

  /** The number of the present turn of the event loop, for limits on the input of a turn. */
  get turn(): number {
    if (!this.#isTurnAsked) {
      this.#isTurnAsked = true;
      this.#defer(this.#turnEnded);
    }
    return this.#turn;
  }

  /** The clock that limits a turn, milliseconds. */
  monotonicMs(): number {
    return this.#host.monotonicMs();
  }

  /**
   * Counts what this turn does from now on as a part of its time.
   *
   * @returns the start of the work in this turn, milliseconds
   */
  begin(nowMs: number): number {
    if (this.#beganMs < 0) {
      this.#beganMs = nowMs;
      this.#wait(); // the next turn begins anew
    }
    return this.#beganMs;
  }

  /** Whether any worker has work. */
  get isPending(): boolean {
    return this.#workers.length > 0;
  }

  /** Whether there are no jobs and no pending callbacks. */
  get isIdle(): boolean {
    return this.#jobCount + this.#followUps.length === 0;
  }

  /** Whether {@link run} begins a job at once, so that a job without steps need not be run. */
  get beginsAtOnce(): boolean {
    return !this.#isRunning && this.left > 0;
  }

  /** Adds a worker that has work. */
  add(worker: Worker): void {
    this.#workers.add(worker);
    if (!this.#isRunning) this.#wait();
  }

  /** Performs the work of this worker, and of all others, as far as this turn permits. */
  doNow(worker: Worker): void {
    this.add(worker);
    this.work();
  }

  /**
   * Runs a job as far as this turn permits, which is usually all of it, and the rest in later
   * turns. A job that is started by other background work waits until that has had its part.
   *
   * @param steps performs one step each time it is advanced
   * @param done called at the end; before this returns if one turn is enough
   */
  run(steps: Iterable<void>, done: () => void = () => {}): void {
    const job = this.#job(steps, done);
    if (!this.beginsAtOnce || this.#work(() => job.work(this, 0))) {
      this.#jobs.add(job);
      this.#wait();
    }
    if (!this.#isRunning) this.#followUp();
  }

  /** Runs a job from the next turn on. */
  runLater(steps: Iterable<void>, done: () => void = () => {}): void {
    this.#later.push(this.#job(steps, done));
    this.#wait();
  }

  #job(steps: Iterable<void>, done: () => void): Job {
    this.#jobCount++;
    const ended = () => {
      this.#jobCount--;
      this.#followUps.push(done);
    };
    return new Job(steps, ended, (error) => this.#host.failed(error));
  }

  /** Completes all jobs, however long it takes. */
  finishJobs(): void {
    while (!this.isIdle && !this.#isEnded) this.#beginTurn();
  }

  /** Stops all work, because the log is about to close. */
  end(): void {
    this.#isEnded = true;
  }

  /** Counts spent units. */
  spend(units: number): void {
    this.left -= units;
    this.#untimedUnits += units;
    if (this.#untimedUnits >= timedUnits) this.#lookAtClock();
    if (!this.#isDeferred) this.#wait();
  }

  #lookAtClock(): void {
    this.#untimedUnits = 0;
    const nowMs = this.#host.monotonicMs();
    if (this.#beganMs < 0) this.#beganMs = nowMs;
    else if (nowMs - this.#beganMs > turnMsMax && this.left > 0) this.left = 0;
  }

  #wait(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#defer(this.#nextTurn);
  }

  readonly #nextTurn = (): void => {
    this.#isDeferred = false;
    if (this.#isEnded) return;
    this.#beginTurn();
    this.#host.again();
    // If nothing was spent, the next work starts the turn, at any time.
    if (!this.#isDeferred) this.#beganMs = -1;
  };

  #beginTurn(): void {
    this.left = this.#unitsMax;
    this.#beganMs = this.#host.monotonicMs();
    this.#untimedUnits = 0;
    for (const job of this.#later.splice(0)) this.#jobs.add(job);
    // If there are workers, they get half of the turn.
    const kept = this.#workers.length > 0 ? this.#unitsMax / 2 : 0;
    while (this.left > kept && this.#jobs.length > 0) {
      this.#work(() => this.#jobs.round(this, this.#part));
      this.#followUp();
    }
    if (this.#jobs.length > 0) this.#wait();
  }

  /**
   * Lets workers work within the units of the turn. Does nothing if called by background work.
   *
   * @param unitsMin units that may be spent even if none are left
   */
  work(unitsMin = 0): void {
    if (this.#isRunning || this.#isEnded || this.#workers.length === 0) return;
    if (this.left < unitsMin) this.left = unitsMin;
    if (this.#beganMs >= 0) {
      const latestMs = this.#host.monotonicMs() - (turnMsMax - workMsMin);
      this.#beganMs = Math.max(this.#beganMs, latestMs);
    }
    while (this.left > 0 && this.#workers.length > 0 && !this.#host.isBehind()) {
      this.#work(() => this.#workers.round(this, this.#part));
    }
    if (this.#workers.length > 0 && !this.#host.isBehind()) this.#wait();
  }

  #work<T>(act: () => T): T {
    this.#isRunning = true;
    try {
      return act();
    } finally {
      this.#isRunning = false;
    }
  }

  /** Calls the callbacks of completed jobs, outside of other work, so that they may start more. */
  #followUp(): void {
    for (let done = this.#followUps.shift(); done !== undefined; done = this.#followUps.shift()) {
      done();
    }
  }
}
