/** Steps between two turns of the event loop. A step takes some microseconds. */
const sliceStepCount = 200;

interface Job {
  readonly steps: Iterator<void>;
  readonly done: () => void;
}

/**
 * Work that grows with data: a slice of it is done at once, and the rest in slices between turns of
 * the event loop, so that nobody else waits for it. Jobs take turns.
 */
export class Background {
  readonly #sliceEnded: () => void;
  readonly #failed: (error: unknown) => void;
  readonly #jobs: Job[] = [];
  /** Those that may not begin in the slice that is running. */
  readonly #later: Job[] = [];
  #stepsLeft = 0;
  #isInSlice = false;
  #isScheduled = false;
  readonly #slice = (): void => this.#runSlice();

  /**
   * @param sliceEnded called after each slice that is not part of the turn in which the job began
   * @param failed told of what a job threw, which ends that job only
   */
  constructor(sliceEnded: () => void, failed: (error: unknown) => void) {
    this.#sliceEnded = sliceEnded;
    this.#failed = failed;
  }

  /** Whether nothing is left to do. */
  get isIdle(): boolean {
    return this.#jobs.length + this.#later.length === 0;
  }

  /**
   * Does the first slice of a job, which is all of most. A job that begins another one shares its
   * slice with it.
   *
   * @param steps does one step each time it is asked for more
   * @param done called once it is over, before this returns where one slice is enough
   */
  run(steps: Iterable<void>, done: () => void = () => {}): void {
    const job = { steps: steps[Symbol.iterator](), done };
    const isOuter = !this.#isInSlice;
    if (isOuter) this.#begin();
    if (!this.#advance(job)) {
      this.#jobs.push(job);
      this.#schedule();
    }
    if (isOuter) this.#isInSlice = false;
  }

  /** The same from the next turn of the event loop on. */
  runLater(steps: Iterable<void>, done: () => void = () => {}): void {
    this.#later.push({ steps: steps[Symbol.iterator](), done });
    this.#schedule();
  }

  /** Does all that is left, however long it takes. */
  finish(): void {
    while (!this.isIdle) this.#runJobs();
  }

  #begin(): void {
    this.#stepsLeft = sliceStepCount;
    this.#isInSlice = true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#slice);
  }

  #runSlice(): void {
    this.#isScheduled = false;
    if (this.isIdle) return;
    this.#runJobs();
    this.#sliceEnded();
    if (!this.isIdle) this.#schedule();
  }

  #runJobs(): void {
    this.#begin();
    this.#jobs.push(...this.#later.splice(0));
    while (this.#stepsLeft > 0) {
      const job = this.#jobs.shift();
      if (job === undefined) break;
      if (!this.#advance(job)) this.#jobs.push(job);
    }
    this.#isInSlice = false;
  }

  /** Goes on with a job until the slice is used up; returns whether it is done. */
  #advance({ steps, done }: Job): boolean {
    try {
      do {
        if (this.#stepsLeft <= 0) return false;
        this.#stepsLeft--;
      } while (steps.next().done !== true);
    } catch (error) {
      this.#failed(error);
    }
    done();
    return true;
  }
}
