import type { Window } from '../storage/window.ts';
import { Endings } from './endings/endings.ts';
import { BrokerError, describe, lockedError } from './errors.ts';
import type { QueueHost } from './queue-host.ts';
import { type QueueOptions, type QueueSettings, readQueueArguments } from './queue-options.ts';
import { ByPriority, InOrder, type Ready } from './ready.ts';
import type { RetryPolicy } from './schedule/retry.ts';
import {
  type Consumer,
  type Delivery,
  type SubscribeOptions,
  Subscription,
} from './subscription.ts';
import { takeOut } from './transactions/take-out.ts';
import type { Ticking } from './turns/turns.ts';
import type { Worker, WorkList } from './turns/work-list.ts';

/** Why a message became a dead letter, in RabbitMQ's words. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/** Messages over a limit that are dropped where one is published; more are dropped in slices. */
const excessCountMax = 8;
/** A deleted queue with more messages drops them in slices. */
const droppedCountMax = 256;

/** Messages in order, and the consumers they go to. */
export class Queue implements Ticking, Worker {
  // What each message needs comes first: fields that lie together are in a processor's cache together.
  readonly window: Window;
  readonly #host: QueueHost;
  #ready: Ready;
  /** Who alone gets messages: the only consumer, or the single active one. */
  #only: Subscription | undefined = undefined;
  /** Takes the single active consumer's place once that has settled everything. */
  #successor: Subscription | undefined = undefined;
  #hasLimit = false;
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
  /** By its arguments and the policies of the moment. */
  settings: QueueSettings;
  /** Whether and when a rejected message is delivered again. */
  retry: RetryPolicy | undefined = undefined;
  /** The connection that alone may use it. */
  owner: object | undefined = undefined;
  usedAtMs: number;
  readonly subscriptions: Subscription[] = [];
  #turn = 0;
  #endings: Endings | undefined = undefined;
  #gets: (() => void)[] = [];

  constructor(host: QueueHost, vhost: string, name: string, options: QueueOptions, window: Window) {
    this.#host = host;
    this.vhost = vhost;
    this.name = name;
    this.options = options;
    this.window = window;
    this.settings = readQueueArguments(options.arguments, describe('queue', name, vhost));
    window.countsFailures = this.settings.countsFailures;
    this.#ready = this.#order();
    this.usedAtMs = host.nowMs();
    this.applySettings(this.settings);
  }

  /** Takes other settings over: limits count at once, a time to live for messages that arrive later. */
  applySettings(settings: QueueSettings): void {
    const { ttlMs, lengthMax, bytesMax } = settings;
    this.settings = settings;
    this.window.ttlMs = ttlMs === Infinity ? undefined : ttlMs;
    this.#hasLimit = lengthMax !== Infinity || bytesMax !== Infinity;
    this.touch();
    if (this.#isOver() && !this.#host.isRecovering) this.#host.turns.work.add(this);
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
    if (mayBeDelivered) window.markAllReturned();
    this.touch();
    this.#host.turns.markDirty(this);
    if (this.#isOver()) this.#host.turns.work.add(this);
  }

  /** A prepared transaction has settled these messages: they are neither delivered nor gone. */
  takeOut(settled: ReadonlySet<number>): void {
    for (const sequence of takeOut(this.#ready, settled)) {
      this.readyCount--;
      this.readyBytes -= this.window.bodyLength(sequence);
    }
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
    if (!this.isDirty) this.#host.turns.markDirty(this);
  }

  /** Drops from the head what is above the queue's limits, unless a consumer takes it. */
  shorten(): void {
    if (!this.#hasLimit || !this.#isOver()) return;
    if (this.subscriptions.length > 0) this.deliver();
    for (let left = excessCountMax; this.#isOver(); left--) {
      if (left === 0) {
        this.#host.turns.work.add(this);
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
    const sequence = this.#ready.peek();
    if (sequence < 0) return false;
    this.#take(sequence);
    this.#discard(sequence, 'maxlen');
    return true;
  }

  #take(sequence: number): void {
    this.#ready.take();
    this.readyCount--;
    this.readyBytes -= this.window.bodyLength(sequence);
  }

  /** Hands out what is ready while a consumer takes it, but nothing that has expired. */
  deliver(): void {
    if (this.isDeleted || this.isLoading) return;
    const { store, delivery } = this.#host;
    for (let burst = this.#host.limits.burstCountMax; burst > 0; burst--) {
      if (this.readyCount === 0) return;
      const sequence = this.#ready.peek();
      const { window } = this;
      if (this.#hasExpired(sequence)) break;
      const subscription = this.#nextSubscription();
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

  #nextSubscription(): Subscription | undefined {
    const only = this.#only;
    if (only !== undefined) {
      if (this.#successor !== undefined) return this.#succeed(only, this.#successor);
      return only.canTake() ? only : undefined;
    }
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

  /** Has what expires next waited for, or ended where it has. */
  #watchDue(): void {
    if (!this.window.hasDues) return;
    const dueMs = this.#ready.nextDueMs();
    if (dueMs === Infinity) return;
    if (dueMs <= this.#host.nowMs()) this.#host.turns.work.add(this);
    else this.#host.turns.schedule(this, dueMs);
  }

  /** Ends a message that is neither ready nor with a consumer any more. */
  #discard(sequence: number, reason: DeathReason): void {
    if (this.settings.deadLetterExchange === undefined && this.retry === undefined) {
      this.#host.store.settle(this.window, sequence);
      return;
    }
    this.#ends.die(sequence, reason);
    this.#host.turns.work.add(this);
  }

  get #ends(): Endings {
    this.#endings ??= new Endings(this.#host, this);
    return this.#endings;
  }

  /** Messages neither ready nor with a consumer, which still have to be ended. */
  get endingCount(): number {
    return this.#endings?.count ?? 0;
  }

  work(units: WorkList, until: number): boolean {
    const isLeft = this.#ends.work(units, until);
    if (this.isDeleted) return isLeft;
    this.wake();
    if (!isLeft && !this.isLoading) this.#answerGets();
    return isLeft;
  }

  /** Takes one ready message that is over a limit or has expired and lets it die; false for none. */
  findDying(): boolean {
    if (this.#hasLimit && this.#isOver()) return this.#dropHead();
    const sequence = this.#ready.takeDue(this.#host.nowMs());
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
    if (this.endingCount > 0) this.#host.turns.work.add(this);
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
  giveBack(sequence: number, hasFailed: boolean): void {
    if (this.isDeleted) return;
    this.window.markReturned(sequence, hasFailed);
    if (hasFailed && this.window.countsFailures) {
      this.#host.store.counts.changed(this.window, sequence);
    }
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
    if (this.readyCount > 0 && !this.isDirty && !this.isDeleted) this.#host.turns.markDirty(this);
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
    if (this.#isHeadDue()) this.#host.turns.work.doNow(this);
    const sequence = this.isDeleted ? -1 : this.#ready.peek();
    if (sequence < 0) answer(undefined);
    else if (this.#isHeadDue()) {
      this.#gets.push(() => this.get(subscription, settled, answer));
      this.#host.turns.work.add(this);
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
    const sequence = this.#ready.peek();
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
    else if (this.#only?.isActive !== true) {
      this.#only = this.#nextActive();
      this.#successor = undefined;
    } else if (this.settings.countsFailures) {
      // Of a quorum queue only: a classic queue's active consumer stays until it leaves.
      const best = this.#nextActive();
      const isHigher = best !== undefined && best.options.priority > this.#only.options.priority;
      this.#successor = isHigher ? best : undefined;
    }
  }

  #succeed(active: Subscription, successor: Subscription): Subscription | undefined {
    if (active.unsettledCount > 0) return undefined;
    this.#only = successor;
    this.#successor = undefined;
    return successor.canTake() ? successor : undefined;
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
    throw lockedError(this.name, this.vhost);
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
    this.#ends.purge(this.#ready.takeAll(), count, done);
    this.#host.turns.work.doNow(this);
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
    if (this.subscriptions.length === 0 && dueMs <= nowMs) this.#host.deleteQueue(this);
    else {
      if (dueMs > nowMs && dueMs !== Infinity) this.#host.turns.schedule(this, dueMs);
      this.#watchDue();
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
    this.#answerGets();
    this.#endings?.end();
    const { store, isRecovering } = this.#host;
    if (isRecovering || this.window.count <= droppedCountMax) store.drop(this.window);
    else {
      store.unlink(this.window);
      this.#host.turns.work.add(this);
    }
    this.#host.queueEnded(this);
  }
}
