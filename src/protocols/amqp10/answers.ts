// Answers that may have to wait for the log.

import type { Broker } from '../../broker/broker.ts';
import type { LogWaiter } from '../../broker/flow/log-waiters.ts';

/** Memory that a waiting answer is counted with, in bytes. */
const answerBytes = 1024;

/** An answer and the group that must be on disk before it is sent. */
interface Answer {
  readonly group: number;
  /** Memory that it is counted with, in bytes. */
  readonly bytes: number;
  readonly send: () => void;
}

/** The operations of the connection that are needed here. */
export interface AnswersHost {
  readonly broker: Broker;
  /** An operation failed outside the handling of a frame. */
  failed(thrown: unknown): void;
  /** The number of waiting answers has changed. */
  setReading(): void;
}

/** Answers about links and sessions, in the order of the frames that they answer. */
export class Answers implements LogWaiter {
  isAwaitingLog = false;
  /** Size of the waiting answers, in bytes. */
  heldBytes = 0;
  readonly #host: AnswersHost;
  #waiting: Answer[] = [];
  #first = 0;

  constructor(host: AnswersHost) {
    this.#host = host;
  }

  /** Whether any answer waits for the log. */
  get isWaiting(): boolean {
    return this.#waiting.length > this.#first;
  }

  /**
   * Sends an answer after a group is on disk and after all earlier answers.
   *
   * @param group 0 if no group must be on disk
   * @param sizeBytes the size of what it holds
   */
  say(group: number, send: () => void, sizeBytes = 0): void {
    if (!this.isWaiting && group <= this.#host.broker.durableGroup) {
      send();
      return;
    }
    const bytes = answerBytes + sizeBytes;
    this.#waiting.push({ group, send, bytes });
    this.heldBytes += bytes;
    this.#host.broker.logWaiters.add(this);
  }

  durable(group: number): void {
    try {
      while (this.isWaiting) {
        const answer = this.#waiting[this.#first] as Answer; // there is at least one
        if (answer.group > group) break;
        this.#first++;
        this.heldBytes -= answer.bytes;
        answer.send();
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
