// Prepared transactions (XA).

import { MessageView } from '../../storage/message-record.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';
import type { Change } from '../definitions.ts';
import { BrokerError } from '../errors.ts';
import { nowhere } from '../exchanges/route-cache.ts';
import type { Flow } from '../flow.ts';
import type { HeldChange } from '../held/held-changes.ts';
import { HeldMessages, publicationOf } from '../held/held-messages.ts';
import type { Limits } from '../limits.ts';
import type { Publication } from '../publication.ts';
import { KeptMessages } from '../publishing/kept-messages.ts';
import type { Queue } from '../queue.ts';
import type { Transaction, TransactionContents } from '../transaction.ts';
import { type Background, stepUnits } from '../turns/background.ts';
import type { Turns } from '../turns/turns.ts';
import type { Vhost } from '../vhost.ts';
import { PreparedBranch, type PreparedChange, type PreparedDelivery } from './prepared-branch.ts';
import {
  deliveriesPerStep,
  giveBack,
  restoredDeliveries,
  setAside,
  settleDelivery,
} from './prepared-deliveries.ts';
import { requirePreparedRoom } from './prepared-room.ts';
import { type Xid, xidKey, xidOf } from './xid.ts';

/** The interface to the broker. */
export interface PreparedHost {
  readonly store: MessageStore;
  readonly limits: Limits;
  readonly turns: Turns;
  readonly flow: Flow;
  readonly background: Background;
  readonly vhosts: ReadonlyMap<string, Vhost>;
  readonly isRecovering: boolean;
  nowMs(): number;
  pump(): void;
  newQueueIndex(number: number | undefined, isDurable: boolean): QueueIndex;
  define(change: Change): void;
  publishInSteps(vhost: Vhost, publication: Publication): Generator<void>;
  letterLost(error: unknown, where: string): void;
}

/** Bytes of a message per unit of background work, when it is copied. */
const bytesPerUnit = 2048;

const oneStep: Iterable<void> = [undefined];

/**
 * The prepared transactions (XA) of a broker. An external coordinator decides their outcome. A
 * prepared transaction is durable and has no effect: its messages are held outside of queues, and
 * the messages that it settles stay in their queues but are not delivered. The outcome is one batch
 * of the log, so that a transaction is either prepared or complete after a crash.
 */
export class PreparedTransactions {
  readonly #host: PreparedHost;
  readonly #branches = new Map<string, PreparedBranch>();
  /** Transactions that are being prepared, by their xids. */
  readonly #preparing = new Map<string, TransactionContents>();
  /** The messages of prepared transactions, by virtual host. */
  readonly #held = new Map<string, HeldMessages>();
  readonly #view = new MessageView();
  #operationCount = 0;
  #bytes = 0;

  constructor(host: PreparedHost) {
    this.#host = host;
  }

  /** The prepared transactions in the order in which they were prepared. */
  *recover(): Generator<Xid> {
    for (const key of [...this.#branches.keys()]) if (this.#branches.has(key)) yield xidOf(key);
  }

  /** The user that prepared a transaction; undefined if that is not known. */
  userOf(xid: Xid): string | undefined {
    return this.#branches.get(xidKey(xid))?.user;
  }

  /** Whether a transaction is prepared. */
  has(xid: Xid): boolean {
    return this.#branches.has(xidKey(xid));
  }

  /**
   * Prepares a transaction, which is empty afterwards. The deliveries that it settles still count
   * for their consumers until the outcome, and cannot be settled in another way. Nothing else may
   * settle them before `done` is called.
   *
   * @param user the user that prepares it; see {@link userOf}
   * @param done called with the group whose sync makes it durable, or 0 if the transaction was empty,
   *   so that there is nothing to commit: before this returns, or later if the transaction is large
   * @throws {BrokerError} `precondition-failed` if the xid is in use; `resource-error` if too much
   *   is prepared. The transaction is then unchanged
   */
  prepare(
    xid: Xid,
    transaction: Transaction,
    user: string | undefined,
    done: (group: number) => void,
  ): void {
    const key = xidKey(xid);
    if (this.#branches.has(key) || this.#preparing.has(key)) {
      throw new BrokerError('precondition-failed', `transaction ${key} is prepared already`);
    }
    const count = this.#branches.size + this.#preparing.size;
    const used = { count, operationCount: this.#operationCount, bytes: this.#bytes };
    requirePreparedRoom(this.#host.limits, transaction, used);
    const { operationCount, bytes } = transaction;
    const contents = transaction.take();
    if (operationCount === 0) {
      done(0);
      return;
    }
    this.#preparing.set(key, contents);
    this.#operationCount += operationCount;
    this.#bytes += bytes;
    let group = 0;
    const steps = this.#prepare(key, contents, user, (last) => {
      this.#operationCount -= operationCount;
      this.#bytes -= bytes;
      group = last;
    });
    this.#host.background.run(steps, () => done(group));
  }

  /**
   * Prepares a transaction in one batch of the log. A large one takes several turns. Nothing is
   * prepared if its virtual host is deleted meanwhile.
   */
  *#prepare(
    xid: string,
    contents: TransactionContents,
    user: string | undefined,
    ended: (group: number) => void,
  ): Generator<void> {
    const { store } = this.#host;
    const { vhost, settlements, bytes } = contents;
    while (store.isInBatch) yield; // another large transaction is prepared or ends
    if (this.#preparing.get(xid) !== contents) {
      ended(0);
      return;
    }
    store.begin();
    try {
      const held = this.#heldOf(vhost.name);
      const from = held.index.next;
      yield* this.#inBatch(this.#hold(xid, contents, held));
      const { next: to } = held.index;
      const own = user === undefined ? {} : { user };
      const branch = new PreparedBranch({ xid, vhost: vhost.name, from, to, bytes, ...own });
      const deliveries: PreparedDelivery[] = [];
      yield* this.#inBatch(setAside(settlements, deliveries));
      branch.settle(deliveries);
      if (this.#preparing.get(xid) === contents) this.#prepared(branch);
      else for (const { subscription, number } of deliveries) subscription?.conclude(number);
    } finally {
      store.end();
    }
    ended(store.log.appendedGroup);
  }

  /** Stores the messages of a transaction, in steps. */
  *#hold(xid: string, contents: TransactionContents, held: HeldMessages): Generator<void> {
    const nowMs = this.#host.nowMs();
    let units = 0;
    for (const { publication } of contents.messages.take()) {
      const { expirationMs, sizeBytes } = publication;
      held.add(publication, nowMs, expirationMs < 0 ? Infinity : nowMs + expirationMs);
      units += 1 + Math.floor(sizeBytes / bytesPerUnit);
      if (units < stepUnits) continue;
      this.#host.background.spend(units - stepUnits);
      units = 0;
      yield;
      if (this.#preparing.get(xid) !== contents) return;
    }
  }

  /** In one step, so that a snapshot of the definitions has all of it or nothing. */
  #prepared(branch: PreparedBranch): void {
    for (const change of branch.changes()) this.#host.define(change);
    this.#preparing.delete(branch.xid);
    this.#add(branch);
  }

  #heldOf(vhost: string): HeldMessages {
    let held = this.#held.get(vhost);
    if (held === undefined) {
      const queueIndex = this.#host.newQueueIndex(undefined, true);
      held = new HeldMessages(this.#host.store, queueIndex);
      this.#held.set(vhost, held);
      const { number } = queueIndex;
      this.#host.define({ kind: 'held', vhost, purpose: 'prepared', part: 0, number });
    }
    return held;
  }

  #add(branch: PreparedBranch): void {
    this.#branches.set(branch.xid, branch);
    this.#operationCount += branch.operationCount;
    this.#bytes += branch.bytes;
  }

  #remove(branch: PreparedBranch): void {
    if (!this.#branches.delete(branch.xid)) return;
    this.#operationCount -= branch.operationCount;
    this.#bytes -= branch.bytes;
  }

  #require(xid: Xid): PreparedBranch {
    const key = xidKey(xid);
    const branch = this.#branches.get(key);
    if (branch === undefined) {
      throw new BrokerError('not-found', `no prepared transaction ${key}`);
    }
    if (branch.ending !== undefined) {
      throw new BrokerError('precondition-failed', `transaction ${key} is being ${branch.ending}`);
    }
    return branch;
  }

  /**
   * Commits a prepared transaction: publishes its messages with the current bindings, and settles
   * its deliveries. Unroutable messages are dropped.
   *
   * @param done called with the group whose sync makes the commit durable: before this returns, or
   *   later if the transaction is large or its messages must be read from disk. It is not called if
   *   reading fails, which ends the broker
   * @throws {BrokerError} `not-found` if no such transaction is prepared; `precondition-failed` if
   *   an outcome has begun
   */
  commit(xid: Xid, done: (group: number) => void): void {
    const branch = this.#require(xid);
    branch.ending = 'committed';
    this.#gather(branch, branch.from, new KeptMessages(), done);
  }

  /** Copies the messages of a transaction, in steps, and then commits it. */
  #gather(
    branch: PreparedBranch,
    first: number,
    messages: KeptMessages,
    done: (group: number) => void,
  ): void {
    let next = first;
    const steps = this.#copyFrom(branch, first, messages, (missing) => {
      next = missing;
    });
    this.#host.background.run(steps, () => {
      if (this.#branches.get(branch.xid) !== branch) return; // its virtual host was deleted
      if (next < branch.to) this.#gatherLater(branch, next, messages, done);
      else this.#commitAll(branch, messages, done);
    });
  }

  /**
   * Copies messages in steps.
   *
   * @param ended called with the number of the first message that must be read from disk, or the end
   */
  *#copyFrom(
    branch: PreparedBranch,
    first: number,
    messages: KeptMessages,
    ended: (next: number) => void,
  ): Generator<void> {
    const held = this.#held.get(branch.vhost);
    let units = 0;
    let sequence = held === undefined ? branch.to : first;
    for (; sequence < branch.to && held?.view(sequence, this.#view) === true; sequence++) {
      const publication = this.#read(branch.vhost);
      messages.add(publication, nowhere);
      units += 1 + Math.floor(publication.sizeBytes / bytesPerUnit);
      if (units < stepUnits) continue;
      this.#host.background.spend(units - stepUnits);
      units = 0;
      yield;
    }
    ended(sequence);
  }

  /** Continues when a message has been read from disk. */
  #gatherLater(
    branch: PreparedBranch,
    next: number,
    messages: KeptMessages,
    done: (group: number) => void,
  ): void {
    const goOn = () => {
      if (this.#branches.get(branch.xid) !== branch) return; // its virtual host was deleted
      this.#gather(branch, next, messages, done);
      this.#host.pump();
    };
    // A block that cannot be read means that the log has failed, which ends the broker.
    const failed = () => this.#host.flow.block('storage failed');
    this.#held.get(branch.vhost)?.load(next).then(goOn, failed);
  }

  #commitAll(branch: PreparedBranch, messages: KeptMessages, done: (group: number) => void): void {
    let group = 0;
    const steps = this.#commit(branch, messages, (last) => {
      group = last;
    });
    this.#host.background.run(steps, () => done(group));
  }

  /** The message of the view, which is valid until the view moves. */
  #read(vhost: string): Publication {
    const view = this.#view;
    const publication = publicationOf(view);
    publication.exchange = this.#host.vhosts.get(vhost)?.exchanges.get(view.exchangeName());
    if (view.expiresAtMs !== Infinity) {
      publication.expirationMs = Math.max(0, view.expiresAtMs - this.#host.nowMs());
    }
    return publication;
  }

  /** Performs a commit in one batch of the log. A large commit takes several turns. */
  *#commit(
    branch: PreparedBranch,
    messages: KeptMessages,
    ended: (group: number) => void,
  ): Generator<void> {
    const { store, vhosts } = this.#host;
    while (store.isInBatch) yield; // another large transaction commits
    const vhost = vhosts.get(branch.vhost);
    if (vhost === undefined || this.#branches.get(branch.xid) !== branch) return; // it was deleted
    store.begin();
    try {
      for (const { publication } of messages.take()) {
        yield* this.#inBatch(this.#publish(vhost, publication));
        yield* this.#inBatch(oneStep);
      }
      for (let at = 0; at < branch.deliveries.length; at += deliveriesPerStep) {
        for (const delivery of branch.deliveries.slice(at, at + deliveriesPerStep)) {
          settleDelivery(delivery);
        }
        yield* this.#inBatch(oneStep);
      }
      yield* this.#inBatch(this.#removeHeld(branch));
      this.#conclude(branch);
    } finally {
      store.end();
    }
    ended(store.log.appendedGroup);
  }

  *#inBatch(steps: Iterable<void>): Generator<void> {
    for (const _ of steps) {
      this.#host.store.log.batchPaused();
      yield;
    }
  }

  *#publish(vhost: Vhost, publication: Publication): Generator<void> {
    const { exchange } = publication;
    if (exchange === undefined || exchange.isDeleted) return;
    try {
      yield* this.#host.publishInSteps(vhost, publication);
    } catch (error) {
      // The commit is decided, so an error of one message must not stop it.
      if (!(error instanceof BrokerError)) this.#host.letterLost(error, vhost.name);
    }
  }

  /**
   * Rolls back a prepared transaction: its messages are dropped. Its deliveries are unsettled
   * again, or requeued if the consumer no longer exists.
   *
   * @param done called with the group whose sync makes it durable: before this returns, or later if
   *   the transaction is large
   * @throws {BrokerError} see {@link commit}
   */
  rollback(xid: Xid, done: (group: number) => void = () => {}): void {
    const branch = this.#require(xid);
    branch.ending = 'rolled back';
    let group = 0;
    const steps = this.#rollback(branch, (last) => {
      group = last;
    });
    this.#host.background.run(steps, () => done(group));
  }

  /** Performs a rollback in one batch, so that it is recovered as a whole. */
  *#rollback(branch: PreparedBranch, ended: (group: number) => void): Generator<void> {
    const { store } = this.#host;
    while (store.isInBatch) yield; // another large transaction is prepared or commits
    if (this.#branches.get(branch.xid) !== branch) return; // its virtual host was deleted
    store.begin();
    try {
      let count = 0;
      for (const delivery of branch.deliveries) {
        giveBack(delivery);
        if (++count % deliveriesPerStep === 0) yield* this.#inBatch(oneStep);
      }
      yield* this.#inBatch(this.#removeHeld(branch));
      this.#conclude(branch);
    } finally {
      store.end();
    }
    ended(store.log.appendedGroup);
  }

  /** Removes the messages of a transaction, in steps. */
  *#removeHeld({ vhost, from, to }: PreparedBranch): Generator<void> {
    const held = this.#held.get(vhost);
    for (let s = from; s < to; s++) {
      if (held?.index.isLive(s) === true) held.remove(s);
      if (s % deliveriesPerStep === 0) yield;
    }
  }

  /** Removes a completed transaction. */
  #conclude(branch: PreparedBranch): void {
    this.#remove(branch);
    this.#host.define({ kind: 'prepared-ended', xid: branch.xid });
    this.#host.turns.background.work();
  }

  /** Applies a change from the log. */
  apply(change: HeldChange | PreparedChange): void {
    if (change.kind === 'held') {
      if (this.#held.has(change.vhost)) return;
      const queueIndex = this.#host.newQueueIndex(change.number, true);
      this.#held.set(change.vhost, new HeldMessages(this.#host.store, queueIndex));
      return;
    }
    const known = this.#branches.get(change.xid);
    if (change.kind === 'prepared-settlements') known?.ranges.push(...change.ranges);
    else if (known !== undefined) this.#remove(known);
    if (change.kind !== 'prepared') return;
    this.#add(new PreparedBranch(change));
  }

  /** Yields the changes that recreate the prepared transactions without their messages. */
  *snapshot(): Generator<HeldChange | PreparedChange> {
    for (const [vhost, { index: queueIndex }] of this.#held) {
      yield { kind: 'held', vhost, purpose: 'prepared', part: 0, number: queueIndex.number };
    }
    for (const branch of [...this.#branches.values()]) {
      if (this.#branches.get(branch.xid) === branch) yield* branch.changes();
    }
  }

  /**
   * Completes the recovery: takes the messages that prepared transactions have settled out of the
   * dispatch orders of their queues.
   */
  recovered(): void {
    this.#operationCount = 0;
    if (this.#branches.size === 0) return;
    const queues = new Map<number, Queue>();
    for (const vhost of this.#host.vhosts.values()) {
      for (const queue of vhost.queues.values()) queues.set(queue.index.number, queue);
    }
    const settled = new Map<Queue, Set<number>>();
    for (const branch of this.#branches.values()) {
      branch.deliveries = restoredDeliveries(branch, queues);
      this.#operationCount += branch.operationCount;
      for (const { queue, sequence } of branch.deliveries) {
        const numbers = settled.get(queue) ?? new Set();
        settled.set(queue, numbers.add(sequence));
      }
    }
    for (const [queue, numbers] of settled) queue.takeOut(numbers);
  }

  /** Deletes the prepared transactions of a deleted virtual host. */
  forget(vhost: string): void {
    for (const branch of [...this.#branches.values()]) {
      if (branch.vhost !== vhost) continue;
      for (const { subscription, number } of branch.deliveries) subscription?.conclude(number);
      this.#remove(branch);
      this.#host.define({ kind: 'prepared-ended', xid: branch.xid });
    }
    for (const [xid, contents] of this.#preparing) {
      if (contents.vhost.name === vhost) this.#preparing.delete(xid);
    }
    const held = this.#held.get(vhost);
    if (held === undefined) return;
    this.#held.delete(vhost);
    held.unlink();
    if (!this.#host.isRecovering) this.#host.background.run(held.dropAll());
    else for (const _ of held.dropAll());
  }
}
