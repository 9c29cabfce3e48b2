// Removal of destinations that are not used.

import type { Address } from '../../conversion/properties.ts';
import type { Queue } from '../../queue.ts';
import type { Background } from '../../turns/background.ts';
import type { Ticking, Turns } from '../../turns/turns.ts';
import type { Vhost } from '../../vhost.ts';
import { queueAddress } from '../core-names.ts';
import type { ActiveMqSettings } from '../policies/destination-policy.ts';
import type { QueuePolicies } from '../policies/queue-policies.ts';
import { isTopicQueue } from '../topic-consumers.ts';
import { type InactiveTopicsHost, removeInactiveTopics } from './inactive-topics.ts';

/** Number of queues that are examined in one step. */
const stepSize = 64;

/** The operations of the destinations that are needed here. */
export interface InactiveHost extends InactiveTopicsHost {
  readonly turns: Turns;
  readonly vhost: Vhost;
  readonly settings: ActiveMqSettings;
  nowMs(): number;
  /** Called when a queue or topic was removed because it was not used for some milliseconds. */
  readonly onInactiveRemoved: ((address: Address, inactiveMs: number) => void) | undefined;
  /** Deletes a durable subscription, which has no consumer. */
  deleteSubscription(queue: Queue): void;
}

/** Since when a queue has been empty and without consumers. */
interface Idle {
  readonly sinceMs: number;
  readonly publishedCount: number;
}

/**
 * Searches for queues without messages and consumers, and for topics without subscriptions, and
 * removes those that are idle too long.
 */
export class InactiveDestinations implements Ticking {
  timerMs = Infinity;
  timerAt = -1;
  readonly #host: InactiveHost;
  readonly #policies: QueuePolicies;
  #idle = new Map<Queue, Idle>();
  #isSweeping = false;

  constructor(host: InactiveHost, policies: QueuePolicies) {
    this.#host = host;
    this.#policies = policies;
  }

  /** Schedules the next search according to the settings. */
  schedule(): void {
    const { settings, turns } = this.#host;
    if (settings.sweepMs > 0) turns.schedule(this, this.#host.nowMs() + settings.sweepMs);
    else turns.forget(this);
  }

  tick(): void {
    this.schedule();
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    this.#background.run(this.#sweep(), () => {
      this.#isSweeping = false;
    });
  }

  get #background(): Background {
    return this.#host.turns.background;
  }

  *#sweep(): Generator<void> {
    const { settings, vhost } = this.#host;
    const nowMs = this.#host.nowMs();
    const idle = new Map<Queue, Idle>();
    let removedCount = 0;
    let count = 0;
    for (const queue of vhost.queues.values()) {
      if (++count % stepSize === 0) yield;
      const inactiveMsMax = this.#inactiveMsMaxOf(queue);
      if (inactiveMsMax === undefined) continue;
      const { publishedCount } = queue;
      const before = this.#idle.get(queue);
      const known = before?.publishedCount === publishedCount ? before : undefined;
      const found = known ?? { sinceMs: nowMs, publishedCount };
      const isOver = nowMs - found.sinceMs >= inactiveMsMax;
      if (isOver && removedCount < settings.removedPerSweepMax) {
        removedCount++;
        vhost.removeQueue(queue);
        this.#host.onInactiveRemoved?.(queueAddress(queue.name), inactiveMsMax);
        yield;
      } else idle.set(queue, found);
    }
    this.#idle = idle;
    const countMax = settings.removedPerSweepMax - removedCount;
    yield* removeInactiveTopics(this.#host, nowMs, countMax, (address, inactiveMs) => {
      this.#host.onInactiveRemoved?.(address, inactiveMs);
    });
  }

  /** Undefined for a queue that is in use, or that is never removed. */
  #inactiveMsMaxOf(queue: Queue): number | undefined {
    const isUsed = queue.consumerCount + queue.index.count + (queue.disposal?.count ?? 0) > 0;
    // Subscriptions and temporary queues have owners that remove them.
    if (isUsed || queue.isDeleted || queue.name.startsWith('amq.')) return undefined;
    if (this.#host.advising.hasProducers(queueAddress(queue.name))) return undefined;
    return this.#policies.inactiveMsMaxOf(queue);
  }
}

/** Searches for durable subscriptions without consumers, and deletes those that are offline too long. */
export class OfflineSubscriptions implements Ticking {
  timerMs = Infinity;
  timerAt = -1;
  readonly #host: InactiveHost;

  constructor(host: InactiveHost) {
    this.#host = host;
  }

  /** Schedules the next search according to the settings. */
  schedule(): void {
    const { settings, turns } = this.#host;
    turns.forget(this);
    if (settings.offlineMsMax === undefined || settings.offlineSweepMs <= 0) return;
    turns.schedule(this, this.#host.nowMs() + settings.offlineSweepMs);
  }

  tick(): void {
    this.#host.turns.background.run(this.#sweep());
    this.schedule();
  }

  *#sweep(): Generator<void> {
    const { vhost, settings } = this.#host;
    const { offlineMsMax = Infinity } = settings;
    const nowMs = this.#host.nowMs();
    let count = 0;
    for (const queue of vhost.queues.values()) {
      if (++count % stepSize === 0) yield;
      if (!isTopicQueue(queue) || !queue.index.isDurable || queue.consumerCount > 0) continue;
      // The time of its last use is that at which its consumer left, or of the start.
      if (nowMs - queue.usedAtMs >= offlineMsMax) this.#host.deleteSubscription(queue);
    }
  }
}
