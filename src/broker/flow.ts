/** What a connection that publishes wants to know of the broker's state. */
export interface PublisherListener {
  /** Publishers must wait, for a reason of the broker's (memory, disk): tell the peer. */
  blocked(reason: string): void;
  unblocked(): void;
  /** The log is behind: stop reading from the peer, or go on. */
  setPaused(isPaused: boolean): void;
}

/** Who publishes, and whether they must wait. */
export class Flow {
  readonly #publishers = new Set<PublisherListener>();
  readonly #reasons = new Set<string>();
  #isPaused = false;

  /** From now on the listener hears of everything that makes publishers wait. */
  add(listener: PublisherListener): void {
    if (this.#publishers.has(listener)) return;
    this.#publishers.add(listener);
    if (this.blockedReason !== undefined) listener.blocked(this.blockedReason);
    if (this.#isPaused || this.blockedReason !== undefined) listener.setPaused(true);
  }

  remove(listener: PublisherListener): void {
    this.#publishers.delete(listener);
  }

  /** Connections that have published. */
  get publisherCount(): number {
    return this.#publishers.size;
  }

  /** Why publishers wait: the first reason given; undefined where they do not. */
  get blockedReason(): string | undefined {
    for (const reason of this.#reasons) return reason;
    return undefined;
  }

  /** Makes publishers wait until `unblock` with the same reason: memory or disk run short. */
  block(reason: string): void {
    const wasBlocked = this.#reasons.size > 0;
    this.#reasons.add(reason);
    if (wasBlocked) return;
    for (const listener of this.#publishers) {
      listener.blocked(reason);
      listener.setPaused(true);
    }
  }

  /** One reason to wait is gone; publishers go on once there is none. */
  unblock(reason: string): void {
    if (!this.#reasons.delete(reason) || this.#reasons.size > 0) return;
    for (const listener of this.#publishers) {
      listener.unblocked();
      listener.setPaused(this.#isPaused);
    }
  }

  /** Whether publishers wait for the log without being told. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** The log is behind, or no longer. */
  setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    for (const listener of this.#publishers) {
      listener.setPaused(isPaused || this.blockedReason !== undefined);
    }
  }
}
