// Rate-limited reports of failures.

/** The limits of reports. */
export interface GatheringLimits {
  /** The length of a period, milliseconds. */
  readonly periodMs: number;
  /**
   * The number of failures per period that are reported immediately, and the number of kinds that
   * are reported at its end.
   */
  readonly toldCountMax: number;
}

/** The limits for failures that unauthenticated peers cause. */
export const gatheringLimits: GatheringLimits = { periodMs: 10_000, toldCountMax: 20 };

/**
 * Reports failures that unauthenticated peers cause, with a bounded number of lines. The first
 * failures of a period are reported immediately. Further ones are counted by kind and reported at
 * its end. If there are too many kinds, the others are reported as one number.
 */
export class FailureGatherer<T> {
  readonly #limits: GatheringLimits;
  readonly #tell: (failure: T | undefined, count: number) => void;
  readonly #gathered = new Map<string, { readonly failure: T; count: number }>();
  #otherCount = 0;
  #toldCount = 0;
  #period: NodeJS.Timeout | undefined = undefined;

  /**
   * @param tell receives the first failure of a kind and their number; undefined for other kinds
   */
  constructor(
    tell: (failure: T | undefined, count: number) => void,
    limits: GatheringLimits = gatheringLimits,
  ) {
    this.#tell = tell;
    this.#limits = limits;
  }

  /** @param kind failures of the same kind are reported together */
  add(kind: string, failure: T): void {
    const { periodMs, toldCountMax } = this.#limits;
    this.#period ??= setTimeout(() => this.flush(), periodMs).unref();
    if (this.#toldCount < toldCountMax) {
      this.#toldCount++;
      this.#tell(failure, 1);
      return;
    }
    const gathered = this.#gathered.get(kind);
    if (gathered !== undefined) gathered.count++;
    else if (this.#gathered.size < toldCountMax) this.#gathered.set(kind, { failure, count: 1 });
    else this.#otherCount++;
  }

  /** Ends the period and reports the gathered failures. */
  flush(): void {
    clearTimeout(this.#period);
    this.#period = undefined;
    this.#toldCount = 0;
    for (const { failure, count } of this.#gathered.values()) this.#tell(failure, count);
    this.#gathered.clear();
    if (this.#otherCount > 0) this.#tell(undefined, this.#otherCount);
    this.#otherCount = 0;
  }
}
