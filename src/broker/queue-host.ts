import type { MessageStore } from '../storage/message-store.ts';
import type { Limits } from './limits.ts';
import type { LongPublishes } from './publishing/long-publishes.ts';
import type { DeathReason, Queue } from './queue.ts';
import type { Delivery } from './subscription.ts';
import type { Turns } from './turns/turns.ts';

/** What a queue asks of its broker. */
export interface QueueHost {
  readonly store: MessageStore;
  /** The one cursor for deliveries. */
  readonly delivery: Delivery;
  readonly limits: Limits;
  /** Wall milliseconds, read once a turn. */
  nowMs(): number;
  readonly turns: Turns;
  /** Dead letters, among others, that take more than one turn. */
  readonly longPublishes: LongPublishes;
  readonly isRecovering: boolean;
  /** Publishes a message to the queue's dead letter exchange; the view is open on it. */
  deadLetter(queue: Queue, view: Delivery, reason: DeathReason): void;
  /** Loads a block and then pumps. */
  load(queue: Queue, sequence: number): void;
  deleteQueue(queue: Queue): void;
  /** The queue is gone; its counters are kept. */
  queueEnded(queue: Queue): void;
}
