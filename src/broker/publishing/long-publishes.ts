// Publishes without a publisher that take several turns.

import type { MessageStore } from '../../storage/message-store.ts';
import type { Background, Worker } from '../turns/background.ts';

/** The operations of the broker that are needed here. */
export interface LongPublishesHost {
  readonly store: MessageStore;
  readonly background: Background;
}

/**
 * Publishes that no publisher waits for and that take more than one turn of the event loop: dead
 * letters and scheduled messages that are routed to very many queues or with a long search. They
 * are executed one after another. Each is in one log batch with its cause, for example the end of
 * the dead-lettered message in its queue. Therefore, other publishes are confirmed after it.
 */
export class LongPublishes {
  readonly #host: LongPublishesHost;
  /** Publishes that have not begun. */
  readonly #next: Iterable<void>[] = [];
  /** Workers that continue after all publishes are done. */
  #waiting = new Set<Worker>();
  #isBusy = false;

  constructor(host: LongPublishesHost) {
    this.#host = host;
  }

  /**
   * Whether a publish is in progress. Callers with such messages must wait, so that messages keep
   * their order.
   */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Steps until all publishes are done. */
  *untilIdle(): Generator<void> {
    while (this.#isBusy) yield;
  }

  /** Resumes a worker after all publishes are done. Until then, its `work` must return false. */
  wait(worker: Worker): void {
    this.#waiting.add(worker);
  }

  /** Starts a publish, or queues it behind those in progress. The current batch ends with it. */
  start(steps: Iterable<void>): void {
    this.#host.store.begin();
    this.#next.push(steps);
    if (!this.#isBusy) this.#run();
  }

  #run(): void {
    const steps = this.#next.shift();
    if (steps === undefined) {
      this.#end();
      return;
    }
    this.#isBusy = true;
    const { background, store } = this.#host;
    background.run(this.#inBatch(steps), () => {
      store.end();
      this.#run();
    });
  }

  *#inBatch(steps: Iterable<void>): Generator<void> {
    for (const _ of steps) {
      this.#host.store.log.batchPaused();
      yield;
    }
  }

  /**
   * Ends in the next turn, so that records that were appended meanwhile are synced before the next
   * batch begins.
   */
  #end(): void {
    const { background } = this.#host;
    background.runLater([], () => background.runLater([], () => this.#wake()));
  }

  #wake(): void {
    if (this.#next.length > 0) {
      this.#run();
      return;
    }
    this.#isBusy = false;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const worker of waiting) this.#host.background.add(worker);
  }
}
