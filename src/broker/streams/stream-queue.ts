// Streams.

import { type StreamIndex, streamSegmentBytes } from '../../storage/streams/stream-index.ts';
import type { DeadLetterRules } from '../dead-lettering/dead-letter-rules.ts';
import { Consumers } from '../dispatch/consumers.ts';
import { BrokerError, describe, lockedError } from '../errors.ts';
import type { LogWaiter } from '../flow/log-waiters.ts';
import type { Queue } from '../queue.ts';
import type { QueueHost } from '../queue-host.ts';
import { type QueueOptions, type QueueSettings, readQueueArguments } from '../queue-options.ts';
import { DrainsAndPulls } from '../queues/drains-and-pulls.ts';
import type { RetryPolicy } from '../schedule/retry.ts';
import { type Consumer, type SubscribeOptions, Subscription } from '../subscription.ts';
import { deliveryUnits, type Held } from '../turns/turns.ts';
import { StreamConsumer } from './stream-consumer.ts';
import { StreamCursor } from './stream-cursor.ts';
import { StreamRetention } from './stream-retention.ts';
import { defaultStart } from './stream-start.ts';

/** Minimum size of a segment, bytes: each takes some memory. */
const segmentBytesMin = 16 * 1024;

/** Units that one consumer may use before others have their turn. */
const turnUnitsMax = 128;

/** Binary logarithm of the number of consumers that are asked in a unit. */
const askedPerUnitBits = 4;

/**
 * A queue whose messages stay until they are old or the stream is too large. Each consumer reads
 * them from a position of its own. A settlement only returns credit: a message is delivered once to
 * each consumer, whatever the outcome. Messages are delivered when they are on disk, so that the
 * number of a delivered message is never given to another one.
 */
export class StreamQueue implements Queue, Held, LogWaiter {
  readonly index: StreamIndex;
  readonly #host: QueueHost;
  isDirty = false;
  isHeld = false;
  isAwaitingLog = false;
  isLoading = false;
  isDeleted = false;
  timerMs = Infinity;
  timerAt = -1;
  publishedCount = 0;
  deliveredCount = 0;
  settledCount = 0;
  readonly kind = 'queue';
  readonly vhost: string;
  readonly name: string;
  readonly options: QueueOptions;
  settings: QueueSettings;
  retry: RetryPolicy | undefined = undefined;
  /** Streams have no selective dispatch. */
  passedCountMax = 0;
  deadLetters: DeadLetterRules | undefined = undefined;
  onAccepted: ((sequence: number) => void) | undefined = undefined;
  owner: object | undefined = undefined;
  usedAtMs: number;
  readonly disposal = undefined;
  readonly delayed = undefined;
  /** The number before which all messages are on disk. */
  committed: number;
  /** Groups of the log that are not synced, and the number after the last message of each. */
  readonly #groups: number[] = [];
  readonly #ends: number[] = [];
  readonly #consumers = new Consumers({ isSingleActive: false, countsFailures: false });
  readonly #bySubscription = new Map<Subscription, StreamConsumer>();
  /** Consumers that may have something to read, in the order of their turns. */
  #ready: StreamConsumer[] = [];
  /** Consumers that have used their turn and have more to read. */
  #again: StreamConsumer[] = [];
  /** Consumers that have read everything. */
  readonly #idle = new Set<StreamConsumer>();
  readonly #draining = new Set<Subscription>();
  readonly #pulls: DrainsAndPulls;
  readonly #retention: StreamRetention;
  #segmentCount: number;

  constructor(
    host: QueueHost,
    vhost: string,
    name: string,
    options: QueueOptions,
    index: StreamIndex,
  ) {
    this.#host = host;
    this.vhost = vhost;
    this.name = name;
    this.options = options;
    this.index = index;
    this.settings = readQueueArguments(options.arguments, this.#subject);
    this.usedAtMs = host.nowMs();
    this.committed = index.next;
    this.#segmentCount = index.segmentCount;
    this.#pulls = new DrainsAndPulls(host, this);
    this.#retention = new StreamRetention(host, this);
    this.applySettings(this.settings);
  }

  get #subject(): string {
    return describe('queue', this.name, this.vhost);
  }

  get readyCount(): number {
    return this.index.count;
  }

  get readyBytes(): number {
    return this.index.bytes;
  }

  get consumerCount(): number {
    return this.#consumers.count;
  }

  applySettings(settings: QueueSettings): void {
    this.settings = settings;
    const bytes = settings.segmentBytesMax ?? streamSegmentBytes;
    this.index.segmentBytesMax = Math.max(bytes, segmentBytesMin);
    this.#retention.check();
  }

  recover(): Iterable<void> {
    this.committed = this.index.next;
    this.#segmentCount = this.index.segmentCount;
    this.#retention.check();
    return [];
  }

  takeOut(): void {}

  isFull(): boolean {
    return false;
  }

  enqueued(): void {
    const { store, logWaiters } = this.#host;
    const last = this.#groups.length - 1;
    this.publishedCount++;
    if (last >= 0 && this.#groups[last] === store.log.openGroup) this.#ends[last] = this.index.next;
    else {
      this.#groups.push(store.log.openGroup);
      this.#ends.push(this.index.next);
    }
    if (!this.isAwaitingLog) logWaiters.add(this);
    // Consumers wait for the sync.
    if (this.#bySubscription.size > 0) store.log.sync();
  }

  durable(group: number): void {
    const groups = this.#groups;
    let count = 0;
    while (count < groups.length && (groups[count] ?? 0) <= group) count++;
    if (count > 0) {
      this.committed = this.#ends[count - 1] ?? this.committed;
      groups.splice(0, count);
      this.#ends.splice(0, count);
      this.#wakeIdle();
    }
    if (groups.length > 0) this.#host.logWaiters.add(this);
    if (this.index.segmentCount === this.#segmentCount) return;
    this.#segmentCount = this.index.segmentCount;
    this.#retention.check();
  }

  #wakeIdle(): void {
    for (const consumer of this.#idle) {
      consumer.state = 'ready';
      this.#ready.push(consumer);
    }
    this.#idle.clear();
    this.wake();
  }

  enforceLimit(): void {}

  /** Delivers to consumers in turns, as long as this turn of the event loop permits. */
  deliver(): void {
    const { turns } = this.#host;
    if (this.isHeld || this.isDeleted) return;
    if (turns.unitsLeft <= 0) turns.hold(this);
    else if (this.#deliverSome()) turns.goOn(this);
    if (this.#draining.size > 0) this.#endDrains();
  }

  /** Returns whether more may be delivered at once. */
  #deliverSome(): boolean {
    const { turns, limits } = this.#host;
    const ready = this.#ready;
    let burst = turns.burstOf(limits.burstCountMax);
    let at = 0;
    while (at < ready.length && burst > 0) {
      burst -= this.#serve(ready[at] as StreamConsumer, Math.min(burst, turnUnitsMax)); // valid
      at++;
    }
    turns.unitsLeft -= at >>> askedPerUnitBits;
    ready.splice(0, at);
    for (const consumer of this.#again) ready.push(consumer);
    this.#again.length = 0;
    return ready.length > 0;
  }

  /** Gives a consumer its turn. Returns the units of work. */
  #serve(consumer: StreamConsumer, unitsMax: number): number {
    const { delivery, turns } = this.#host;
    const { subscription, reader } = consumer;
    let units = 1;
    while (units <= unitsMax) {
      if (!subscription.isActive) return units;
      if (!subscription.canTake()) {
        consumer.state = 'waiting';
        subscription.isWaiting = true;
        return units;
      }
      const found = reader.read(delivery, this.committed);
      if (found !== 'message') {
        if (found === 'cold') this.#load(consumer);
        else this.#rest(consumer);
        return units;
      }
      const decided = consumer.unitsToDecide(delivery);
      const isWanted = consumer.wants(delivery);
      const preparing = isWanted ? consumer.prepare(delivery) : undefined;
      if (preparing !== undefined) {
        reader.back();
        this.#awaits(consumer, preparing);
        return units;
      }
      const sent = isWanted ? this.#send(subscription, reader.sequence) : 1;
      const spent = decided + sent;
      units += spent;
      turns.unitsLeft -= spent;
    }
    this.#again.push(consumer);
    return units;
  }

  #rest(consumer: StreamConsumer): void {
    consumer.state = 'idle';
    this.#idle.add(consumer);
  }

  #send(subscription: Subscription, sequence: number): number {
    const { delivery } = this.#host;
    delivery.redelivered = false;
    delivery.deliveryCount = 0;
    delivery.convertedBytes = 0;
    delivery.streamOffset = sequence;
    delivery.deliveryNumber = subscription.isSettled
      ? subscription.skip()
      : subscription.hold(sequence);
    this.deliveredCount++;
    subscription.consumer?.deliver(delivery);
    delivery.streamOffset = -1;
    if (subscription.isSettled) this.settledCount++;
    return deliveryUnits(delivery.bodyLength, delivery.convertedBytes);
  }

  #load(consumer: StreamConsumer): void {
    this.#awaits(consumer, this.#host.store.load(this.index, consumer.reader.coldSequence));
  }

  /** A consumer waits until its next message can be delivered. */
  #awaits(consumer: StreamConsumer, loading: Promise<void>): void {
    const { turns } = this.#host;
    consumer.state = 'loading';
    const loaded = () => {
      if (consumer.state !== 'loading') return;
      consumer.state = 'ready';
      this.#ready.push(consumer);
      this.wake();
      turns.pump();
    };
    // If a block cannot be read, the log has failed, which ends the broker.
    loading.then(loaded, () => {});
  }

  /** Ends the drains of consumers that have read everything, or have no credit left. */
  #endDrains(): void {
    for (const subscription of this.#draining) {
      const state = this.#bySubscription.get(subscription)?.state;
      const isUsed = state === 'waiting' && subscription.credit <= 0;
      if (state !== undefined && state !== 'idle' && !isUsed && !this.isDeleted) continue;
      this.#draining.delete(subscription);
      subscription.endDrain();
    }
  }

  /** @throws {BrokerError} `not-implemented`: only consumers read streams */
  get(): never {
    const why = `basic.get not supported by stream queues ${this.#subject}`;
    throw new BrokerError('not-implemented', why);
  }

  drain(subscription: Subscription): void {
    this.#draining.add(subscription);
    this.deliver();
  }

  pull(subscription: Subscription, timeoutMs: number): void {
    this.#pulls.pull(subscription, timeoutMs);
  }

  subscribe(consumer: Consumer | undefined, options: SubscribeOptions): Subscription {
    this.#host.turns.beginMessages();
    const subscription = new Subscription(this, consumer, options);
    if (consumer === undefined) return subscription;
    const { stream = defaultStart } = options;
    const added = new StreamConsumer(this.#host, subscription, this.index, stream, this.committed);
    this.#consumers.add(subscription);
    this.#bySubscription.set(subscription, added);
    this.#ready.push(added);
    if (this.committed < this.index.next) this.#host.store.log.sync();
    this.wake();
    return subscription;
  }

  removeSubscription(subscription: Subscription): void {
    if (!this.#consumers.remove(subscription)) return;
    const consumer = this.#bySubscription.get(subscription);
    this.#bySubscription.delete(subscription);
    if (consumer !== undefined) {
      this.#idle.delete(consumer);
      consumer.state = 'idle';
    }
    this.#draining.delete(subscription);
    this.#pulls.remove(subscription);
    this.touch();
  }

  wake(): void {
    if (this.#ready.length > 0 && !this.isDirty && !this.isDeleted) {
      this.#host.turns.markDirty(this);
    }
  }

  rejoin(subscription: Subscription): void {
    const consumer = this.#bySubscription.get(subscription);
    if (consumer?.state === 'waiting') {
      consumer.state = 'ready';
      this.#ready.push(consumer);
    }
    this.wake();
  }

  rejoinAll(): Generator<void> {
    return this.#consumers.wakeAll();
  }

  groupBy(): void {}

  cursor(): StreamCursor {
    return new StreamCursor(this.#host.store, this.index, this.committed);
  }

  /** Every settlement only returns credit. */
  accept(): void {
    this.settledCount++;
  }

  reject(): void {
    this.settledCount++;
  }

  requeue(): void {}

  requeueElsewhere(): void {}

  rewrite(): void {}

  loaded(): void {}

  touch(): void {
    this.usedAtMs = this.#host.nowMs();
  }

  requireOwner(): void {}

  /** @throws {BrokerError} `resource-locked`: a declaration states that it is exclusive */
  refuseOwner(): never {
    throw lockedError(this.name, this.vhost);
  }

  /** @throws {BrokerError} `not-implemented` */
  purge(): never {
    const why = `queue.purge not supported by stream queues ${this.#subject}`;
    throw new BrokerError('not-implemented', why);
  }

  tick(nowMs: number): void {
    if (this.isDeleted) return;
    this.#pulls.tick(nowMs);
    this.#retention.check();
  }

  end(): void {
    this.isDeleted = true;
    const { store, isRecovering, turns } = this.#host;
    this.#consumers.endAll(`${this.#subject} was deleted`, turns.background);
    this.#bySubscription.clear();
    this.#ready.length = 0;
    this.#idle.clear();
    this.#endDrains();
    if (isRecovering) store.drop(this.index);
    else {
      store.unlink(this.index);
      turns.background.run(this.#dropSegments());
    }
    this.#host.queueEnded(this);
  }

  *#dropSegments(): Generator<void> {
    while (this.#host.store.dropSome(this.index, 1) > 0) yield;
  }
}
