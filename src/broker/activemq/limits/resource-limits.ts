// Limits of the memory of destinations, and of the memory and storage of the broker.

import type { Route } from '../../exchanges/route-cache.ts';
import type { Publication } from '../../publication.ts';
import type { Queue } from '../../queue.ts';
import type { Turns } from '../../turns/turns.ts';
import { addressOfCore, queueAddress } from '../core-names.ts';
import { qualifiedName } from '../destination.ts';
import type { ActiveMqSettings, DestinationPolicy } from '../policies/destination-policy.ts';
import type { SendTarget } from '../send-target.ts';
import { isTopicQueue } from '../topic-consumers.ts';
import { BrokerUsages, type BrokerUsagesHost } from './broker-usages.ts';
import { Usage } from './usage.ts';

/** Maximum number of destinations whose last warning is remembered. */
const warnedCountMax = 1000;

/** The operations of the destinations that are needed here. */
export interface ResourceLimitsHost extends BrokerUsagesHost {
  readonly turns: Turns;
  readonly settings: ActiveMqSettings;
  /** Tells that the memory of a destination is full. */
  memoryFull(target: SendTarget, usage: Usage): void;
  /** Writes a warning to the broker's log. */
  warn(text: string): void;
}

/** The memory limit of a queue. */
interface QueueLimit {
  readonly bytesMax: number;
  readonly policy: DestinationPolicy;
}

const unlimited: QueueLimit = { bytesMax: Infinity, policy: {} as DestinationPolicy };

/**
 * Applies `memoryLimit` and `producerFlowControl` of destinations, and the limits of the broker. A
 * message that reaches a limit is stored, and its producer waits afterwards, or further messages are
 * refused.
 *
 * A queue takes memory only with a cursor that keeps all of its messages there (`vmQueueCursor`);
 * otherwise they are paged from the log. A topic takes the memory of the messages that wait for its
 * slowest consumer, except durable ones whose cursor is not in memory.
 */
export class ResourceLimits {
  /** Whether some messages are refused now. */
  isRefusing = false;
  readonly #host: ResourceLimitsHost;
  readonly #broker: BrokerUsages;
  /** The limits of destinations that are reached, by the qualified name. */
  readonly #full = new Map<string, Usage>();
  readonly #limits = new WeakMap<Queue, QueueLimit>();
  readonly #warnedAtMs = new Map<string, number>();
  /** Whether a message can reach a limit now. Most messages only cost this check. */
  #isActive = false;

  constructor(host: ResourceLimitsHost) {
    this.#host = host;
    this.#broker = new BrokerUsages(host, () => this.#changed());
  }

  /** Applies the settings, and begins to measure the broker's memory and storage. */
  start(): void {
    this.#broker.start();
    this.#changed();
  }

  /** Whether messages to a destination may have to wait, for protocols that grant credit. */
  mayBlock(target: SendTarget): boolean {
    const { memoryBytesMax, hasFlowControl, keepsQueueInMemory } = this.#policyOf(target);
    const isInMemory = keepsQueueInMemory || target.address.kind !== 'queue';
    return memoryBytesMax !== undefined && hasFlowControl && isInMemory;
  }

  #policyOf({ address }: SendTarget): DestinationPolicy {
    return this.#host.settings.policyOf(address);
  }

  #changed(): void {
    this.isRefusing = this.#broker.isRefusing;
    for (const usage of this.#full.values()) this.isRefusing ||= usage.isRefusing;
    this.#isActive = this.#host.settings.hasMemoryLimits || this.#broker.isFull;
  }

  /**
   * Refuses a message if a limit is reached and its producer must not wait.
   *
   * @throws {BrokerError} `resource-error`
   */
  requireRoom(target: SendTarget, publication: Publication, route: Route): void {
    const usage = this.#reached(target, publication, route);
    if (usage?.isRefusing === true) usage.refuse(target.shown);
  }

  /**
   * Returns the limit that a message has reached, so that its producer must wait; undefined if it
   * must not. Call it after the message was stored or added to a transaction.
   */
  after(target: SendTarget, publication: Publication, route: Route): Usage | undefined {
    if (!this.#isActive) return undefined;
    const usage = this.#reached(target, publication, route);
    return usage?.isRefusing === true ? undefined : usage;
  }

  #reached(target: SendTarget, publication: Publication, route: Route): Usage | undefined {
    const own = this.#host.settings.hasMemoryLimits
      ? this.#reachedOf(target, publication, route)
      : undefined;
    if (own !== undefined || !this.#broker.isFull) return own;
    return this.#broker.fullFor(publication, () => this.#policyOf(target).hasFlowControl);
  }

  /** Returns the limit of a destination of the route that is reached. */
  #reachedOf(target: SendTarget, publication: Publication, route: Route): Usage | undefined {
    let found: Usage | undefined;
    for (const queue of route.queues) {
      const { bytesMax, policy } = this.#limitOf(queue, target);
      if (bytesMax === Infinity) continue;
      const { bodyLength } = publication;
      if (bytesIn(queue, bodyLength, policy.messageBytesMin) < bytesMax) continue;
      const usage = this.#usageOf(queue, target, { bytesMax, policy }, bodyLength);
      usage.update();
      if (policy.hasFlowControl) found ??= usage;
    }
    return found;
  }

  #limitOf(queue: Queue, target: SendTarget): QueueLimit {
    if (isTopicQueue(queue) || queue.name.startsWith('amq.')) {
      const policy = this.#policyOf(target);
      const isInMemory = queue.index.isDurable ? policy.keepsDurableInMemory : true;
      return isInMemory ? { bytesMax: policy.memoryBytesMax ?? Infinity, policy } : unlimited;
    }
    const known = this.#limits.get(queue);
    if (known !== undefined) return known;
    const policy = this.#host.settings.policyOf(queueAddress(queue.name));
    const bytesMax = policy.keepsQueueInMemory ? (policy.memoryBytesMax ?? Infinity) : Infinity;
    const limit = { bytesMax, policy };
    this.#limits.set(queue, limit);
    return limit;
  }

  #usageOf(
    queue: Queue,
    target: SendTarget,
    { bytesMax, policy }: QueueLimit,
    bodyLength: number,
  ): Usage {
    const isOwn = isTopicQueue(queue) || queue.name === target.routingKey;
    const name = isOwn ? target.shown : qualifiedName(addressOfCore('', queue.name));
    const known = this.#full.get(name);
    if (known !== undefined) return known;
    const { settings, turns } = this.#host;
    const wanted = policy.refusesSendsAfterMs ?? settings.refusesSendsAfterMs;
    const isRefusing = policy.hasFlowControl && wanted !== undefined && wanted >= 0;
    const usage: Usage = new Usage(turns, {
      name: 'memory',
      bytesMax,
      measure: () => (queue.isDeleted ? 0 : bytesIn(queue, bodyLength, policy.messageBytesMin)),
      refusesAfterMs: isRefusing ? wanted : undefined,
      text: 'Usage Manager Memory Limit reached',
      changed: () => {
        if (usage.isFull) this.#filled(name, target, usage, policy);
        else this.#full.delete(name);
        this.#changed();
      },
    });
    return usage;
  }

  #filled(name: string, target: SendTarget, usage: Usage, policy: DestinationPolicy): void {
    const isNew = !this.#full.has(name);
    this.#full.set(name, usage);
    if (!isNew) return;
    this.#host.memoryFull(target, usage);
    if (!policy.hasFlowControl || policy.blockedWarningMs === 0) return;
    const nowMs = this.#host.turns.nowMs();
    const lastMs = this.#warnedAtMs.get(name) ?? -Infinity;
    if (nowMs - lastMs < policy.blockedWarningMs) return;
    if (this.#warnedAtMs.size >= warnedCountMax) this.#warnedAtMs.clear();
    this.#warnedAtMs.set(name, nowMs);
    const { bytesMax } = usage.options;
    const reached = `Usage Manager Memory Limit (${bytesMax}) reached on ${name}`;
    const why = 'Producers will be throttled to the rate at which messages are removed from it';
    this.#host.warn(`${reached}, size ${usage.options.measure()}. ${why}.`);
  }
}

/**
 * The memory of the messages in a queue, in bytes. Those that consumers have not settled count with
 * the size of the last message, except for topics, whose consumers have their own copies.
 */
function bytesIn(queue: Queue, bodyLength: number, messageBytesMin: number): number {
  const { readyCount, readyBytes, index, disposal } = queue;
  const ready = readyBytes + readyCount * messageBytesMin;
  if (isTopicQueue(queue)) return ready;
  const takenCount = Math.max(0, index.count - readyCount - (disposal?.count ?? 0));
  return ready + takenCount * (bodyLength + messageBytesMin);
}
