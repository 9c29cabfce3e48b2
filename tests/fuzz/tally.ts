// What the rounds of a fuzzer have done.

/** Counts the inputs of a fuzzer, and the valid ones by the handler that they reached. */
export class Tally {
  /** Inputs: one for each round, unless the fuzzer counts its own. */
  inputCount = 0;
  readonly #reached = new Map<string, number>();

  /** An input of a connection was sent. */
  input(): void {
    this.inputCount++;
  }

  /** A handler, or the decoder of a structure, has accepted a valid input. */
  reach(name: string): void {
    this.#reached.set(name, (this.#reached.get(name) ?? 0) + 1);
  }

  /** How often a handler has accepted a valid input. */
  countOf(name: string): number {
    return this.#reached.get(name) ?? 0;
  }

  /** The handlers in a list that no valid input has reached. */
  missing(handlers: readonly string[]): string[] {
    return handlers.filter((name) => this.countOf(name) === 0);
  }
}
