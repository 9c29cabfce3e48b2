/** How often failures are told. */
export interface GatheringLimits {
  /** Milliseconds of a period. */
  readonly periodMs: number;
  /** Failures of a period that are told at once, and kinds of failures that are told at its end. */
  readonly toldCountMax: number;
}

/** The limits of what is told of failures that strangers cause. */
export const gatheringLimits: GatheringLimits = { periodMs: 10_000, toldCountMax: 20 };

/**
 * Tells failures that strangers cause, so that a flood of them costs a bounded number of lines. The
 * first of a period are told at once, each on its own; the others are counted by kind and told at its
 * end, and where there are too many kinds, the rest as one number.
 */
export class FailureGatherer<T> {
  readonly #limits: GatheringLimits;
  readonly #tell: (failure: T | undefined, count: number) => void;
  readonly #gathered = new Map<string, { readonly failure: T; count: number }>();
  #otherCount = 0;
  #toldCount = 0;
  #period: NodeJS.Timeout | undefined = undefined;

  /** @param tell given how many failures there were like the first of them; undefined: of other kinds */
  constructor(
    tell: (failure: T | undefined, count: number) => void,
    limits: GatheringLimits = gatheringLimits,
  ) {
    this.#tell = tell;
    this.#limits = limits;
  }

  /** @param kind failures of one kind are told together */
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

  /** Ends the period: tells what was gathered. */
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
