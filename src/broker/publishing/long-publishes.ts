import type { MessageStore } from '../../storage/message-store.ts';
import type { Background, Worker } from '../turns/background.ts';

/** What long publishes ask of their broker. */
export interface LongPublishesHost {
  readonly store: MessageStore;
  readonly background: Background;
}

/**
 * Publishes of messages that nobody waits for, and that take more than one turn of the event loop:
 * dead letters and messages that were due, to very many queues or by a long search. They are done one
 * after the other. Each is in one batch of the log with what it follows from, such as the end of the
 * dead letter in its queue; so others are confirmed after it.
 */
export class LongPublishes {
  readonly #host: LongPublishesHost;
  /** Those that have not begun. */
  readonly #next: Iterable<void>[] = [];
  /** Who goes on once all are done. */
  #waiting = new Set<Worker>();
  #isBusy = false;

  constructor(host: LongPublishesHost) {
    this.#host = host;
  }

  /** Whether one is under way: who makes such messages waits, so that they keep their order. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Steps that last until all are done. */
  *untilIdle(): Generator<void> {
    while (this.#isBusy) yield;
  }

  /** Has a worker go on once all are done; until then its `work` is to return false. */
  wait(worker: Worker): void {
    this.#waiting.add(worker);
  }

  /** Begins a publish, or puts it behind those that are under way. The batch of the moment ends with it. */
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

  /** A turn later, so that what was appended meanwhile is synced before the next batch begins. */
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
