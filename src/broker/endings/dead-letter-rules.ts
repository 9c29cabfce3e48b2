import type { ArgumentChanges, Arguments } from '../arguments.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { RetryPolicy } from '../schedule/retry.ts';
import type { Delivery } from '../subscription.ts';
import type { DeadLetter } from './dead-letters.ts';

/** How a message died. */
export interface Death {
  readonly queue: Queue;
  readonly reason: DeathReason;
  /** Before it is addressed. */
  readonly letter: DeadLetter;
  /** Wall milliseconds, Infinity for never. */
  readonly expiresAtMs: number;
  /** The message's headers until now. */
  readonly headers: Arguments;
}

/** A dead letter: where it goes, and what changes. */
export interface LetterTerms {
  readonly exchange: Exchange;
  readonly routingKey: string;
  /** Headers that change. */
  readonly changes: ArgumentChanges;
  /** Milliseconds until the dead letter expires; negative for never. */
  readonly expirationMs: number;
}

/** Which messages become dead letters, and how, where it is not as in RabbitMQ. */
export interface DeadLetterRules {
  /** Whether a message that died in a queue becomes a dead letter at all; else it is gone. */
  takes(queue: Queue, view: Delivery, reason: DeathReason): boolean;
  /**
   * Returns where a dead letter goes; it is persistent there. Undefined if it cannot be stored, so
   * that it is gone.
   */
  terms(death: Death): LetterTerms | undefined;
  /**
   * Headers of a message that is delivered again later.
   *
   * @param delayMs the delay of this retry
   * @param id the id of the entry in the schedule
   */
  retryChanges(retry: RetryPolicy, delayMs: number, id: number): ArgumentChanges;
}
