// The messages of a recovered queue that are not ready, found in steps.

import { markedReason } from '../dead-lettering/death-marks.ts';
import type { DispatchOrder } from '../dispatch/dispatch-order.ts';
import type { DeathReason } from '../queue.ts';
import type { QueueHost } from '../queue-host.ts';
import { DelayedMessages } from './delayed-messages.ts';
import type { MessageQueue } from './message-queue.ts';

/** Messages of one step: some tens of microseconds. */
const messagesPerStep = 256;

/** Messages of a recovered queue that are not ready. */
interface Unready {
  /** Messages that are not delivered again, with their reasons, in order. */
  readonly dead: ReadonlyMap<number, DeathReason>;
  /** Messages that wait for their time; undefined for none. */
  readonly delayed: DelayedMessages | undefined;
}

/** Finds the messages that are not ready, and takes them out of the order and the counts of the queue. */
export function* recoverUnready(host: QueueHost, queue: MessageQueue): Generator<void, Unready> {
  const dead = new Map<number, DeathReason>();
  const { index } = queue;
  let count = 0;
  for (let s = index.failedFrom(0); s < index.next; s = index.failedFrom(s + 1)) {
    const reason = markedReason(index.deliveryCount(s));
    if (reason !== undefined) dead.set(s, reason);
    if (++count % messagesPerStep === 0) yield;
  }
  const delayed = yield* recoverDelayed(host, queue, dead);
  const unready = new Set<number>(dead.keys());
  for (const sequence of delayed?.sequences() ?? []) {
    unready.add(sequence);
    if (++count % messagesPerStep === 0) yield;
  }
  yield* takeOut(queue, unready);
  return { dead, delayed };
}

/**
 * The delayed messages of a recovered queue. None waits longer than the present settings permit, even if
 * the clock was set back.
 */
function* recoverDelayed(
  host: QueueHost,
  queue: MessageQueue,
  dead: ReadonlyMap<number, unknown>,
): Generator<void, DelayedMessages | undefined> {
  const { delayedRetry } = queue.settings;
  const { ready } = host.store.counts;
  if (delayedRetry === undefined || !host.personality.delaysReturned) {
    ready.forget(queue.index);
    return undefined;
  }
  const nowMs = host.nowMs();
  let delayed: DelayedMessages | undefined;
  let count = 0;
  for (const [sequence, readyAtMs] of ready.recovered(queue.index)) {
    if (++count % messagesPerStep === 0) yield;
    if (readyAtMs <= nowMs || dead.has(sequence) || !queue.index.isLive(sequence)) continue;
    delayed ??= new DelayedMessages(host, queue);
    delayed.restore(sequence, Math.min(readyAtMs, nowMs + delayedRetry.maxMs));
  }
  // Until here, a base of the log takes the times from the record and from the heap.
  ready.forget(queue.index);
  return delayed;
}

/** Takes messages out of the order, wherever they are. The others keep their positions. */
function* takeOut(queue: MessageQueue, wanted: ReadonlySet<number>): Generator<void> {
  const { order, index } = queue;
  const others: number[] = [];
  let left = wanted.size;
  let count = 0;
  while (left > 0) {
    const sequence = order.peek();
    if (sequence < 0) break;
    order.take();
    if (wanted.has(sequence)) {
      left--;
      queue.readyCount--;
      queue.readyBytes -= index.bodyLength(sequence);
    } else others.push(sequence);
    if (++count % messagesPerStep === 0) yield;
  }
  yield* putBack(order, others, count);
}

/** In reverse order, so that usually only the cursor of the queue moves. */
function* putBack(order: DispatchOrder, others: number[], before: number): Generator<void> {
  let count = before;
  for (let sequence = others.pop(); sequence !== undefined; sequence = others.pop()) {
    order.requeue(sequence);
    if (++count % messagesPerStep === 0) yield;
  }
}
