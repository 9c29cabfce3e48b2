import type { MessageStore } from '../storage/message-store.ts';
import type { Window } from '../storage/window.ts';
import { Consumers } from './dispatch/consumers.ts';
import type { DispatchOrder } from './dispatch/dispatch-order.ts';
import { FifoOrder } from './dispatch/fifo-order.ts';
import { PriorityOrder } from './dispatch/priority-order.ts';
import { Endings } from './endings/endings.ts';
import { BrokerError, describe } from './errors.ts';
import type { Limits } from './limits.ts';
import { type QueueOptions, type QueueSettings, readQueueArguments } from './queue-options.ts';
import {
  type Consumer,
  type Delivery,
  type SubscribeOptions,
  Subscription,
} from './subscription.ts';
import type { Background, Worker } from './turns/background.ts';
import type { Timed } from './turns/timers.ts';
import type { Turns } from './turns/turns.ts';

/** Why a message became a dead letter, in RabbitMQ's words. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/** What a queue asks of its broker. */
export interface QueueHost {
  readonly store: MessageStore;
  /** The one cursor for deliveries. */
  readonly delivery: Delivery;
  readonly limits: Limits;
  /** Wall milliseconds, read once a turn. */
  nowMs(): number;
  readonly turns: Turns;
  readonly isRecovering: boolean;
  /** Publishes a message to the queue's dead letter exchange; the view is open on it. */
  deadLetter(queue: Queue, view: Delivery, reason: DeathReason): void;
  /** Loads a block and then pumps. */
  load(queue: Queue, sequence: number): void;
  deleteQueue(queue: Queue): void;
  /** The queue is gone; its counters are kept. */
  queueEnded(queue: Queue): void;
}

/** Messages over a limit that are dropped where one is published; more are dropped in slices. */
const excessCountMax = 8;
/** A deleted queue with more messages drops them in slices. */
const droppedCountMax = 256;

/** Messages in order, and the consumers they go to. */
export class Queue implements Timed, Worker {
  // What each message needs comes first: fields that lie together are in a processor's cache together.
  readonly window: Window;
  readonly #host: QueueHost;
  #order: DispatchOrder;
  readonly #consumers: Consumers;
  readonly #hasLimit: boolean;
  readyCount = 0;
  readyBytes = 0;
  isDeleted = false;
  /** In the broker's list of queues to be looked at. */
  isDirty = false;
  isLoading = false;
  isListed = false;
  timerMs = Infinity;
  timerAt = -1;
  /** Counters since the broker started. */
  publishedCount = 0;
  deliveredCount = 0;
  settledCount = 0;
  readonly kind = 'queue';
  readonly vhost: string;
  readonly name: string;
  readonly options: QueueOptions;
  readonly settings: QueueSettings;
  /** The connection that alone may use it. */
  owner: object | undefined = undefined;
  usedAtMs: number;
  #endings: Endings | undefined = undefined;
  #gets: (() => void)[] = [];

  constructor(host: QueueHost, vhost: string, name: string, options: QueueOptions, window: Window) {
    this.#host = host;
    this.vhost = vhost;
    this.name = name;
    this.options = options;
    this.window = window;
    this.settings = readQueueArguments(options.arguments, describe('queue', name, vhost));
    if (this.settings.ttlMs !== Infinity) window.ttlMs = this.settings.ttlMs;
    window.countsFailures = this.settings.countsFailures;
    const { lengthMax, bytesMax } = this.settings;
    this.#order = this.#newOrder();
    const { isSingleActive, countsFailures } = this.settings;
    // Of a quorum queue only: a classic queue's active consumer stays until it leaves.
    this.#consumers = new Consumers({ isSingleActive, isSuccessionByPriority: countsFailures });
    this.#hasLimit = lengthMax !== Infinity || bytesMax !== Infinity;
    this.usedAtMs = host.nowMs();
    this.touch();
  }

  #newOrder(): DispatchOrder {
    const { priorityMax } = this.settings;
    const { window } = this;
    return priorityMax > 0 ? new PriorityOrder(window, priorityMax) : new FifoOrder(window);
  }

  /**
   * Takes over what recovery found in the window.
   *
   * @param mayBeDelivered the broker crashed, so any message may have been delivered before
   */
  recover(mayBeDelivered: boolean): void {
    const { window } = this;
    this.#order = this.#newOrder();
    this.readyCount = window.count;
    this.readyBytes = window.bodyBytes();
    if (mayBeDelivered) window.markAllReturned();
    this.touch();
    this.#host.turns.markDirty(this);
    if (this.#isOver()) this.#host.turns.background.add(this);
  }

  /** Whether a message of this size is refused because the queue is full and no consumer helps. */
  isFull(bodyLength: number): boolean {
    if (!this.#hasLimit || this.settings.overflow === 'drop-head') return false;
    if (this.#hasRoom(bodyLength)) return false;
    if (this.consumerCount > 0) this.deliver();
    return !this.#hasRoom(bodyLength);
  }

  #hasRoom(bodyLength: number): boolean {
    const { lengthMax, bytesMax } = this.settings;
    return this.readyCount < lengthMax && this.readyBytes + bodyLength <= bytesMax;
  }

  /** A message was appended to the window under its last number. */
  enqueued(bodyLength: number): void {
    const sequence = this.window.next - 1;
    this.#order.add(sequence);
    this.readyCount++;
    this.readyBytes += bodyLength;
    this.publishedCount++;
    if (!this.isDirty) this.#host.turns.markDirty(this);
  }

  /** Drops from the head what is above the queue's limits, unless a consumer takes it. */
  enforceLimit(): void {
    if (!this.#hasLimit || !this.#isOver()) return;
    if (this.consumerCount > 0) this.deliver();
    for (let left = excessCountMax; this.#isOver(); left--) {
      if (left === 0) {
        this.#host.turns.background.add(this);
        return;
      }
      if (!this.#dropHead()) return;
    }
  }

  #isOver(): boolean {
    const { lengthMax, bytesMax, overflow } = this.settings;
    if (overflow !== 'drop-head') return false;
    return this.readyCount > lengthMax || this.readyBytes > bytesMax;
  }

  #dropHead(): boolean {
    const sequence = this.#order.peek();
    if (sequence < 0) return false;
    this.#take(sequence);
    this.#discard(sequence, 'maxlen');
    return true;
  }

  #take(sequence: number): void {
    this.#order.take();
    this.readyCount--;
    this.readyBytes -= this.window.bodyLength(sequence);
  }

  /** Hands out what is ready while a consumer takes it, but nothing that has expired. */
  deliver(): void {
    if (this.isDeleted || this.isLoading) return;
    const { store, delivery } = this.#host;
    for (let burst = this.#host.limits.burstCountMax; burst > 0; burst--) {
      if (this.readyCount === 0) return;
      const sequence = this.#order.peek();
      const { window } = this;
      if (this.#hasExpired(sequence)) break;
      const subscription = this.#consumers.next();
      if (subscription === undefined) break;
      if (!store.view(window, sequence, delivery)) {
        this.#host.load(this, sequence);
        return;
      }
      this.#take(sequence);
      const { isSettled } = subscription;
      this.#prepare(subscription, sequence, isSettled);
      subscription.consumer?.deliver(delivery);
      if (isSettled) this.accept(sequence);
      if (burst === 1) this.#host.turns.markDirty(this);
    }
    this.#watchDue();
  }

  #hasExpired(sequence: number): boolean {
    const { window } = this;
    return window.hasDues && window.expiresAtMs(sequence) < this.#host.nowMs();
  }

  #prepare(subscription: Subscription, sequence: number, settled: boolean): void {
    const { delivery } = this.#host;
    delivery.redelivered = this.window.isReturned(sequence);
    const { window } = this;
    delivery.returnCount = window.countsFailures ? window.returnCount(sequence) : 0;
    delivery.deliveryNumber = settled ? subscription.skip() : subscription.hold(sequence);
    this.deliveredCount++;
  }

  /** Has what expires next waited for, or ended where it has. */
  #watchDue(): void {
    if (!this.window.hasDues) return;
    const dueMs = this.#order.nextDueMs();
    if (dueMs === Infinity) return;
    if (dueMs <= this.#host.nowMs()) this.#host.turns.background.add(this);
    else this.#host.turns.schedule(this, dueMs);
  }

  /** Ends a message that is neither ready nor with a consumer any more. */
  #discard(sequence: number, reason: DeathReason): void {
    if (this.settings.deadLetterExchange === undefined) {
      this.#host.store.settle(this.window, sequence);
      return;
    }
    this.#ends.die(sequence, reason);
    this.#host.turns.background.add(this);
  }

  get #ends(): Endings {
    this.#endings ??= new Endings(this.#host, this);
    return this.#endings;
  }

  /** Messages neither ready nor with a consumer, which still have to be ended. */
  get endingCount(): number {
    return this.#endings?.count ?? 0;
  }

  work(units: Background, until: number): boolean {
    const isLeft = this.#ends.work(units, until);
    if (this.isDeleted) return isLeft;
    this.wake();
    if (!isLeft && !this.isLoading) this.#answerGets();
    return isLeft;
  }

  /** Takes one ready message that is over a limit or has expired and lets it die; false for none. */
  findDying(): boolean {
    if (this.#hasLimit && this.#isOver()) return this.#dropHead();
    const sequence = this.#order.takeDue(this.#host.nowMs());
    if (sequence < 0) return false;
    this.readyCount--;
    this.readyBytes -= this.window.bodyLength(sequence);
    this.#ends.die(sequence, 'expired');
    return true;
  }

  /** A block that the queue waits for is in memory. */
  loaded(): void {
    this.isLoading = false;
    if (this.isDeleted) return;
    if (this.endingCount > 0) this.#host.turns.background.add(this);
    this.#answerGets();
    this.#host.turns.markDirty(this);
  }

  #answerGets(): void {
    if (this.#gets.length === 0) return;
    for (const get of this.#gets.splice(0)) get();
  }

  /** A delivery was accepted. */
  accept(sequence: number): void {
    if (this.isDeleted) return;
    this.settledCount++;
    this.#host.store.settle(this.window, sequence);
  }

  /** A delivery was rejected: a dead letter, or gone. */
  reject(sequence: number): void {
    if (this.isDeleted) return;
    this.settledCount++;
    this.#discard(sequence, 'rejected');
  }

  /** A delivery comes back to its old place, unless it has failed too often. */
  requeue(sequence: number, hasFailed: boolean): void {
    if (this.isDeleted) return;
    this.window.markReturned(sequence, hasFailed);
    if (hasFailed && this.window.countsFailures) {
      this.#host.store.counts.changed(this.window, sequence);
    }
    if (this.window.returnCount(sequence) > this.settings.deliveryLimit) {
      this.#discard(sequence, 'delivery_limit');
      return;
    }
    this.#order.requeue(sequence);
    this.readyCount++;
    this.readyBytes += this.window.bodyLength(sequence);
  }

  /** Something changed that may let messages go out. */
  wake(): void {
    if (this.readyCount > 0 && !this.isDirty && !this.isDeleted) this.#host.turns.markDirty(this);
  }

  /** A consumer that could take nothing may be able to again. */
  rejoin(subscription: Subscription): void {
    this.#consumers.rejoin(subscription);
    this.wake();
  }

  /** The same for all consumers. */
  rejoinAll(): void {
    for (const subscription of this.#consumers.all) subscription.wake();
  }

  get consumerCount(): number {
    return this.#consumers.count;
  }

  /** See `Subscription.get`. */
  get(
    subscription: Subscription,
    settled: boolean,
    answer: (delivery: Delivery | undefined) => void,
  ): void {
    const { store, delivery } = this.#host;
    if (!subscription.isActive) return; // it was stopped while a block was read
    this.touch();
    if (this.#isHeadDue()) this.#host.turns.background.doNow(this);
    const sequence = this.isDeleted ? -1 : this.#order.peek();
    if (sequence < 0) answer(undefined);
    else if (this.#isHeadDue()) {
      this.#gets.push(() => this.get(subscription, settled, answer));
      this.#host.turns.background.add(this);
    } else if (!store.view(this.window, sequence, delivery)) {
      this.#gets.push(() => this.get(subscription, settled, answer));
      this.#host.load(this, sequence);
    } else {
      this.#take(sequence);
      this.#prepare(subscription, sequence, settled);
      delivery.left = this.readyCount;
      answer(delivery);
      if (settled) this.accept(sequence);
      this.#watchDue();
    }
  }

  #isHeadDue(): boolean {
    const { window } = this;
    if (!window.hasDues || this.isDeleted) return false;
    const sequence = this.#order.peek();
    return sequence >= 0 && window.expiresAtMs(sequence) <= this.#host.nowMs();
  }

  /**
   * Begins deliveries to a consumer; without one it is only for `Subscription.get`.
   *
   * @throws {BrokerError} `resource-locked`, or `access-refused` where either wants to be alone
   */
  subscribe(consumer: Consumer | undefined, options: SubscribeOptions): Subscription {
    this.requireOwner(options.owner);
    const subscription = new Subscription(this, consumer, options);
    if (consumer === undefined) return subscription;
    const { isSingleActive } = this.settings;
    const [first] = this.#consumers.all;
    // An exclusive one is the only one.
    const isTaken = first?.options.exclusive === true;
    if (isTaken || (options.exclusive && (isSingleActive || this.consumerCount > 0))) {
      const subject = describe('queue', this.name, this.vhost);
      throw new BrokerError('access-refused', `${subject} in exclusive use`);
    }
    this.#consumers.add(subscription);
    this.wake();
    return subscription;
  }

  /** A consumer has gone. */
  removeSubscription(subscription: Subscription): void {
    if (!this.#consumers.remove(subscription)) return;
    this.touch();
    if (this.options.autoDelete && this.consumerCount === 0) this.#host.deleteQueue(this);
    else this.wake();
  }

  /** @throws {BrokerError} `resource-locked` where another connection owns the queue */
  requireOwner(owner: object | undefined): void {
    if (this.owner !== undefined && this.owner !== owner) this.refuseOwner();
  }

  /** @throws {BrokerError} `resource-locked` */
  refuseOwner(): never {
    throw new BrokerError(
      'resource-locked',
      `cannot obtain exclusive access to locked ${describe('queue', this.name, this.vhost)}. ` +
        'It could be originally declared on another connection or the exclusive property value ' +
        'does not match that of the original declaration.',
    );
  }

  /**
   * Removes every ready message without dead letters.
   *
   * @param done told how many, once that is in the log: before this returns where there are few
   */
  purge(done: (count: number) => void): void {
    const count = this.readyCount;
    this.readyCount = 0;
    this.readyBytes = 0;
    this.#ends.purge(this.#order.takeAll(), count, done);
    this.#host.turns.background.doNow(this);
  }

  /** Someone used the queue: its expiry begins anew. */
  touch(): void {
    this.usedAtMs = this.#host.nowMs();
    const dueMs = this.usedAtMs + this.settings.expiresMs;
    if (dueMs !== Infinity) this.#host.turns.schedule(this, dueMs);
  }

  /** What was due is done: expired messages, or the queue itself. */
  tick(nowMs: number): void {
    if (this.isDeleted) return;
    const dueMs = this.usedAtMs + this.settings.expiresMs;
    if (this.consumerCount === 0 && dueMs <= nowMs) this.#host.deleteQueue(this);
    else {
      if (dueMs > nowMs && dueMs !== Infinity) this.#host.turns.schedule(this, dueMs);
      this.#watchDue();
    }
  }

  /** Ends it: consumers are told, messages are dropped. */
  end(): void {
    this.isDeleted = true;
    for (const subscription of this.#consumers.removeAll()) {
      subscription.end();
      subscription.consumer?.cancelled(`${describe('queue', this.name, this.vhost)} was deleted`);
    }
    this.#answerGets();
    this.#endings?.end();
    const { store, isRecovering } = this.#host;
    if (isRecovering || this.window.count <= droppedCountMax) store.drop(this.window);
    else {
      store.unlink(this.window);
      this.#host.turns.background.add(this);
    }
    this.#host.queueEnded(this);
  }
}
