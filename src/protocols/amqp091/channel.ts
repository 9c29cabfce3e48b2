import { Reader, readU32, wholeText } from '../../base/bytes.ts';
import type { Broker } from '../../broker/broker.ts';
import { CreditPool } from '../../broker/flow/credit-pool.ts';
import type { LogWaiter } from '../../broker/flow/log-waiters.ts';
import type { Outcome } from '../../broker/subscription.ts';
import type { Access } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { ChannelTransaction } from './channel-transaction.ts';
import { type Method, methodIds, readMethod } from './codec/methods.gen.ts';
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

/** What a channel asks of its connection. */
export interface ChannelHost {
  readonly shared: SharedState;
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly access: Access;
  readonly outbox: Outbox;
  readonly frameMax: number;
  /** Whether the peer understands `basic.cancel` from the server. */
  readonly notifiesCancel: boolean;
  /** The channel publishes: it wants to hear of the broker being blocked. */
  startedPublishing(): void;
  readonly account: PeerAccount;
  /** The channel has confirms to write, or to wait for, at the end of this turn. */
  confirming(channel: Channel): void;
  /** Answers of so many bytes more are held, or of fewer where it is below 0. */
  held(bytes: number): void;
  /** Holds back what else the peer has sent. */
  readonly gate: FrameGate;
  /** Something that nobody asked for in this turn has failed. */
  failed(thrown: unknown): void;
  /** A method of the channel has failed while it was done in steps. */
  channelFailed(channel: Channel, thrown: unknown): void;
  /** Writing a delivery has failed by a bug; the connection ends as soon as the broker is done. */
  deliveryFailed(thrown: unknown): void;
  /** Forgets a channel that is closed on both sides. */
  forget(channel: Channel): void;
  /** What a stalled channel waited for may have happened: it goes on at the end of the turn. */
  goOnLater(channel: Channel): void;
}

const publishId = methodIds.basicPublish;
const ackId = methodIds.basicAck;
const closeId = methodIds.channelClose;
const closeOkId = methodIds.channelCloseOk;

/** One channel: publishing, consuming and settling in one order. */
export class Channel implements LogWaiter {
  isAwaitingLog = false;
  /** In its connection's list of those that have confirms to write. */
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
  /** Deliveries that a new consumer may leave unsettled. */
  prefetch = Infinity;
  confirms: Confirms | undefined = undefined;
  transaction: ChannelTransaction | undefined = undefined;
  /** The queue that an empty name means. */
  lastQueue = '';
  readonly replies = new ReplyConsumer(this);
  /** `open` until one side closes; `closing` while `channel.close-ok` is due. */
  state: 'open' | 'closing' | 'closed' = 'open';
  /** Class and method that are being handled, for an error's reply. */
  methodId = 0;
  /** Frames that wait until `basic.get` is answered; undefined where none has to wait. */
  backlog: Backlog | undefined = undefined;
  readonly getter = new Getter(this);
  readonly #publisher: Publisher;
  /** Undefined while nothing was unsettled at the last look. */
  #ages: DeliveryAges | undefined = undefined;
  /** Consumers that are cancelled but not told yet; undefined where they are told at once. */
  #untold: string[] | undefined = undefined;
  /** The connection has ended: nothing more is said here. */
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

  /** A method frame. What is frequent is recognised from its bytes. */
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
    // What was published before this goes to the consumers of that time, and first.
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

  /** Sends a method after everything that was to be said before it. */
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
   * Settles a delivery, or all up to it; in a transaction only once that commits.
   *
   * @throws {AmqpError} 'precondition-failed' where the delivery tag is unknown
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

  /** Everything unsettled goes back to its queues, but for what a transaction is to settle. */
  recover(): void {
    if (this.transaction === undefined) {
      if (this.tags.isMuch(0, true)) this.host.gate.finishFirst(this.#settleInSteps(0, 'modified'));
      else this.tags.settleAll('modified');
    } else this.host.gate.finishFirst(this.transaction.recover());
  }

  /** Ends the channel where its oldest delivery has waited too long to be settled. */
  checkAges(nowMs: number): void {
    const oldest = this.state === 'open' ? this.tags.oldest() : undefined;
    if (oldest === undefined || this.transaction?.settles(oldest.tag) === true) {
      this.#ages = undefined;
      return;
    }
    this.#ages ??= new DeliveryAges();
    const { settings } = oldest.subscription.queue;
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

  /** Everything since the last commit happens, and `tx.commit-ok` follows once it is durable. */
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

  /** The queue of a consumer is gone. */
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

  /** Does something; consumers that it cancels are told of that after it. */
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

  /** The transport or the peer takes deliveries again. */
  wake(): void {
    this.answers.sayDurable(this.broker.durableGroup);
    if (this.backlog !== undefined) this.host.goOnLater(this);
    for (const consumer of this.consumers.values()) consumer.subscription?.wake();
  }

  /** Ends the channel from this side: the peer is told why and must answer. */
  fail(error: AmqpError): void {
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
   * Ends the channel and gives everything back: consumers end, what is unsettled returns to its queues.
   *
   * @param done called once that is done
   */
  release(done?: () => void): void {
    this.#stop();
    this.broker.background.run(this.giveBack(), done);
  }

  /** The connection ends: nothing more is said here. What it has is for {@link giveBack}. */
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
   * Returns what is unsettled and ends consumers, some of it a step. Consumers take nothing any more, but
   * are there until all is returned: a single active one's successor would else get later messages first.
   */
  *giveBack(): Generator<void> {
    try {
      yield* this.tags.giveBack();
    } finally {
      for (const consumer of this.consumers.values()) {
        consumer.subscription?.stop();
        yield;
      }
      this.consumers.clear();
    }
  }

  /** The same; a bug with one channel does not keep what the others hold. */
  *giveBackAnyway(report: (bug: unknown) => void): Generator<void> {
    try {
      yield* this.giveBack();
    } catch (thrown) {
      report(thrown);
    }
  }
}
