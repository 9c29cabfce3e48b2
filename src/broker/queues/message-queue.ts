// The queue implementation of classic and quorum queues.

import type { QueueIndex } from '../../storage/queue-index.ts';
import { convertedAtOnceMax } from '../conversion/converted.ts';
import type { DeadLetterRules } from '../dead-lettering/dead-letter-rules.ts';
import { Consumers } from '../dispatch/consumers.ts';
import { Cursor } from '../dispatch/cursor.ts';
import type { DispatchOrder } from '../dispatch/dispatch-order.ts';
import type { GroupRules } from '../dispatch/groups.ts';
import { orderOf } from '../dispatch/order-of.ts';
import { passedCountDefault, type ScannedQueue, SelectiveDispatch } from '../dispatch/selective.ts';
import { BrokerError, describe, lockedError } from '../errors.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { QueueHost } from '../queue-host.ts';
import { type QueueOptions, type QueueSettings, readQueueArguments } from '../queue-options.ts';
import type { RetryPolicy } from '../schedule/retry.ts';
import { type Consumer, type SubscribeOptions, Subscription } from '../subscription.ts';
import { takeOut } from '../transactions/take-out.ts';
import type { Background, Worker } from '../turns/background.ts';
import { deliveryUnits, type Held } from '../turns/turns.ts';
import { DelayedMessages } from './delayed-messages.ts';
import { DrainsAndPulls } from './drains-and-pulls.ts';
import { type GetAnswer, Gets } from './gets.ts';
import { type LengthLimit, limitOf } from './length-limit.ts';
import { MessageDisposal } from './message-disposal.ts';
import { armExpiryTimer, hasExpired } from './message-expiry.ts';
import { recoverUnready } from './recovery.ts';
import { countReturn, sentSettled } from './returned-messages.ts';
import type { Rewriting } from './rewriting.ts';

/** Maximum number of messages that one scan examines before other queues have their turn. */
const scanCountMax = 512;
/** A deleted queue with more messages drops them in slices. */
const droppedCountMax = 256;

/** A queue that gives each message to one consumer, in the dispatch order, until it is settled. */
export class MessageQueue implements Queue, ScannedQueue, Worker, Held {
  // The fields that each message needs come first, so that they share cache lines.
  readonly index: QueueIndex;
  readonly #host: QueueHost;
  order: DispatchOrder;
  readonly consumers: Consumers;
  #limit: LengthLimit | undefined = undefined;
  readyCount = 0;
  readyBytes = 0;
  isDeleted = false;
  isDirty = false;
  isLoading = false;
  isHeld = false;
  isListed = false;
  timerMs = Infinity;
  timerAt = -1;
  publishedCount = 0;
  deliveredCount = 0;
  settledCount = 0;
  readonly kind = 'queue';
  readonly vhost: string;
  readonly name: string;
  options: QueueOptions;
  settings: QueueSettings;
  retry: RetryPolicy | undefined = undefined;
  deadLetters: DeadLetterRules | undefined = undefined;
  passedCountMax = passedCountDefault;
  delayed: DelayedMessages | undefined = undefined;
  disposal: MessageDisposal | undefined = undefined;
  onAccepted: ((sequence: number) => void) | undefined = undefined;
  owner: object | undefined = undefined;
  usedAtMs: number;
  #selective: SelectiveDispatch | undefined = undefined;
  #drainsAndPulls: DrainsAndPulls | undefined = undefined;
  #gets: Gets | undefined = undefined;

  constructor(
    host: QueueHost,
    vhost: string,
    name: string,
    options: QueueOptions,
    index: QueueIndex,
  ) {
    this.#host = host;
    this.vhost = vhost;
    this.name = name;
    this.options = options;
    this.index = index;
    this.settings = readQueueArguments(options.arguments, describe('queue', name, vhost));
    index.countsFailures = this.settings.countsFailures;
    index.keepsAll = this.settings.type === 'quorum';
    this.order = orderOf(index, this.settings);
    this.consumers = new Consumers(this.settings);
    this.usedAtMs = host.nowMs();
    this.applySettings(this.settings);
  }

  applySettings(settings: QueueSettings): void {
    const { ttlMs } = settings;
    this.settings = settings;
    this.index.ttlMs = ttlMs === Infinity ? undefined : ttlMs;
    this.#limit = limitOf(this.#host, this);
    this.touch();
    if (!this.#host.isRecovering) this.#dropExcessLater();
    if (!settings.deadLettersSafely) this.disposal?.retryHeld();
  }

  takeOut(settled: ReadonlySet<number>): void {
    for (const sequence of takeOut(this.order, settled)) {
      this.readyCount--;
      this.readyBytes -= this.index.bodyLength(sequence);
    }
  }

  *recover(mayBeDelivered: boolean): Generator<void> {
    const { index } = this;
    this.order = orderOf(index, this.settings);
    this.readyCount = index.count;
    this.readyBytes = index.bodyBytes();
    if (mayBeDelivered) index.markAllRedelivered();
    const unready = yield* recoverUnready(this.#host, this);
    this.delayed = unready.delayed;
    for (const [sequence, reason] of unready.dead) {
      this.#discard(sequence, reason);
      yield;
    }
    this.touch();
    this.#host.turns.markDirty(this);
    this.#dropExcessLater();
  }

  isFull(bodyLength: number): boolean {
    return this.#limit?.isFull(bodyLength) === true;
  }

  enqueued(bodyLength: number): void {
    const sequence = this.index.next - 1;
    this.order.add(sequence);
    this.readyCount++;
    this.readyBytes += bodyLength;
    this.publishedCount++;
    if (!this.isDirty) this.#host.turns.markDirty(this);
  }

  enforceLimit(): void {
    this.#limit?.enforce();
  }

  #dropExcessLater(): void {
    if (this.#limit?.isOver === true) this.#host.turns.background.add(this);
  }

  /** Removes the first delayed message because of a limit. Returns false if there is none. */
  dropDelayed(): boolean {
    const sequence = this.delayed?.takeFirst() ?? -1;
    if (sequence >= 0) this.#discard(sequence, 'maxlen');
    return sequence >= 0;
  }

  /** Removes a ready message because of a limit. */
  drop(sequence: number, reason: DeathReason): void {
    this.order.remove(sequence);
    this.readyCount--;
    this.readyBytes -= this.index.bodyLength(sequence);
    this.#selective?.restart();
    this.#discard(sequence, reason);
  }

  #take(sequence: number): void {
    this.order.take();
    this.readyCount--;
    this.readyBytes -= this.index.bodyLength(sequence);
  }

  /** Delivers ready messages that have not expired, as long as a consumer takes them. */
  deliver(): void {
    if (this.isHeld) return;
    if (this.#host.turns.unitsLeft > 0) this.deliverNow();
    else this.#host.turns.hold(this);
  }

  /** Delivers at least one message, even if the units of this turn are spent. */
  deliverNow(): void {
    if (this.isDeleted || this.isLoading) return;
    const isMore = this.#selective === undefined ? this.#dispatch() : this.#select();
    if (this.consumers.wasAskedInPart()) this.#host.turns.hold(this);
    if (isMore) this.#host.turns.goOn(this);
    else if (this.#drainsAndPulls !== undefined && !this.isHeld) this.#drainsAndPulls.delivered();
  }

  #dispatch(): boolean {
    const { delivery, turns } = this.#host;
    for (let burst = turns.burstOf(this.#host.limits.burstCountMax); burst > 0; ) {
      if (this.readyCount === 0) return false;
      const sequence = this.order.peek();
      if (this.hasExpired(sequence)) break;
      const subscription = this.consumers.next();
      if (subscription === undefined) break;
      if (!this.#isDeliverable(sequence, subscription)) return false;
      this.#take(sequence);
      const { isSettled } = subscription;
      this.#prepare(subscription, sequence, isSettled);
      subscription.consumer?.deliver(delivery);
      if (isSettled) sentSettled(this, sequence, delivery);
      const units = deliveryUnits(delivery.bodyLength, delivery.convertedBytes);
      turns.unitsLeft -= units;
      burst -= units;
      if (burst <= 0 || turns.unitsLeft <= 0) return true;
    }
    this.#armExpiryTimer();
    return false;
  }

  #isDeliverable(sequence: number, subscription: Subscription): boolean {
    const { store, delivery } = this.#host;
    if (store.view(this.index, sequence, delivery)) return !this.mustWait(subscription);
    this.#host.load(this, sequence);
    return false;
  }

  /** Dispatches selectively. Returns whether more may be delivered at once. */
  #select(): boolean {
    const isMore = this.readyCount > 0 && this.#selective?.dispatch(scanCountMax) === true;
    if (this.readyCount === 0 && this.#selective?.isNeeded === false) this.#selective = undefined;
    if (!isMore) this.#armExpiryTimer();
    return isMore;
  }

  open(sequence: number): boolean {
    const { store, delivery } = this.#host;
    const isOpen = store.view(this.index, sequence, delivery);
    if (isOpen) delivery.count(this.index, sequence);
    else this.#host.load(this, sequence);
    return isOpen;
  }

  mustWait(subscription: Subscription): boolean {
    const { delivery, conversions } = this.#host;
    return delivery.bodyLength > convertedAtOnceMax && conversions.mustWait(this, subscription);
  }

  send(subscription: Subscription, sequence: number): void {
    const { delivery } = this.#host;
    this.readyCount--;
    this.readyBytes -= this.index.bodyLength(sequence);
    this.#prepare(subscription, sequence, subscription.isSettled);
    subscription.consumer?.deliver(delivery);
    if (subscription.isSettled) sentSettled(this, sequence, delivery);
    this.#host.turns.unitsLeft -= deliveryUnits(delivery.bodyLength, delivery.convertedBytes);
  }

  groupBy(rules: GroupRules, before = Infinity): void {
    this.#selective ??= new SelectiveDispatch(this, this.#host);
    this.#selective.groupBy(rules, before);
  }

  #chooseDispatch(): void {
    if (this.consumers.selectorCount > 0)
      this.#selective ??= new SelectiveDispatch(this, this.#host);
    else if (this.#selective?.isNeeded === false) this.#selective = undefined;
    this.#selective?.restart();
  }

  drain(subscription: Subscription): void {
    this.#drainsAndPulls ??= new DrainsAndPulls(this.#host, this);
    this.#drainsAndPulls.drain(subscription);
  }

  pull(subscription: Subscription, timeoutMs: number): void {
    this.#drainsAndPulls ??= new DrainsAndPulls(this.#host, this);
    this.#drainsAndPulls.pull(subscription, timeoutMs);
  }

  cursor(): Cursor {
    return new Cursor(this.#host.store, this.index);
  }

  hasExpired(sequence: number): boolean {
    return this.index.hasExpiryTimes && hasExpired(this, sequence, this.#host.nowMs());
  }

  #prepare(subscription: Subscription, sequence: number, settled: boolean): void {
    const { delivery } = this.#host;
    delivery.count(this.index, sequence);
    delivery.deliveryNumber = settled ? subscription.skip() : subscription.hold(sequence);
    this.deliveredCount++;
  }

  #armExpiryTimer(): void {
    if (!this.index.hasExpiryTimes) return;
    armExpiryTimer(this, this.#host.turns, this.disposal?.isWaiting === true);
  }

  #discard(sequence: number, reason: DeathReason, cause?: string): void {
    if (this.settings.deadLetterExchange === undefined && this.retry === undefined) {
      this.#host.store.settle(this.index, sequence);
      return;
    }
    this.#requireDisposal().discard(sequence, reason, cause);
    this.#host.turns.background.add(this);
  }

  #requireDisposal(): MessageDisposal {
    this.disposal ??= new MessageDisposal(this.#host, this);
    return this.disposal;
  }

  work(units: Background, until: number): boolean {
    const disposal = this.#requireDisposal();
    const isLeft = disposal.work(units, until);
    if (this.isDeleted) return isLeft;
    this.wake();
    if (!isLeft && !this.isLoading && !disposal.isWaiting) this.#gets?.again();
    return isLeft;
  }

  /** Removes a ready message that exceeds a limit or has expired. Returns false if there is none. */
  discardExcessOrExpired(): boolean {
    if (this.#limit?.isOver === true && this.#limit.dropOne()) return true;
    const sequence = this.order.takeExpired(this.#host.nowMs());
    if (sequence < 0) return false;
    this.readyCount--;
    this.readyBytes -= this.index.bodyLength(sequence);
    this.#selective?.restart();
    this.#requireDisposal().discard(sequence, 'expired');
    return true;
  }

  loaded(): void {
    this.isLoading = false;
    if (this.isDeleted) return;
    if ((this.disposal?.count ?? 0) > 0) this.#host.turns.background.add(this);
    this.#gets?.again();
    this.#host.turns.markDirty(this);
  }

  accept(sequence: number): void {
    if (this.isDeleted) return;
    this.settledCount++;
    if (this.onAccepted !== undefined) this.onAccepted(sequence);
    this.#host.store.settle(this.index, sequence);
  }

  reject(sequence: number, cause?: string): void {
    if (this.isDeleted) return;
    this.settledCount++;
    this.#discard(sequence, 'rejected', cause);
  }

  requeue(sequence: number, hasFailed: boolean): void {
    if (this.isDeleted) return;
    const delayMs = countReturn(this.#host, this, sequence, hasFailed);
    if (delayMs === Infinity) this.#discard(sequence, 'delivery_limit');
    else if (delayMs > 0) this.delay(sequence, this.#host.nowMs() + delayMs);
    else this.ready(sequence);
    this.#dropExcessLater();
  }

  /** A message that was taken is ready again at this time, milliseconds since 1970. */
  delay(sequence: number, untilMs: number): void {
    this.delayed ??= new DelayedMessages(this.#host, this);
    this.delayed.add(sequence, untilMs);
  }

  /** A message that was taken is ready again, at its old position. */
  ready(sequence: number): void {
    this.#selective?.restart();
    this.order.requeue(sequence);
    this.readyCount++;
    this.readyBytes += this.index.bodyLength(sequence);
    this.#limit?.returned(sequence);
  }

  requeueElsewhere(sequence: number, hasFailed: boolean, subscription: Subscription): void {
    if (this.isDeleted) return;
    this.#selective ??= new SelectiveDispatch(this, this.#host);
    if (this.#selective.exclude(sequence, subscription)) this.requeue(sequence, hasFailed);
    else this.reject(sequence);
  }

  rewrite(sequence: number, rewriting: Rewriting): void {
    if (this.isDeleted) return;
    this.#selective?.regroup();
    if (rewriting.isRejected) this.settledCount++;
    this.#requireDisposal().rewrite(sequence, rewriting);
  }

  wake(): void {
    if (this.readyCount > 0 && !this.isDirty && !this.isDeleted) this.#host.turns.markDirty(this);
  }

  rejoin(subscription: Subscription): void {
    this.consumers.rejoin(subscription);
    this.#selective?.restart();
    this.wake();
  }

  rejoinAll(): Generator<void> {
    return this.consumers.wakeAll();
  }

  get consumerCount(): number {
    return this.consumers.count;
  }

  get(subscription: Subscription, settled: boolean, answer: GetAnswer, wanted?: number): void {
    this.#gets ??= new Gets(this.#host, this);
    this.#gets.get(subscription, settled, answer, wanted);
  }

  /** Answers a get with a ready message, on which the view is open. */
  give(subscription: Subscription, sequence: number, settled: boolean, answer: GetAnswer): void {
    const { delivery } = this.#host;
    this.order.remove(sequence);
    this.readyCount--;
    this.readyBytes -= this.index.bodyLength(sequence);
    this.#selective?.restart();
    this.#prepare(subscription, sequence, settled);
    delivery.left = this.readyCount;
    answer(delivery);
    if (settled) sentSettled(this, sequence, delivery);
    this.#armExpiryTimer();
  }

  subscribe(consumer: Consumer | undefined, options: SubscribeOptions): Subscription {
    this.requireOwner(options.owner);
    this.#host.turns.beginMessages();
    const subscription = new Subscription(this, consumer, options);
    if (consumer === undefined) return subscription;
    if (!this.consumers.admits(options)) {
      const subject = describe('queue', this.name, this.vhost);
      throw new BrokerError('access-refused', `${subject} in exclusive use`);
    }
    this.consumers.add(subscription);
    this.#chooseDispatch();
    this.wake();
    return subscription;
  }

  removeSubscription(subscription: Subscription): void {
    if (!this.consumers.remove(subscription)) return;
    this.#drainsAndPulls?.remove(subscription);
    this.#selective?.forget(subscription);
    this.#chooseDispatch();
    this.touch();
    if (this.options.autoDelete && this.consumerCount === 0) this.#host.deleteQueue(this);
    else this.wake();
  }

  requireOwner(owner: object | undefined): void {
    if (this.owner !== undefined && this.owner !== owner) this.refuseOwner();
  }

  refuseOwner(): never {
    throw lockedError(this.name, this.vhost);
  }

  purge(done: (count: number) => void): void {
    const count = this.readyCount + (this.delayed?.count ?? 0);
    this.readyCount = 0;
    this.readyBytes = 0;
    this.#selective?.restart();
    const delayed = this.delayed === undefined ? [] : [this.delayed.takeAll()];
    this.#requireDisposal().purge([this.order.takeAll(), ...delayed], count, done);
    this.#host.turns.background.doNow(this);
  }

  touch(): void {
    this.usedAtMs = this.#host.nowMs();
    const dueMs = this.usedAtMs + this.settings.expiresMs;
    if (dueMs !== Infinity) this.#host.turns.schedule(this, dueMs);
  }

  tick(nowMs: number): void {
    if (this.isDeleted) return;
    this.#drainsAndPulls?.tick(nowMs);
    const dueMs = this.usedAtMs + this.settings.expiresMs;
    if (this.consumerCount === 0 && dueMs <= nowMs) this.#host.deleteQueue(this);
    else {
      if (dueMs > nowMs && dueMs !== Infinity) this.#host.turns.schedule(this, dueMs);
      this.#armExpiryTimer();
    }
  }

  end(): void {
    this.isDeleted = true;
    const reason = `${describe('queue', this.name, this.vhost)} was deleted`;
    this.consumers.endAll(reason, this.#host.turns.background);
    this.#gets?.again();
    this.disposal?.end();
    this.delayed?.takeAll();
    this.#selective?.end();
    const { store, isRecovering } = this.#host;
    if (isRecovering || this.index.count <= droppedCountMax) store.drop(this.index);
    else {
      store.unlink(this.index);
      this.#host.turns.background.add(this);
    }
    this.#host.queueEnded(this);
  }
}
