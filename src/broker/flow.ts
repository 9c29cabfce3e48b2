// Blocking of publishers.

/** The notifications for a publishing connection. */
export interface PublisherListener {
  /** Publishers are blocked for a reason such as memory or disk. The peer is notified. */
  blocked(reason: string): void;
  unblocked(): void;
  /** The log is behind, so reading from the peer must pause, or it has caught up. */
  setPaused(isPaused: boolean): void;
}

/** Tracks publishers and the reasons for blocking them. */
export class Flow {
  readonly #publishers = new Set<PublisherListener>();
  readonly #reasons = new Set<string>();
  #isPaused = false;
  #isRefusing = false;
  /** Called when publishers become blocked, and when no reason is left. */
  onBlockedChanged: ((isBlocked: boolean) => void) | undefined = undefined;

  /** Registers a listener. */
  add(listener: PublisherListener): void {
    if (this.#publishers.has(listener)) return;
    this.#publishers.add(listener);
    if (this.blockedReason !== undefined) listener.blocked(this.blockedReason);
    if (this.#mustPause) listener.setPaused(true);
  }

  /** Whether messages of blocked publishers are refused, instead of not being read. */
  get isRefusing(): boolean {
    return this.#isRefusing;
  }

  /** See {@link isRefusing}. */
  setRefusing(isRefusing: boolean): void {
    if (this.#isRefusing === isRefusing) return;
    this.#isRefusing = isRefusing;
    for (const listener of this.#publishers) listener.setPaused(this.#mustPause);
  }

  get #mustPause(): boolean {
    return this.#isPaused || (this.#reasons.size > 0 && !this.#isRefusing);
  }

  remove(listener: PublisherListener): void {
    this.#publishers.delete(listener);
  }

  /** Whether a connection has published. */
  has(listener: PublisherListener): boolean {
    return this.#publishers.has(listener);
  }

  /** How a connection is, as administration shows it. One that has not published is always running. */
  stateOf(listener: PublisherListener): 'running' | 'blocked' | 'flow' {
    if (!this.#publishers.has(listener)) return 'running';
    if (this.blockedReason !== undefined) return 'blocked';
    return this.#isPaused ? 'flow' : 'running';
  }

  /** The reasons why publishers are blocked. */
  get reasons(): ReadonlySet<string> {
    return this.#reasons;
  }

  /** The number of connections that have published. */
  get publisherCount(): number {
    return this.#publishers.size;
  }

  /** The first reason why publishers are blocked; undefined if they are not. */
  get blockedReason(): string | undefined {
    for (const reason of this.#reasons) return reason;
    return undefined;
  }

  /** Blocks publishers until `unblock` is called with the same reason. */
  block(reason: string): void {
    const wasBlocked = this.#reasons.size > 0;
    this.#reasons.add(reason);
    if (wasBlocked) return;
    this.onBlockedChanged?.(true);
    for (const listener of this.#publishers) {
      listener.blocked(reason);
      listener.setPaused(this.#mustPause);
    }
  }

  /** Removes a reason. Publishers continue after the last one. */
  unblock(reason: string): void {
    if (!this.#reasons.delete(reason) || this.#reasons.size > 0) return;
    this.onBlockedChanged?.(false);
    for (const listener of this.#publishers) {
      listener.unblocked();
      listener.setPaused(this.#isPaused);
    }
  }

  /** Whether publishers are paused because the log is behind. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Sets whether the log is behind. */
  setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    for (const listener of this.#publishers) {
      listener.setPaused(this.#mustPause);
    }
  }
}
