import type { Broker } from '../../broker/broker.ts';
import type { LogWaiter } from '../../broker/flow/log-waiters.ts';

/** What an answer that waits is counted as, besides its bytes. */
const answerBytes = 128;

/** An answer, and what must be on the disk before it is said. */
interface Answer {
  readonly group: number;
  readonly frame: Buffer | undefined;
  readonly said: (() => void) | undefined;
}

/** What answers ask of their connection. */
export interface AnswersHost {
  readonly broker: Broker;
  write(frame: Buffer): void;
  /** Something that nobody asked for in this turn has failed. */
  failed(thrown: unknown): void;
  /** Other answers wait, or fewer. */
  setReading(): void;
}

/** RECEIPT and ERROR frames, in the order of the frames that they answer. */
export class Answers implements LogWaiter {
  isAwaitingLog = false;
  /** Bytes of answers that wait. */
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
   * Says something once a group is on the disk, after all answers before it.
   *
   * @param group 0 where nothing has to be on the disk
   * @param said called once it is written
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
        const answer = this.#waiting[this.#first] as Answer; // one waits
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

  /** Nothing more is said. */
  drop(): void {
    this.#waiting = [];
    this.#first = 0;
    this.heldBytes = 0;
  }
}
