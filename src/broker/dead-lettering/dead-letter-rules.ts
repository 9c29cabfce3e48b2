// The interface for rules of dead-lettering that differ from RabbitMQ's.

import type { ArgumentChanges, Arguments } from '../arguments.ts';
import type { DeathReason, Queue } from '../queue.ts';
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

/** Rules for the dead letters of a queue. Queues without them follow RabbitMQ's rules. */
export interface DeadLetterRules {
  /** Whether a message becomes a dead letter. Other messages are deleted. */
  takes(queue: Queue, view: Delivery, reason: DeathReason): boolean;
  /** The headers to change in the dead letter. */
  changes(death: Death): ArgumentChanges;
}
