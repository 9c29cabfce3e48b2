/** Who has work that is done in slices. */
export interface Worker {
  /** Whether it is in the list; the list's own. */
  isListed: boolean;
  /**
   * Does some of its work and spends units for it, until `units.left` is down to `until`.
   *
   * @returns whether something is left to do now
   */
  work(units: WorkList, until: number): boolean;
}

/** Into how many parts a turn is cut, so that no worker keeps the others waiting for all of it. */
const partCount = 8;

/**
 * Work that may be more than one turn of the event loop should do: messages that expire, die, or are
 * dropped, a great many at a time. A turn spends a number of units for it, one being about a microsecond;
 * the rest is done in the turns after. Nothing in it is ever done by recursion, however much one piece
 * of work makes of another.
 */
export class WorkList {
  /** Units that this turn has left. */
  left: number;
  readonly #unitsMax: number;
  readonly #defer: (next: () => void) => void;
  readonly #isHeldUp: () => boolean;
  readonly #again: () => void;
  #workers: Worker[] = [];
  #isRunning = false;
  #isDeferred = false;
  #isEnded = false;

  /**
   * @param unitsMax units a turn
   * @param isHeldUp whether nothing may be done now; {@link run} is to be called once that is over
   * @param defer has something done in the next turn
   * @param again called in each turn that follows one which spent units
   */
  constructor(
    unitsMax: number,
    isHeldUp: () => boolean,
    defer: (next: () => void) => void,
    again: () => void,
  ) {
    this.left = unitsMax;
    this.#unitsMax = unitsMax;
    this.#isHeldUp = isHeldUp;
    this.#defer = defer;
    this.#again = again;
  }

  /** Whether there is any work. */
  get isPending(): boolean {
    return this.#workers.length > 0;
  }

  /** Someone has work from now on. */
  add(worker: Worker): void {
    if (worker.isListed) return;
    worker.isListed = true;
    this.#workers.push(worker);
    if (!this.#isRunning && !this.#isDeferred) this.#wait();
  }

  /** Does what this turn still may, of this worker's work too. */
  doNow(worker: Worker): void {
    this.add(worker);
    this.run();
  }

  /** Nothing more is done: the log is about to close. */
  end(): void {
    this.#isEnded = true;
  }

  /** Some of this turn's units are used up. */
  spend(units: number): void {
    this.left -= units;
    if (!this.#isDeferred) this.#wait();
  }

  #wait(): void {
    this.#isDeferred = true;
    this.#defer(this.#refill);
  }

  readonly #refill = (): void => {
    this.#isDeferred = false;
    this.left = this.#unitsMax;
    if (!this.#isEnded) this.#again();
  };

  /**
   * Does what the turn's units are enough for. Nothing where it is called by work that is being done.
   *
   * @param unitsMin units that may be spent though the turn has none left
   */
  run(unitsMin = 0): void {
    if (this.#isRunning || this.#isEnded || this.#workers.length === 0) return;
    if (this.left < unitsMin) this.left = unitsMin;
    this.#isRunning = true;
    try {
      while (this.left > 0 && this.#workers.length > 0 && !this.#isHeldUp()) this.#round();
    } finally {
      this.#isRunning = false;
    }
    if (this.#workers.length > 0 && !this.#isDeferred && !this.#isHeldUp()) this.#wait();
  }

  /** Lets each have a part of the turn. */
  #round(): void {
    const workers = this.#workers;
    const part = Math.max(1, this.#unitsMax / partCount);
    this.#workers = [];
    let at = 0;
    try {
      while (at < workers.length && this.left > 0) {
        const worker = workers[at++] as Worker; // at was inside
        worker.isListed = false;
        let isLeft = true;
        try {
          isLeft = worker.work(this, Math.max(0, this.left - part));
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
