// The states of messages that differ from most.

/** The states of a queue's messages, as differences from the usual one, for rings and chunks in which any differs. */
export class MessageStates {
  readonly #states = new Map<Uint32Array, Uint32Array>();
  /** The ring or chunk that was used last, which is usually that of the next message. */
  #lastChunk: Uint32Array | undefined = undefined;
  #lastStates: Uint32Array | undefined = undefined;

  /** The differences of a ring or chunk by place; undefined if there are none. */
  of(chunk: Uint32Array): Uint32Array | undefined {
    if (chunk === this.#lastChunk) return this.#lastStates;
    this.#lastChunk = chunk;
    this.#lastStates = this.#states.get(chunk);
    return this.#lastStates;
  }

  /**
   * Sets the difference of a message.
   *
   * @param place its place in the ring or chunk
   * @param size the number of places
   */
  set(chunk: Uint32Array, place: number, size: number, difference: number): void {
    let states = this.of(chunk);
    if (states === undefined) {
      if (difference === 0) return;
      states = new Uint32Array(size);
      this.#states.set(chunk, states);
      this.#lastStates = states;
    }
    states[place] = difference;
  }

  /** Removes a ring or chunk. */
  drop(chunk: Uint32Array): void {
    this.#states.delete(chunk);
    this.#lastChunk = undefined;
    this.#lastStates = undefined;
  }
}
