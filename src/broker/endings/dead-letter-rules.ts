import type { ArgumentChanges, Arguments } from '../arguments.ts';
import type { DeathReason, Queue } from '../queue.ts';
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

/** Which messages become dead letters, and what is said of them, where it is not as in RabbitMQ. */
export interface DeadLetterRules {
  /** Whether a message that died in a queue becomes a dead letter at all; else it is gone. */
  takes(queue: Queue, view: Delivery, reason: DeathReason): boolean;
  /** Headers that change. */
  changes(death: Death): ArgumentChanges;
}
