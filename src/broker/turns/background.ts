/** Who has work that grows with data, and is done in slices. */
export interface Worker {
  /** Whether it is in the list of workers; only the list changes that. */
  isListed: boolean;
  /**
   * Does some of its work and spends units for it, until `units.left` is down to `until`.
   *
   * @returns whether something is left to do now
   */
  work(units: Background, until: number): boolean;
}

/** Into how many parts a turn is cut, so that no worker keeps the others waiting for all of it. */
const partCount = 8;

/** Units of work that one step of a job counts as. A step takes some microseconds. */
export const stepUnits = 16;

/** Workers that have work, each of which gets a part of a turn before any gets another. */
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

  /** Lets each do some of its work, while units are left. */
  round(units: Background, part: number): void {
    const workers = this.#workers;
    this.#workers = [];
    let at = 0;
    try {
      while (at < workers.length && units.left > 0) {
        const worker = workers[at++] as Worker; // at was inside
        worker.isListed = false;
        let isLeft = true;
        try {
          isLeft = worker.work(units, Math.max(0, units.left - part));
        } finally {
          if (isLeft) this.add(worker);
        }
      }
    } finally {
      // Those that had no part of this turn come first in the next.
      if (at < workers.length) this.#workers = [...workers.slice(at), ...this.#workers];
    }
  }
}

/** Steps that are done once, and what follows them. */
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
 * Milliseconds after which a turn does no more, though it has units left: a unit may be far more than a
 * microsecond where code runs for the first time, or the machine is slow.
 */
const turnMsMax = 5;

/** Units after which it is looked at the clock again. */
const timedUnits = 16;

/** What background work asks of its broker. */
interface BackgroundHost {
  /** Milliseconds of a clock that only goes forward. */
  monotonicMs(): number;
  /** Whether the log is so far behind that workers must wait; jobs go on. */
  isBehind(): boolean;
  /** Called in each turn that follows one which spent units; calls {@link Background.work}. */
  again(): void;
  /** Told of what a job threw, which ends that job only. */
  failed(error: unknown): void;
}

/**
 * Work that may be more than one turn of the event loop should do. A turn spends a number of units for
 * it, one being about a microsecond; the rest is done in the turns after, in which everybody else is
 * served too. There are two kinds: *workers* have work again and again (queues whose messages expire,
 * die or are dropped) and wait while the log is behind; *jobs* are done once, step by step, whatever
 * the log does. Nothing in it is done by recursion, however much one piece of work makes of another.
 */
export class Background {
  /** Units that this turn has left. */
  left: number;
  readonly #unitsMax: number;
  readonly #part: number;
  readonly #host: BackgroundHost;
  readonly #defer: (next: () => void) => void;
  readonly #workers = new WorkerQueue();
  readonly #jobs = new WorkerQueue();
  /** Jobs that may not begin in this turn. */
  readonly #later: Job[] = [];
  /** What follows jobs that have ended. */
  readonly #followUps: (() => void)[] = [];
  #jobCount = 0;
  /** When work began in this turn; -1 where none has been done. */
  #beganMs = -1;
  /** Units spent since it was looked at the clock. */
  #untimedUnits = 0;
  #isRunning = false;
  #isDeferred = false;
  #isEnded = false;

  /**
   * @param unitsMax units a turn
   * @param defer has something done in the next turn
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

  /** Whether a worker has work. */
  get isPending(): boolean {
    return this.#workers.length > 0;
  }

  /** Whether no job is left, and nothing that follows one. */
  get isIdle(): boolean {
    return this.#jobCount + this.#followUps.length === 0;
  }

  /** A worker has work from now on. */
  add(worker: Worker): void {
    this.#workers.add(worker);
    if (!this.#isRunning) this.#wait();
  }

  /** Does what this turn still may of this worker's work, and of all others'. */
  doNow(worker: Worker): void {
    this.add(worker);
    this.work();
  }

  /**
   * Does what this turn still may of a job, which is all of most, and the rest in the turns after.
   * A job that is begun by other background work waits until that has had its part.
   *
   * @param steps does one step each time it is asked for more
   * @param done called once it is over: before this returns where this turn is enough for it
   */
  run(steps: Iterable<void>, done: () => void = () => {}): void {
    const job = this.#job(steps, done);
    if (this.#isRunning || this.left <= 0 || this.#work(() => job.work(this, 0))) {
      this.#jobs.add(job);
      this.#wait();
    }
    if (!this.#isRunning) this.#followUp();
  }

  /** The same from the next turn of the event loop on. */
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

  /** Does all that is left of jobs, however long it takes. */
  finishJobs(): void {
    while (!this.isIdle && !this.#isEnded) this.#beginTurn();
  }

  /** Nothing more is done: the log is about to close. */
  end(): void {
    this.#isEnded = true;
  }

  /** Some of this turn's units are used up. */
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
    // Where nothing was spent this goes on to be the turn of whatever comes next, whenever that is.
    if (!this.#isDeferred) this.#beganMs = -1;
  };

  #beginTurn(): void {
    this.left = this.#unitsMax;
    this.#beganMs = this.#host.monotonicMs();
    this.#untimedUnits = 0;
    for (const job of this.#later.splice(0)) this.#jobs.add(job);
    // Where there are workers they have half of the turn.
    const kept = this.#workers.length > 0 ? this.#unitsMax / 2 : 0;
    while (this.left > kept && this.#jobs.length > 0) {
      this.#work(() => this.#jobs.round(this, this.#part));
      this.#followUp();
    }
    if (this.#jobs.length > 0) this.#wait();
  }

  /**
   * Lets workers do what the turn's units are enough for. Nothing where it is called by work that is
   * being done.
   *
   * @param unitsMin units that may be spent though the turn has none left
   */
  work(unitsMin = 0): void {
    if (this.#isRunning || this.#isEnded || this.#workers.length === 0) return;
    if (this.left < unitsMin) this.left = unitsMin;
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

  /** Does what follows jobs that have ended: outside of other work, so that it may have some done. */
  #followUp(): void {
    for (let done = this.#followUps.shift(); done !== undefined; done = this.#followUps.shift()) {
      done();
    }
  }
}
