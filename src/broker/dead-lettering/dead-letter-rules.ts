// The interface for rules of dead-lettering that differ from RabbitMQ's.

import type { ArgumentChanges, Arguments } from '../arguments.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { RetryPolicy } from '../schedule/retry.ts';
import type { Delivery } from '../subscription.ts';
import type { DeadLetter } from './dead-letter.ts';

/** A message that becomes a dead letter. */
export interface Death {
  /** The queue that the message was removed from. */
  readonly queue: Queue;
  readonly reason: DeathReason;
  /** The message, with the address that it had in the queue. */
  readonly letter: DeadLetter;
  /** When the message expires, milliseconds since 1970; Infinity for never. */
  readonly expiresAtMs: number;
  /** The headers of the message in the queue. */
  readonly headers: Arguments;
}

/** Where a dead letter goes, and what changes. */
export interface DeadLetterTerms {
  readonly exchange: Exchange;
  readonly routingKey: string;
  /** The headers to change. */
  readonly changes: ArgumentChanges;
  /** Milliseconds until the dead letter expires; negative for never. */
  readonly expirationMs: number;
}

/** Rules for the dead letters of a queue. Queues without them follow RabbitMQ's rules. */
export interface DeadLetterRules {
  /** Whether a message becomes a dead letter. Other messages are deleted. */
  takes(queue: Queue, view: Delivery, reason: DeathReason): boolean;
  /**
   * Returns where a dead letter goes, as a persistent message. Undefined if it cannot be stored, so
   * that it is deleted.
   */
  terms(death: Death): DeadLetterTerms | undefined;
  /**
   * Returns the headers to change in a message that is delivered again later.
   *
   * @param delayMs the delay of this retry
   * @param id the id of the entry in the schedule
   */
  retryChanges(retry: RetryPolicy, delayMs: number, id: number): ArgumentChanges;
}
