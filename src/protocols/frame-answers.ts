// Answers to the frames of a peer, which may have to wait for the log.

import type { Broker } from '../broker/broker.ts';
import type { LogWaiter } from '../broker/flow/log-waiters.ts';

/** Memory that a waiting answer is counted with besides its frame, in bytes. */
const answerBytes = 128;

/** An answer and the group that must be on disk before it is sent. */
interface Answer {
  readonly group: number;
  readonly frame: Buffer | undefined;
  readonly said: (() => void) | undefined;
}

/** The operations of the connection that are needed here. */
export interface AnswersHost {
  readonly broker: Broker;
  write(frame: Buffer): void;
  /** An operation failed outside the handling of a frame. */
  failed(thrown: unknown): void;
  /** The number of waiting answers has changed. */
  setReading(): void;
}

/** Encoded answers, in the order of the frames that they answer. */
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
   * Sends a frame after a group is on disk and after all earlier answers.
   *
   * @param group 0 if no group must be on disk
   * @param said called after the frame has been written
   */
  say(group: number, frame: Buffer | undefined, said?: () => void): void {
    if (!this.isWaiting && group <= this.#host.broker.durableGroup) {
      this.#write({ group, frame, said });
      return;
    }
    this.#waiting.push({ group, frame, said });
    this.heldBytes += answerBytes + (frame?.length ?? 0);
    this.#host.broker.logWaiters.add(this);
  }

  #write({ frame, said }: Answer): void {
    if (frame !== undefined) this.#host.write(frame);
    said?.();
  }

  durable(group: number): void {
    try {
      while (this.isWaiting) {
        const answer = this.#waiting[this.#first] as Answer; // there is at least one
        if (answer.group > group) break;
        this.#first++;
        this.heldBytes -= answerBytes + (answer.frame?.length ?? 0);
        this.#write(answer);
      }
      this.#forgetSaid();
      if (this.isWaiting) this.#host.broker.logWaiters.add(this);
      this.#host.setReading();
    } catch (thrown) {
      this.#host.failed(thrown);
    }
  }

  #forgetSaid(): void {
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
