// The expiry of messages by their time to live (TTL). `MessageDisposal` removes expired messages.

import type { Turns } from '../turns/turns.ts';
import type { MessageQueue } from './message-queue.ts';

/** Schedules the next expiry of a message, or background work if a message has already expired. */
export function armExpiryTimer(
  queue: MessageQueue,
  turns: Turns,
  isDisposalWaiting: boolean,
): void {
  const expiryMs = queue.order.nextExpiryMs();
  if (expiryMs === Infinity) return;
  if (expiryMs > turns.nowMs()) turns.schedule(queue, expiryMs);
  else if (!isDisposalWaiting) turns.background.add(queue);
}

/**
 * Whether a message has expired, so that no consumer may get it. RabbitMQ still delivers a message
 * at its expiry time, which with a TTL of 0 is the time of its arrival. ActiveMQ does not.
 */
export function hasExpired(queue: MessageQueue, sequence: number, nowMs: number): boolean {
  const leftMs = queue.index.expiresAtMs(sequence) - nowMs;
  return leftMs < 0 || (leftMs === 0 && queue.deadLetters !== undefined);
}

/** Whether the head must be removed before a get, which is so from its expiry time on. */
export function isHeadExpired({ order, index }: MessageQueue, nowMs: number): boolean {
  const sequence = order.peek();
  return sequence >= 0 && index.expiresAtMs(sequence) <= nowMs;
}
