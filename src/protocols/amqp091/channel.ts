// A channel of an AMQP 0-9-1 connection.

import { Reader, readU32, wholeText } from '../../base/bytes.ts';
import type { Broker } from '../../broker/broker.ts';
import { CreditPool } from '../../broker/flow/credit-pool.ts';
import type { LogWaiter } from '../../broker/flow/log-waiters.ts';
import type { Outcome } from '../../broker/subscription.ts';
import type { Access } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { ChannelTransaction } from './channel-transaction.ts';
import { type Method, methodIds, methodNames, readMethod } from './codec/methods.gen.ts';
import type { ChannelConsumer } from './consumer.ts';
import { DeliveryTags } from './deliveries/delivery-tags.ts';
import { AmqpError } from './errors.ts';
import { handleMethod, settlesDeliveries } from './methods/registry.ts';
import { OrderedAnswers } from './ordered-answers.ts';
import type { Outbox } from './outbox.ts';
import type { PeerAccount } from './peer-account.ts';
import { Confirms, Publisher } from './publisher.ts';
import { ReplyConsumer } from './replies.ts';
import type { SharedState } from './shared-state.ts';
import type { Backlog } from './stalls/backlog.ts';
import { type FrameGate, methodUnits } from './stalls/frame-gate.ts';
import { Getter } from './stalls/getter.ts';
import { DeliveryAges } from './timing/delivery-ages.ts';

/** The interface to the connection. */
export interface ChannelHost {
  readonly shared: SharedState;
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly access: Access;
  readonly peerAddress: string;
  readonly localAddress: string;
  readonly outbox: Outbox;
  readonly frameMax: number;
  /** Whether the peer supports `basic.cancel` from the server. */
  readonly notifiesCancel: boolean;
  /** The channel has published: it must be notified when publishers are blocked. */
  startedPublishing(): void;
  readonly account: PeerAccount;
  /** The channel has confirms to write, or to wait for, at the end of this turn. */
  confirming(channel: Channel): void;
  /** The size of held answers has changed by this many bytes. */
  held(bytes: number): void;
  /** Holds back further frames from the peer. */
  readonly gate: FrameGate;
  /** A failure that no method of this turn caused. */
  failed(thrown: unknown): void;
  /** A method of the channel failed while it was performed in steps. */
  channelFailed(channel: Channel, thrown: unknown): void;
  /**
   * Writing a delivery failed because of a bug. The connection is closed as soon as the broker is
   * done.
   */
  deliveryFailed(thrown: unknown): void;
  /** Removes a channel that is closed on both sides. */
  forget(channel: Channel): void;
  /** A stalled channel may be able to continue. It does so at the end of the turn. */
  goOnLater(channel: Channel): void;
}

const publishId = methodIds.basicPublish;
const ackId = methodIds.basicAck;
const closeId = methodIds.channelClose;
const closeOkId = methodIds.channelCloseOk;

/** A channel: publishing, consuming and settling in order. */
export class Channel implements LogWaiter {
  isAwaitingLog = false;
  /** Whether it is in the connection's list of channels with confirms to write. */
  isConfirming = false;
  readonly number: number;
  readonly host: ChannelHost;
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly access: Access;
  readonly outbox: Outbox;
  readonly frameMax: number;
  readonly answers = new OrderedAnswers(this);
  readonly tags = new DeliveryTags();
  readonly consumers = new Map<string, ChannelConsumer>();
  /** Credit that all consumers share (`global` qos). */
  readonly pool: CreditPool;
  /** The prefetch of new consumers. */
  prefetch = Infinity;
  confirms: Confirms | undefined = undefined;
  transaction: ChannelTransaction | undefined = undefined;
  /** The number of messages received since the channel was opened. */
  publishedCount = 0;
  /** The queue that an empty name refers to. */
  lastQueue = '';
  readonly replies = new ReplyConsumer(this);
  /** `open` until one side closes; `closing` until `channel.close-ok` arrives. */
  state: 'open' | 'closing' | 'closed' = 'open';
  /** The class and method being handled, for error replies. */
  methodId = 0;
  /** The name of a queue that the server names, while a service decides about it. */
  freeName: string | undefined = undefined;
  /** Frames that wait until `basic.get` is answered or a service decides; undefined if there are none. */
  backlog: Backlog | undefined = undefined;
  /** The number of decisions that the first frame of the backlog has waited for; 0 if it does not wait. */
  decisionCount = 0;
  /** Whether a service is being asked about the first frame of the backlog. */
  isUndecided = false;
  readonly getter = new Getter(this);
  readonly #publisher: Publisher;
  /** Undefined while nothing was unsettled at the last check. */
  #ages: DeliveryAges | undefined = undefined;
  /** Cancelled consumers that are to be notified later; undefined if they are notified at once. */
  #untold: string[] | undefined = undefined;
  /** The connection has ended: nothing more is sent. */
  isAbandoned = false;

  constructor(host: ChannelHost, number: number) {
    this.host = host;
    this.number = number;
    this.broker = host.broker;
    this.pool = new CreditPool(host.broker);
    this.vhost = host.vhost;
    this.access = host.access;
    this.outbox = host.outbox;
    this.frameMax = host.frameMax;
    this.#publisher = new Publisher(this);
  }

  get takesDeliveries(): boolean {
    return (
      this.outbox.isWritable &&
      !this.answers.isHolding &&
      this.state === 'open' &&
      this.tags.unsettledCount < this.broker.unsettledCountMax
    );
  }

  /** Handles a method frame. Frequent methods are decoded directly from their bytes. */
  method(bytes: Buffer, at: number, end: number): void {
    if (end - at < 4) throw new AmqpError('syntax-error', `method frame of ${end - at} bytes`);
    const id = readU32(bytes, at);
    if (this.#publisher.expects !== 'method' && this.state === 'open') this.#unexpected('method');
    this.methodId = id;
    if (this.state !== 'open') this.#whileClosing(id);
    else if (id === publishId) this.#publish(bytes, at + 4, end);
    else if (id === ackId && end - at === 13) this.#ack(bytes, at + 4);
    else this.#other(id, bytes, at + 4, end);
  }

  #publish(bytes: Buffer, at: number, end: number): void {
    if (this.#publisher.isFirst) {
      this.#publisher.isFirst = false;
      this.host.startedPublishing();
    }
    this.#publisher.begin(bytes, at, end);
  }

  #ack(bytes: Buffer, at: number): void {
    const tag = readU32(bytes, at) * 0x1_0000_0000 + readU32(bytes, at + 4);
    this.settle(tag, ((bytes[at + 8] as number) & 1) !== 0, 'accepted'); // 13 octets were checked
  }

  #other(id: number, bytes: Buffer, at: number, end: number): void {
    this.host.gate.count(methodUnits);
    const r = new Reader(bytes, at, end);
    const method = readMethod(id, r);
    if (method === undefined) {
      throw new AmqpError('command-invalid', `unknown method ${id >>> 16}.${id & 0xffff}`);
    }
    if (r.left !== 0) {
      throw new AmqpError('syntax-error', `${r.left} bytes left after the last field`);
    }
    // Earlier publishes are delivered first, to the consumers that existed then.
    if (!settlesDeliveries(id)) this.broker.pump();
    if (method.id !== closeId) {
      handleMethod(this, method);
      return;
    }
    this.release(() => {
      this.answers.inOrder(() => {
        this.state = 'closed';
        this.outbox.method(this.number, { id: closeOkId });
        this.host.forget(this);
      });
    });
  }

  #whileClosing(id: number): void {
    if (id === closeId) this.send({ id: closeOkId });
    if (id !== closeOkId) return;
    this.state = 'closed';
    this.host.forget(this);
  }

  #unexpected(found: string): never {
    const { expects } = this.#publisher;
    if (expects === 'method') {
      throw new AmqpError('unexpected-frame', `expected method frame, got ${found} frame instead`);
    }
    const due = expects === 'header' ? 'content header for class 60' : 'content body';
    const kind = expects === 'header' ? 'content header' : 'content body';
    throw new AmqpError('unexpected-frame', `expected ${due}, got non ${kind} frame instead`);
  }

  header(bytes: Buffer, at: number, end: number): void {
    if (this.state !== 'open') return;
    if (this.#publisher.expects !== 'header') this.#unexpected('header');
    this.#publisher.header(bytes, at, end);
  }

  body(bytes: Buffer, at: number, end: number, isLast: boolean): void {
    if (this.state !== 'open') return;
    if (this.#publisher.expects !== 'body') this.#unexpected('body');
    this.#publisher.body(bytes, at, end, isLast);
  }

  /** Sends a method after all pending answers. */
  send(method: Method): void {
    this.answers.send(method);
  }

  durable(group: number): void {
    if (this.isAbandoned) return;
    try {
      this.confirms?.durable(group);
      this.answers.sayDurable(group);
      this.writeConfirms();
    } catch (thrown) {
      this.host.failed(thrown);
    }
  }

  /** Writes the confirms that are due. Returns whether others wait for the log. */
  writeConfirms(): boolean {
    this.isConfirming = false;
    const { confirms } = this;
    if (confirms === undefined) return false;
    confirms.write();
    if (confirms.isAwaitingLog) this.broker.logWaiters.add(this);
    return confirms.isAwaitingLog;
  }

  /**
   * Settles a delivery, or all up to it; in a transaction only at the commit.
   *
   * @throws {AmqpError} 'precondition-failed' if the delivery tag is unknown
   */
  settle(tag: number, isMultiple: boolean, outcome: Outcome): void {
    if (this.transaction !== undefined) {
      this.transaction.settle(tag, isMultiple, outcome);
      return;
    }
    if (this.tags.isMuch(tag, isMultiple)) {
      this.host.gate.finishFirst(this.#settleInSteps(tag, outcome));
      return;
    }
    const { unsettledCount } = this.tags;
    if (!this.tags.settle(tag, isMultiple, outcome)) {
      throw new AmqpError('precondition-failed', `unknown delivery tag ${wholeText(tag)}`);
    }
    if (isMultiple) this.host.gate.count(unsettledCount - this.tags.unsettledCount);
    if (unsettledCount >= this.broker.unsettledCountMax) this.wake();
  }

  *#settleInSteps(tag: number, outcome: Outcome): Generator<void> {
    yield* this.tags.settleInSteps(tag, outcome);
    this.wake();
  }

  /** Requeues all unsettled deliveries, except for those that a transaction settles. */
  recover(): void {
    if (this.transaction === undefined) {
      if (this.tags.isMuch(0, true)) this.host.gate.finishFirst(this.#settleInSteps(0, 'modified'));
      else this.tags.settleAll('modified');
    } else this.host.gate.finishFirst(this.transaction.recover());
  }

  /** Closes the channel if its oldest delivery has been unsettled for too long. */
  checkAges(nowMs: number): void {
    const oldest = this.state === 'open' ? this.tags.oldest() : undefined;
    if (oldest === undefined || this.transaction?.settles(oldest.tag) === true) {
      this.#ages = undefined;
      return;
    }
    this.#ages ??= new DeliveryAges();
    const { settings } = oldest.subscription.queue;
    if (this.broker.personality.timeouts === 'quorum' && settings.type !== 'quorum') {
      this.#ages = undefined;
      return;
    }
    const timeoutMs = settings.consumerTimeoutMs ?? this.broker.limits.consumerTimeoutMs;
    if (this.#ages.look(nowMs, this.tags.lastTag, oldest.tag) <= timeoutMs) return;
    this.methodId = 0;
    const why = `delivery acknowledgement on channel ${this.number} timed out`;
    const advice = 'This timeout value can be configured, see consumers doc guide to learn more';
    const text = `${why}. Timeout value used: ${timeoutMs} ms. ${advice}`;
    this.fail(new AmqpError('precondition-failed', text));
  }

  /** `confirm.select`. */
  selectConfirms(): void {
    if (this.transaction !== undefined) {
      throw new AmqpError('precondition-failed', 'cannot switch from tx to confirm mode');
    }
    if (this.confirms !== undefined) return;
    this.confirms = new Confirms(this);
  }

  /** `tx.select`. */
  selectTransactions(): void {
    if (this.confirms !== undefined) {
      throw new AmqpError('precondition-failed', 'cannot switch from confirm to tx mode');
    }
    this.transaction ??= new ChannelTransaction(this, this.#publisher);
  }

  /** Commits the transaction. `tx.commit-ok` follows once it is durable. */
  commit(): void {
    this.host.gate.finishFirst(this.#openTransaction().commit());
  }

  rollback(): void {
    this.#openTransaction().rollback();
  }

  #openTransaction(): ChannelTransaction {
    if (this.transaction === undefined) {
      throw new AmqpError('precondition-failed', 'channel is not transactional');
    }
    return this.transaction;
  }

  /** The queue of a consumer was deleted. */
  consumerCancelled(consumer: ChannelConsumer): void {
    // Another consumer may have taken its tag meanwhile.
    if (this.consumers.get(consumer.tag) !== consumer) return;
    this.consumers.delete(consumer.tag);
    if (!this.host.notifiesCancel || this.state !== 'open') return;
    if (this.#untold === undefined) this.#tellCancelled(consumer.tag);
    else this.#untold.push(consumer.tag);
  }

  #tellCancelled(consumerTag: string): void {
    this.send({ id: methodIds.basicCancel, consumerTag, noWait: true });
  }

  /** Performs an action, and notifies the consumers that it cancels afterwards. */
  tellingLater(act: () => void): void {
    const untold: string[] = [];
    this.#untold = untold;
    try {
      act();
    } finally {
      this.#untold = undefined;
    }
    for (const consumerTag of untold) this.#tellCancelled(consumerTag);
  }

  /** The transport or the peer accepts deliveries again. */
  wake(): void {
    this.answers.sayDurable(this.broker.durableGroup);
    if (this.backlog !== undefined) this.host.goOnLater(this);
    for (const consumer of this.consumers.values()) consumer.subscription?.wake();
  }

  /** Closes the channel with an error. The peer must answer. */
  fail(error: AmqpError): void {
    const { observer } = this.broker.clientConnections;
    const operation = methodNames[this.methodId as Method['id']] ?? 'none'; // 0 before the first
    const code = error.code.replaceAll('-', '_');
    observer?.channelFailed(this.host, this.number, operation, code, error.message);
    this.release();
    this.state = 'closing';
    this.send({
      id: closeId,
      replyCode: error.replyCode,
      replyText: error.replyText,
      classId: this.methodId >>> 16,
      methodId: this.methodId & 0xffff,
    });
  }

  /**
   * Ends the channel: ends consumers and requeues unsettled deliveries.
   *
   * @param done called when this is complete
   */
  release(done?: () => void): void {
    this.#stop();
    const { background } = this.broker;
    if (background.beginsAtOnce && this.holdsNothing) done?.();
    else background.run(this.requeueAll(), done);
  }

  /** Whether {@link requeueAll} has nothing to do. */
  get holdsNothing(): boolean {
    return this.tags.unsettledCount === 0 && this.consumers.size === 0;
  }

  /**
   * The connection ends: nothing more is sent. {@link requeueAll} releases what the channel holds.
   */
  abandon(): void {
    this.#stop();
    this.isAbandoned = true;
    this.answers.drop();
  }

  #stop(): void {
    if (this.state !== 'open') return;
    this.state = 'closing';
    this.transaction?.rollback();
    this.#publisher.end();
    this.replies.stop();
    this.confirms = undefined;
    this.getter.stop();
    if (this.backlog !== undefined) this.host.goOnLater(this);
  }

  /**
   * Requeues unsettled deliveries and ends consumers, in steps. Consumers remain, without receiving
   * messages, until everything is requeued. Otherwise the successor of a single active consumer
   * could get later messages first.
   */
  *requeueAll(): Generator<void> {
    try {
      yield* this.tags.requeueAll();
    } finally {
      for (const consumer of this.consumers.values()) {
        consumer.subscription?.stop();
        yield;
      }
      this.consumers.clear();
    }
  }

  /** Like {@link requeueAll}, but a bug is reported, so that other channels are still released. */
  *requeueAllAnyway(report: (bug: unknown) => void): Generator<void> {
    try {
      yield* this.requeueAll();
    } catch (thrown) {
      report(thrown);
    }
  }
}
