// Prepared transactions (XA).

import { MessageView } from '../../storage/message-record.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';
import type { Change } from '../definitions.ts';
import { BrokerError } from '../errors.ts';
import type { Flow } from '../flow.ts';
import type { HeldChange } from '../held/held-changes.ts';
import { HeldMessages, publicationOf } from '../held/held-messages.ts';
import type { Limits } from '../limits.ts';
import type { Publication } from '../publication.ts';
import type { Queue } from '../queue.ts';
import type { Transaction, TransactionContents } from '../transaction.ts';
import type { Background } from '../turns/background.ts';
import type { Turns } from '../turns/turns.ts';
import type { Vhost } from '../vhost.ts';
import { PreparedBranch, type PreparedChange, type PreparedDelivery } from './prepared-branch.ts';
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

/** Maximum size of messages that are copied in one turn of the event loop before a commit. */
const copiedBytesMax = 1024 * 1024;

/** Number of deliveries that a commit settles in one step. */
const settledPerStep = 16;

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
  /** The messages of prepared transactions, by virtual host. */
  readonly #held = new Map<string, HeldMessages>();
  readonly #view = new MessageView();
  #operationCount = 0;
  #bytes = 0;

  constructor(host: PreparedHost) {
    this.#host = host;
  }

  /** Returns the prepared transactions in the order in which they were prepared. */
  recover(): Xid[] {
    return [...this.#branches.keys()].map(xidOf);
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
   * for their consumers until the outcome, and cannot be settled in another way.
   *
   * @param user the user that prepares it; see {@link userOf}
   * @returns the group whose sync makes it durable; 0 if the transaction was empty, so that there
   *   is nothing to commit
   * @throws {BrokerError} `precondition-failed` if the xid is in use; `resource-error` if too much
   *   is prepared. The transaction is then unchanged
   */
  prepare(xid: Xid, transaction: Transaction, user?: string): number {
    const key = xidKey(xid);
    if (this.#branches.has(key)) {
      throw new BrokerError('precondition-failed', `transaction ${key} is prepared already`);
    }
    this.#requireRoom(transaction);
    const contents = transaction.take();
    if (contents.publications.length + contents.settlements.length === 0) return 0;
    const { store } = this.#host;
    store.begin();
    try {
      const branch = this.#hold(key, contents, user);
      for (const change of branch.changes()) this.#host.define(change);
      this.#add(branch);
    } finally {
      store.end();
    }
    return store.log.openGroup;
  }

  #requireRoom({ operationCount, bytes }: Transaction): void {
    const { limits } = this.#host;
    const { preparedCountMax, preparedOperationCountMax, preparedBytesMax } = limits;
    const wanted: readonly (readonly [what: string, value: number, max: number])[] = [
      ['operations of it', operationCount, limits.preparedBranchOperationCountMax],
      ['bytes of its messages', bytes, limits.preparedBranchBytesMax],
      ['prepared transactions', this.#branches.size + 1, preparedCountMax],
      ['operations', this.#operationCount + operationCount, preparedOperationCountMax],
      ['bytes of messages', this.#bytes + bytes, preparedBytesMax],
    ];
    for (const [what, value, max] of wanted) {
      if (value <= max) continue;
      const why = `${value} ${what} would wait for their outcome, at most ${max} are allowed`;
      throw new BrokerError('resource-error', `transaction cannot be prepared: ${why}`);
    }
  }

  #hold(xid: string, contents: TransactionContents, user: string | undefined): PreparedBranch {
    const { vhost, publications, settlements, bytes } = contents;
    const held = this.#heldOf(vhost.name);
    const from = held.index.next;
    const nowMs = this.#host.nowMs();
    for (const publication of publications) {
      const { expirationMs } = publication;
      held.add(publication, nowMs, expirationMs < 0 ? Infinity : nowMs + expirationMs);
    }
    const { next: to } = held.index;
    const own = user === undefined ? {} : { user };
    const branch = new PreparedBranch({ xid, vhost: vhost.name, from, to, bytes, ...own });
    const deliveries: PreparedDelivery[] = [];
    for (const { subscription, first, last, outcome } of settlements) {
      for (let number = first; number <= last; number++) {
        const sequence = subscription.setAside(number);
        if (sequence < 0) continue; // it is already settled
        deliveries.push({ queue: subscription.queue, sequence, outcome, subscription, number });
      }
    }
    branch.settle(deliveries);
    return branch;
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
    if (branch.isCommitting) {
      throw new BrokerError('precondition-failed', `transaction ${key} is being committed`);
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
   *   its commit has begun
   */
  commit(xid: Xid, done: (group: number) => void): void {
    const branch = this.#require(xid);
    branch.isCommitting = true;
    this.#gather(branch, branch.from, [], done);
  }

  /** Copies the messages of a transaction, a part in each turn, and then commits it. */
  #gather(
    branch: PreparedBranch,
    first: number,
    publications: Publication[],
    done: (group: number) => void,
  ): void {
    const held = this.#held.get(branch.vhost);
    const goOn = (next: number) => () => {
      if (this.#branches.get(branch.xid) !== branch) return; // its virtual host was deleted
      this.#gather(branch, next, publications, done);
      this.#host.pump();
    };
    let bytes = 0;
    for (let sequence = first; held !== undefined && sequence < branch.to; sequence++) {
      if (!held.view(sequence, this.#view)) {
        // A block that cannot be read means that the log has failed, which ends the broker.
        const failed = () => this.#host.flow.block('storage failed');
        held.load(sequence).then(goOn(sequence), failed);
        return;
      }
      const publication = this.#copy(branch.vhost);
      bytes += publication.sizeBytes;
      publications.push(publication);
      if (bytes < copiedBytesMax) continue;
      setImmediate(goOn(sequence + 1));
      return;
    }
    let group = 0;
    const steps = this.#commit(branch, publications, (last) => {
      group = last;
    });
    this.#host.background.run(steps, () => done(group));
  }

  #copy(vhost: string): Publication {
    const view = this.#view;
    const publication = publicationOf(view).copy();
    publication.exchange = this.#host.vhosts.get(vhost)?.exchanges.get(view.exchangeName());
    if (view.expiresAtMs !== Infinity) {
      publication.expirationMs = Math.max(0, view.expiresAtMs - this.#host.nowMs());
    }
    return publication;
  }

  /** Performs a commit in one batch of the log. A large commit takes several turns. */
  *#commit(
    branch: PreparedBranch,
    publications: readonly Publication[],
    ended: (group: number) => void,
  ): Generator<void> {
    const { store, vhosts } = this.#host;
    while (store.isInBatch) yield; // another large transaction commits
    const vhost = vhosts.get(branch.vhost);
    if (vhost === undefined || this.#branches.get(branch.xid) !== branch) return; // it was deleted
    store.begin();
    try {
      for (const publication of publications) {
        yield* this.#inBatch(this.#publish(vhost, publication));
        yield* this.#inBatch(oneStep);
      }
      for (let at = 0; at < branch.deliveries.length; at += settledPerStep) {
        for (const delivery of branch.deliveries.slice(at, at + settledPerStep)) settle(delivery);
        yield* this.#inBatch(oneStep);
      }
      for (let s = branch.from; s < branch.to; s += settledPerStep) {
        this.#removeHeld(branch, s, Math.min(branch.to, s + settledPerStep));
        yield* this.#inBatch(oneStep);
      }
      this.#conclude(branch);
    } finally {
      store.end();
    }
    ended(store.log.openGroup);
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
   * @returns the group whose sync makes it durable
   * @throws {BrokerError} see {@link commit}
   */
  rollback(xid: Xid): number {
    const branch = this.#require(xid);
    return this.#end(branch, () => {
      for (const { queue, sequence, subscription, number } of branch.deliveries) {
        if (subscription?.resume(number) === true) continue;
        queue.requeue(sequence, true);
        subscription?.conclude(number);
        queue.wake();
      }
    });
  }

  /** Performs an outcome in one batch, so that it is recovered as a whole. */
  #end(branch: PreparedBranch, outcome: () => void): number {
    const { store } = this.#host;
    store.begin();
    try {
      outcome();
      this.#removeHeld(branch, branch.from, branch.to);
      this.#conclude(branch);
    } finally {
      store.end();
    }
    return store.log.openGroup;
  }

  #removeHeld({ vhost }: PreparedBranch, from: number, to: number): void {
    const held = this.#held.get(vhost);
    for (let s = from; s < to; s++) if (held?.index.isLive(s) === true) held.remove(s);
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
      branch.deliveries = restored(branch, queues);
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
    const held = this.#held.get(vhost);
    if (held === undefined) return;
    this.#held.delete(vhost);
    held.unlink();
    if (!this.#host.isRecovering) this.#host.background.run(dropAll(held));
    else for (const _ of dropAll(held));
  }
}

function settle({ queue, sequence, outcome, subscription, number }: PreparedDelivery): void {
  if (outcome === 'accepted') queue.accept(sequence);
  else if (outcome === 'rejected') queue.reject(sequence);
  else queue.requeue(sequence, outcome === 'modified');
  subscription?.conclude(number);
}

function* dropAll(held: HeldMessages): Generator<void> {
  while (held.drop()) yield;
}

function restored(branch: PreparedBranch, queues: ReadonlyMap<number, Queue>): PreparedDelivery[] {
  return branch.ranges.flatMap(({ queue: number, from, to, outcome }) => {
    const queue = queues.get(number);
    if (queue === undefined) return []; // it was deleted
    const found: PreparedDelivery[] = [];
    for (let sequence = from; sequence < to; sequence++) {
      if (!queue.index.isLive(sequence)) continue;
      found.push({ queue, sequence, outcome, subscription: undefined, number: -1 });
    }
    return found;
  });
}
