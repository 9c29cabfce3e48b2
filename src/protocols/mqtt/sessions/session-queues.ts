// The queues of sessions and of shared subscriptions.

import type { Queue } from '../../../broker/queue.ts';

/** The session that a queue is created for. */
export interface QueueOwner {
  readonly clientId: string;
  /** Whether the session outlives its connection. */
  readonly isStored: boolean;
  /** For how long, in seconds; null for ever. */
  readonly expirySeconds: number | null;
}

/** Creates and deletes the queues of sessions, as brokers of a type have them. */
export interface SessionQueues {
  /**
   * Whether a client is sent whatever is in the two queues of its session. Otherwise messages are compared
   * with all subscriptions, so that overlapping ones give one copy.
   */
  readonly deliverAll: boolean;
  /** Whether a session that has no queue any more has ended. */
  readonly areSessions: boolean;
  /** The queue of a stored session for quality of service above 0; undefined if there is none. */
  findKept(clientId: string): Queue | undefined;
  /** The queue of a stored session for quality of service 0; undefined if there is none. */
  findLive(clientId: string): Queue | undefined;
  /** Creates the queue for quality of service above 0. @throws {BrokerError} */
  createKept(owner: QueueOwner): Queue;
  /** Creates the queue for quality of service 0. @throws {BrokerError} */
  createLive(owner: QueueOwner): Queue;
  /** The time that a stored session outlives its connection has changed. */
  expiryChanged(clientId: string, expirySeconds: number | null): void;
  remove(queue: Queue): void;
  /**
   * Returns the queue of a shared subscription, and creates it for the first session.
   *
   * @throws {BrokerError}
   */
  openShared(shareName: string, filter: string, owner: QueueOwner): Queue;
  /** A session subscribes. */
  countShared(shareName: string, filter: string): void;
  /** A session does not subscribe any more. The queue is deleted with the last one. */
  closeShared(shareName: string, filter: string): void;
  /**
   * Deletes the queues that belong to no session, after a start: a crash can leave them behind.
   *
   * @param clientIds of all durable sessions
   */
  removeOrphans(clientIds: Iterable<string>): void;
}
