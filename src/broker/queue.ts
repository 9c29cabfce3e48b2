import type { MessageStore } from '../storage/message-store.ts';
import type { Window } from '../storage/window.ts';
import { BrokerError, describe } from './errors.ts';
import type { Limits } from './limits.ts';
import { type QueueOptions, type QueueSettings, readQueueArguments } from './queue-options.ts';
import { ByPriority, InOrder, type Ready } from './ready.ts';
import {
  type Consumer,
  type Delivery,
  type SubscribeOptions,
  Subscription,
} from './subscription.ts';

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
  markDirty(queue: Queue): void;
  /** The queue has something due at this time at the latest. */
  schedule(queue: Queue, atMs: number): void;
  /** Publishes a message to the queue's dead letter exchange; the view is open on it. */
  deadLetter(queue: Queue, view: Delivery, reason: DeathReason): void;
  /** Loads a block and then pumps. */
  load(queue: Queue, sequence: number): void;
  deleteQueue(queue: Queue): void;
  /** The queue is gone; its counters are kept. */
  queueEnded(queue: Queue): void;
}

/** Messages in order, and the consumers they go to. */
export class Queue {
  // What each message needs comes first: fields that lie together are in a processor's cache together.
  readonly window: Window;
  readonly #host: QueueHost;
  #ready: Ready;
  /** Who alone gets messages: the only consumer, or the single active one. */
  #only: Subscription | undefined = undefined;
  readonly #hasLimit: boolean;
  readyCount = 0;
  readyBytes = 0;
  isDeleted = false;
  /** In the broker's list of queues to be looked at. */
  isDirty = false;
  isLoading = false;
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
  readonly subscriptions: Subscription[] = [];
  #turn = 0;
  #dead: { sequence: number; reason: DeathReason }[] = [];
  #gets: (() => void)[] = [];

  constructor(host: QueueHost, vhost: string, name: string, options: QueueOptions, window: Window) {
    this.#host = host;
    this.vhost = vhost;
    this.name = name;
    this.options = options;
    this.window = window;
    this.settings = readQueueArguments(options.arguments, describe('queue', name, vhost));
    if (this.settings.ttlMs !== Infinity) window.ttlMs = this.settings.ttlMs;
    const { lengthMax, bytesMax } = this.settings;
    this.#ready = this.#order();
    this.#hasLimit = lengthMax !== Infinity || bytesMax !== Infinity;
    this.usedAtMs = host.nowMs();
    this.touch();
  }

  #order(): Ready {
    const { priorityMax } = this.settings;
    const { window } = this;
    return priorityMax > 0 ? new ByPriority(window, priorityMax) : new InOrder(window);
  }

  /**
   * Takes over what recovery found in the window.
   *
   * @param mayBeDelivered the broker crashed, so any message may have been delivered before
   */
  recover(mayBeDelivered: boolean): void {
    const { window } = this;
    this.#ready = this.#order();
    this.readyCount = window.count;
    this.readyBytes = window.bodyBytes();
    if (mayBeDelivered) {
      for (let s = window.liveFrom(0); s < window.next; s = window.liveFrom(s + 1)) {
        window.markReturned(s, false);
      }
    }
    for (const atMs of window.expiries()) this.#host.schedule(this, atMs);
    this.touch();
    this.#host.markDirty(this);
  }

  /** Whether a message of this size is refused because the queue is full and no consumer helps. */
  isFull(bodyLength: number): boolean {
    if (!this.#hasLimit || this.settings.overflow === 'drop-head') return false;
    if (this.#hasRoom(bodyLength)) return false;
    if (this.subscriptions.length > 0) this.deliver();
    return !this.#hasRoom(bodyLength);
  }

  #hasRoom(bodyLength: number): boolean {
    const { lengthMax, bytesMax } = this.settings;
    return this.readyCount < lengthMax && this.readyBytes + bodyLength <= bytesMax;
  }

  /** A message was appended to the window under its last number. */
  arrived(bodyLength: number): void {
    const sequence = this.window.next - 1;
    this.#ready.add(sequence);
    this.readyCount++;
    this.readyBytes += bodyLength;
    this.publishedCount++;
    const dueMs = this.window.expiresAtMs(sequence);
    if (dueMs !== Infinity) this.#host.schedule(this, dueMs);
    if (!this.isDirty) this.#host.markDirty(this);
  }

  /** Drops from the head what is above the queue's limits, unless a consumer takes it. */
  shorten(): void {
    if (!this.#hasLimit || this.settings.overflow !== 'drop-head') return;
    const { lengthMax, bytesMax } = this.settings;
    const isOver = () => this.readyCount > lengthMax || this.readyBytes > bytesMax;
    if (isOver() && this.subscriptions.length > 0) this.deliver();
    while (isOver()) {
      const sequence = this.#ready.peek();
      if (sequence < 0) return;
      this.#take(sequence);
      this.#discard(sequence, 'maxlen');
    }
  }

  #take(sequence: number): void {
    this.#ready.take();
    this.readyCount--;
    this.readyBytes -= this.window.bodyLength(sequence);
  }

  /** Hands out what is ready while a consumer takes it; then drops what has expired. */
  deliver(): void {
    if (this.isDeleted || this.isLoading) return;
    const { store, delivery } = this.#host;
    for (let burst = this.#host.limits.burstCountMax; burst > 0; burst--) {
      if (this.readyCount === 0) return;
      const sequence = this.#ready.peek();
      if (this.window.expiresAtMs(sequence) < this.#host.nowMs()) {
        this.#take(sequence);
        this.#discard(sequence, 'expired');
        continue;
      }
      const subscription = this.#nextSubscription();
      if (subscription === undefined) break;
      if (!store.view(this.window, sequence, delivery)) {
        this.#host.load(this, sequence);
        return;
      }
      this.#take(sequence);
      const { isSettled } = subscription;
      this.#prepare(subscription, sequence, isSettled);
      subscription.consumer?.deliver(delivery);
      if (isSettled) this.accept(sequence);
      if (burst === 1) this.#host.markDirty(this);
    }
    this.#dropExpired();
  }

  #prepare(subscription: Subscription, sequence: number, settled: boolean): void {
    const { delivery } = this.#host;
    delivery.redelivered = this.window.isReturned(sequence);
    delivery.returnCount = this.window.returnCount(sequence);
    delivery.deliveryNumber = settled ? subscription.skip() : subscription.hold(sequence);
    this.deliveredCount++;
  }

  #nextSubscription(): Subscription | undefined {
    const only = this.#only;
    if (only !== undefined) return only.canTake() ? only : undefined;
    const all = this.subscriptions;
    let best: Subscription | undefined;
    let bestAt = 0;
    for (let i = 0; i < all.length; i++) {
      const at = (this.#turn + i) % all.length;
      const subscription = all[at];
      if (subscription?.canTake() !== true) continue;
      if (best === undefined || subscription.options.priority > best.options.priority) {
        best = subscription;
        bestAt = at;
      }
    }
    if (best !== undefined) this.#turn = bestAt + 1;
    return best;
  }

  #dropExpired(): void {
    for (;;) {
      const sequence = this.#ready.peek();
      if (sequence < 0) return;
      const dueMs = this.window.expiresAtMs(sequence);
      if (dueMs > this.#host.nowMs()) {
        if (dueMs !== Infinity) this.#host.schedule(this, dueMs);
        return;
      }
      this.#take(sequence);
      this.#discard(sequence, 'expired');
    }
  }

  /** Ends a message that is neither ready nor with a consumer any more. */
  #discard(sequence: number, reason: DeathReason): void {
    const { store, delivery } = this.#host;
    if (this.settings.deadLetterExchange === undefined) {
      store.settle(this.window, sequence);
      return;
    }
    // The dead letter and its end in this queue are recovered both or neither; and within a batch
    // the message stays where it is until it is copied.
    store.begin();
    if (store.view(this.window, sequence, delivery)) {
      this.#host.deadLetter(this, delivery, reason);
      store.settle(this.window, sequence);
    } else {
      this.#dead.push({ sequence, reason });
      this.#host.load(this, sequence);
    }
    store.end();
  }

  /** A block that the queue waits for is in memory. */
  loaded(): void {
    this.isLoading = false;
    if (this.isDeleted) return;
    const dead = this.#dead;
    this.#dead = [];
    for (const { sequence, reason } of dead) this.#discard(sequence, reason);
    const gets = this.#gets;
    this.#gets = [];
    for (const get of gets) get();
    this.#host.markDirty(this);
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
  giveBack(sequence: number, hasFailed: boolean): void {
    if (this.isDeleted) return;
    this.window.markReturned(sequence, hasFailed);
    if (this.window.returnCount(sequence) > this.settings.deliveryLimit) {
      this.#discard(sequence, 'delivery_limit');
      return;
    }
    this.#ready.giveBack(sequence);
    this.readyCount++;
    this.readyBytes += this.window.bodyLength(sequence);
  }

  /** Something changed that may let messages go out. */
  wake(): void {
    if (this.readyCount > 0 && !this.isDirty && !this.isDeleted) this.#host.markDirty(this);
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
    this.#dropExpired();
    const sequence = this.isDeleted ? -1 : this.#ready.peek();
    if (sequence < 0) answer(undefined);
    else if (!store.view(this.window, sequence, delivery)) {
      this.#gets.push(() => this.get(subscription, settled, answer));
      this.#host.load(this, sequence);
    } else {
      this.#take(sequence);
      this.#prepare(subscription, sequence, settled);
      delivery.left = this.readyCount;
      answer(delivery);
      if (settled) this.accept(sequence);
    }
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
    const isTaken = this.subscriptions.some((other) => other.options.exclusive);
    if (isTaken || (options.exclusive && (isSingleActive || this.subscriptions.length > 0))) {
      const subject = describe('queue', this.name, this.vhost);
      throw new BrokerError('access-refused', `${subject} in exclusive use`);
    }
    this.subscriptions.push(subscription);
    this.#chooseOnly();
    this.wake();
    return subscription;
  }

  /** A consumer has gone. */
  leave(subscription: Subscription): void {
    const at = this.subscriptions.indexOf(subscription);
    if (at < 0) return;
    this.subscriptions.splice(at, 1);
    this.#chooseOnly();
    this.touch();
    if (this.options.autoDelete && this.subscriptions.length === 0) this.#host.deleteQueue(this);
    else this.wake();
  }

  #chooseOnly(): void {
    const [first, second] = this.subscriptions;
    if (!this.settings.isSingleActive) this.#only = second === undefined ? first : undefined;
    else if (this.#only?.isActive !== true) this.#only = this.#nextActive();
  }

  /** Of the highest priority the one that has waited longest. */
  #nextActive(): Subscription | undefined {
    let best: Subscription | undefined;
    for (const waiting of this.subscriptions) {
      if (best === undefined || waiting.options.priority > best.options.priority) best = waiting;
    }
    return best;
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

  /** Removes every ready message without dead letters and returns how many. */
  purge(): number {
    let count = 0;
    for (let s = this.#ready.peek(); s >= 0; s = this.#ready.peek()) {
      this.#take(s);
      this.#host.store.settle(this.window, s);
      count++;
    }
    this.#host.store.defineSettlements();
    return count;
  }

  /** Someone used the queue: its expiry begins anew. */
  touch(): void {
    this.usedAtMs = this.#host.nowMs();
    const dueMs = this.usedAtMs + this.settings.expiresMs;
    if (dueMs !== Infinity) this.#host.schedule(this, dueMs);
  }

  /** What was due is done: expired messages, or the queue itself. */
  tick(nowMs: number): void {
    if (this.isDeleted) return;
    const dueMs = this.usedAtMs + this.settings.expiresMs;
    if (this.subscriptions.length === 0 && dueMs <= nowMs) this.#host.deleteQueue(this);
    else {
      if (dueMs > nowMs && dueMs !== Infinity) this.#host.schedule(this, dueMs);
      this.wake();
    }
  }

  /** Ends it: consumers are told, messages are dropped. */
  end(): void {
    this.isDeleted = true;
    const gone = this.subscriptions.splice(0);
    for (const subscription of gone) {
      subscription.end();
      subscription.consumer?.cancelled(`${describe('queue', this.name, this.vhost)} was deleted`);
    }
    for (const get of this.#gets.splice(0)) get();
    this.#host.store.drop(this.window);
    this.#host.queueEnded(this);
  }
}
