// Answers that wait for the log, for protocols that send them one by one.

import type { Broker } from '../broker/broker.ts';
import type { LogWaiter } from '../broker/flow/log-waiters.ts';

/** An answer and the group that must be on disk before it is sent. */
export interface WaitingAnswer {
  /** 0 if no group must be on disk. */
  readonly group: number;
  /** Memory that it is counted with, in bytes. */
  readonly bytes: number;
}

/** The operations of the connection that are needed here. */
export interface WaitingAnswersHost {
  readonly broker: Broker;
  /** An operation failed outside the handling of a frame. */
  failed(thrown: unknown): void;
  /** The number of waiting answers has changed. */
  setReading(): void;
}

/** Answers in the order of the frames that they answer. */
export abstract class WaitingAnswers<Answer extends WaitingAnswer> implements LogWaiter {
  isAwaitingLog = false;
  /** Size of the waiting answers, in bytes. */
  heldBytes = 0;
  readonly #host: WaitingAnswersHost;
  #waiting: Answer[] = [];
  #first = 0;

  constructor(host: WaitingAnswersHost) {
    this.#host = host;
  }

  /** Sends an answer whose turn has come. */
  protected abstract send(answer: Answer): void;

  /** Whether any answer waits for the log. */
  get isWaiting(): boolean {
    return this.#waiting.length > this.#first;
  }

  /** Whether an answer need not wait. */
  protected isReady(group: number): boolean {
    return !this.isWaiting && group <= this.#host.broker.durableGroup;
  }

  /** Sends an answer after its group is on disk and after all earlier answers. */
  protected wait(answer: Answer): void {
    this.#waiting.push(answer);
    this.heldBytes += answer.bytes;
    this.#host.broker.logWaiters.add(this);
  }

  durable(group: number): void {
    try {
      while (this.isWaiting) {
        const answer = this.#waiting[this.#first] as Answer; // there is at least one
        if (answer.group > group) break;
        this.#first++;
        this.heldBytes -= answer.bytes;
        this.send(answer);
      }
      this.#forgetSent();
      if (this.isWaiting) this.#host.broker.logWaiters.add(this);
      this.#host.setReading();
    } catch (thrown) {
      this.#host.failed(thrown);
    }
  }

  #forgetSent(): void {
    if (this.#first < this.#waiting.length && this.#first < 1024) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }

  /** Discards all waiting answers. */
  drop(): void {
    this.#waiting = [];
    this.#first = 0;
    this.heldBytes = 0;
  }
}
