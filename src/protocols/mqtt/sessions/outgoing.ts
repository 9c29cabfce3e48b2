// Messages to a client.

import { converted } from '../../../broker/conversion/converted.ts';
import { formatNumbers } from '../../../broker/format.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Deliverer, Delivery, Outcome } from '../../../broker/subscription.ts';
import { HeadView } from '../codec/head.ts';
import { pubrelFirst } from '../codec/packets.ts';
import type { VhostDialect } from '../dialect.ts';
import { MqttError, reasons } from '../errors.ts';
import type { MqttHost } from '../host.ts';
import { propertyBytesMax } from '../limits.ts';
import { Flights } from './flights.ts';
import { PublishWriter } from './publish-writer.ts';
import { SessionSource, type SourceKind, type SourceTaker } from './session-source.ts';
import type { SubscriptionSet, TopicMatch } from './subscription-set.ts';

const noIds: readonly number[] = [];

/**
 * Sends the messages of a session to its client: PUBLISH packets, and the acknowledgements of those with
 * quality of service 1 and 2.
 */
export class Outgoing implements Deliverer, SourceTaker {
  isDirty = false;
  readonly #host: MqttHost;
  readonly #dialect: VhostDialect;
  readonly #sources = new Set<SessionSource>();
  /** The source of the messages in the session's own queue. */
  #kept: SessionSource | undefined = undefined;
  /** Former sources with messages in flight. */
  readonly #detached = new Set<SessionSource>();
  readonly #flights = new Flights();
  readonly #head = new HeadView();
  readonly #writer = new PublishWriter();
  readonly #aliases = new Map<string, number>();
  /** Deliveries that are settled after the dispatch round. */
  readonly #doneSources: SessionSource[] = [];
  readonly #doneNumbers: number[] = [];
  readonly #doneOutcomes: Outcome[] = [];
  /** The id that the next message would have, while another message has it; -1 for none. */
  #blockedId = -1;
  #isOver = false;
  /** Called when messages have left the queues; undefined if nothing waits for that. */
  onProgress: (() => void) | undefined = undefined;

  constructor(host: MqttHost) {
    this.#host = host;
    this.#dialect = host.dialect;
    this.#writer.version = host.version;
  }

  /** Number of messages that the client has not acknowledged completely. */
  get inFlightCount(): number {
    return this.#flights.count + this.#host.session.released.size;
  }

  /** Starts to consume from a queue. */
  attach(queue: Queue, kind: SourceKind, set: SubscriptionSet): SessionSource {
    const source = new SessionSource(this, queue, kind, set);
    source.open(this.#host.session);
    this.#sources.add(source);
    if (kind === 'kept') this.#kept = source;
    return source;
  }

  lost({ queue }: SessionSource): void {
    if (this.#isOver || !this.#dialect.queues.areSessions) return;
    const why = `queue '${queue.name}' of the session was deleted`;
    this.#host.failed(new MqttError('closing', 'administrativeAction', why));
  }

  /** Stops to consume from a queue. Messages in flight can still be acknowledged. */
  detach(source: SessionSource): void {
    this.#sources.delete(source);
    source.subscription.stop();
    if (source.subscription.unsettledCount > 0) this.#detached.add(source);
  }

  /** Sends again what the client has received but not completed. [MQTT-4.4.0-1] */
  resume(): void {
    for (const id of this.#host.session.released) {
      this.#host.answers.acknowledge(pubrelFirst, id, 0, 0);
    }
  }

  isWritableFor({ kind }: SessionSource): boolean {
    if (this.#isOver || !this.#host.takesDeliveries) return false;
    if (kind === 'live') return true;
    return this.#blockedId < 0 && this.inFlightCount < this.#host.inFlightMax;
  }

  take(source: SessionSource, delivery: Delivery): void {
    try {
      this.#send(source, delivery);
      if (this.onProgress !== undefined) this.#host.broker.turns.markDirty(this);
    } catch (thrown) {
      this.#host.deliveryFailed(thrown);
    }
  }

  prepare(delivery: Delivery): Promise<void> | undefined {
    if (delivery.format === formatNumbers.mqtt) return undefined;
    const { conversions } = this.#host.broker;
    return conversions.prepare(delivery, this.#dialect.format, propertyBytesMax);
  }

  #send(source: SessionSource, delivery: Delivery): void {
    const own = this.#asOwn(delivery);
    const head = this.#head.open(own.buffer, own.headAt, own.headAt + own.headLength);
    const match = this.#matchOf(source, own, head);
    if (!match.isTopicName) {
      // The client would disconnect, and find the message again when it returns. [MQTT-4.7.3-1] A rejected
      // message could be a dead letter in this queue, again and again.
      this.#settle(source, delivery.deliveryNumber, 'accepted');
      return;
    }
    const granted = isUnfinished(source, own, match) ? head.qos || -1 : match.qos;
    const qosMax = head.isCopy ? Math.min(head.copyQos, granted) : granted;
    const isOther = source.kind === 'live' && qosMax > 0; // it is in the other queue, too
    const qos = isOther ? -1 : Math.min(qosMax, head.qos);
    if (qos < 0) {
      this.#settle(source, delivery.deliveryNumber, 'accepted');
      return;
    }
    const id = qos === 0 ? 0 : this.#packetId(source);
    if (id < 0) {
      this.#settle(source, delivery.deliveryNumber, 'released');
      return;
    }
    this.#write(source, own, match, qos, id);
  }

  /** Converts a message of another protocol to MQTT. */
  #asOwn(delivery: Delivery): Delivery {
    if (delivery.format === formatNumbers.mqtt) return delivery;
    const format = this.#host.broker.formatOf(delivery.format);
    return converted(delivery, format, this.#dialect.format, propertyBytesMax);
  }

  #matchOf({ set }: SessionSource, delivery: Delivery, head: HeadView): TopicMatch {
    const { broker } = this.#host;
    const dialect = this.#dialect;
    const match = set.matchOf(delivery, dialect);
    const isOwn = match.hasNoLocal && !head.isCopy && head.origin === this.#host.clientId;
    const found = isOwn ? set.matchWithout(dialect.nameOf(delivery), true, dialect) : match;
    // The deliveries of this turn end when its units are spent.
    broker.turns.unitsLeft -= set.matchUnits + (found.ids.length >>> 4);
    return found;
  }

  /** Returns the packet id of a message; -1 if it must wait. */
  #packetId(source: SessionSource): number {
    if (source.kind === 'shared') {
      const free = this.#flights.freeId((id) => this.#isTaken(id));
      return free === 0 ? -1 : free;
    }
    const id = this.#flights.idOf(source.subscription.heldSequence);
    if (!this.#isTaken(id)) return id;
    // The message with this id is 65535 messages old, or of a shared subscription.
    this.#blockedId = id;
    return -1;
  }

  #isTaken(id: number): boolean {
    return this.#flights.has(id) || this.#host.session.released.has(id);
  }

  #write(
    source: SessionSource,
    delivery: Delivery,
    match: TopicMatch,
    qos: number,
    id: number,
  ): void {
    const { broker, version, packetBytesMax, outbox, answers } = this.#host;
    const head = this.#head;
    const writer = this.#writer;
    writer.match = match;
    writer.qos = qos;
    writer.packetId = id;
    writer.isDuplicate = qos > 0 && delivery.redelivered; // [MQTT-3.3.1-2]
    // [MQTT-3.3.1-8] [MQTT-3.3.1-12] [MQTT-3.3.1-13]
    writer.isRetained = head.isCopy || (match.isRetainAsPublished && head.isRetained);
    writer.ids = head.isCopy ? copyIds(head.copyId) : match.ids;
    const leftMs = delivery.expiresAtMs - broker.nowMs();
    writer.expirySeconds = leftMs === Infinity ? -1 : Math.max(0, Math.ceil(leftMs / 1000));
    if (version === 5) this.#setAlias(match.topic);
    writer.measure(delivery, head);
    if (writer.sizeBytes > packetBytesMax) {
      // [MQTT-3.1.2-24] [MQTT-3.1.2-25]
      this.#settle(source, delivery.deliveryNumber, 'accepted');
      return;
    }
    if (writer.alias > 0) this.#aliases.set(match.topic, writer.alias);
    const { log } = broker.store;
    // The id of a message that is lost in a crash could otherwise be that of another message.
    if (qos === 2 && source.queue.index.isDurable && log.pendingBytes > 0) {
      log.sync();
      answers.say(log.appendedGroup, writer.encode(delivery, head));
    } else writer.writeTo(outbox, delivery, head);
    const { deliveryNumber } = delivery;
    if (qos === 0) this.#settle(source, deliveryNumber, 'accepted');
    else if (source.kind === 'kept') this.#flights.addOwn(id, deliveryNumber, qos);
    else this.#flights.addShared(id, { source, number: deliveryNumber, qos });
  }

  /** Assigns an alias to the first topics of the connection. [MQTT-3.1.2-26] */
  #setAlias(topic: string): void {
    const writer = this.#writer;
    const known = this.#aliases.get(topic);
    writer.isAliasKnown = known !== undefined;
    const next = this.#aliases.size + 1;
    const isFree = next <= this.#host.aliasMax;
    writer.alias = known ?? (isFree ? next : 0);
  }

  /** Settles a delivery after this dispatch round. Those of live queues are settled when sent. */
  #settle(source: SessionSource, number: number, outcome: Outcome): void {
    if (source.kind === 'live') return;
    this.#doneSources.push(source);
    this.#doneNumbers.push(number);
    this.#doneOutcomes.push(outcome);
    this.#host.broker.turns.markDirty(this);
  }

  /** Runs after a dispatch round: settles messages that need no acknowledgement. */
  deliver(): void {
    const { length } = this.#doneSources;
    for (let at = 0; at < length; at++) {
      const number = this.#doneNumbers[at] ?? 0;
      const outcome = this.#doneOutcomes[at] ?? 'accepted';
      this.#doneSources[at]?.subscription.settle(number, number, outcome);
    }
    this.#doneSources.splice(0, length);
    this.#doneNumbers.splice(0, length);
    this.#doneOutcomes.splice(0, length);
    this.onProgress?.();
  }

  /** Handles PUBACK. */
  acknowledged(id: number): void {
    if (this.#flights.qosOf(id) !== 1) return;
    this.#take(id);
    this.#freed(id);
  }

  /** Handles PUBREC: the message is never sent again, and PUBREL is sent until PUBCOMP. */
  received(id: number, isRefused: boolean): void {
    const { session, answers, broker, version } = this.#host;
    if (this.#flights.qosOf(id) !== 2) {
      const isKnown = session.released.has(id);
      const reason = isKnown || version !== 5 ? 0 : reasons.packetIdNotFound;
      answers.acknowledge(pubrelFirst, id, reason, 0);
      return;
    }
    if (isRefused) {
      this.#take(id);
      this.#freed(id);
      return;
    }
    const { store } = broker;
    store.begin();
    try {
      this.#take(id);
      session.addReleased(id);
    } finally {
      store.end();
    }
    answers.acknowledge(pubrelFirst, id, 0, session.isStored ? store.definedGroup : 0);
  }

  /** Handles PUBCOMP. */
  completed(id: number): void {
    if (this.#host.session.removeReleased(id)) this.#freed(id);
  }

  #take(id: number): void {
    const own = this.#flights.takeOwn(id);
    if (own >= 0) {
      this.#kept?.subscription.settle(own, own, 'accepted');
      return;
    }
    const shared = this.#flights.takeShared(id);
    shared?.source.subscription.settle(shared.number, shared.number, 'accepted');
  }

  #freed(id: number): void {
    const wasFull = this.inFlightCount + 1 >= this.#host.inFlightMax;
    const wasBlocked = this.#blockedId === id;
    if (wasBlocked) this.#blockedId = -1;
    if (wasFull || wasBlocked) this.wake();
  }

  /** Deliveries are possible again. */
  wake(): void {
    for (const source of this.#sources) source.wake();
    this.#host.broker.turns.markDirty(this);
  }

  /** Stops deliveries. */
  stop(): void {
    this.#isOver = true;
  }

  /** Requeues everything that the client has not acknowledged, in steps. */
  *release(): Generator<void> {
    this.#isOver = true;
    this.onProgress = undefined;
    this.deliver();
    for (const source of [...this.#detached, ...this.#sources]) yield* source.release();
    this.#sources.clear();
    this.#detached.clear();
  }
}

function copyIds(id: number): readonly number[] {
  return id === 0 ? noIds : [id];
}

/** Whether the subscription of a message ended after the message was sent. [MQTT-3.10.4-3] */
function isUnfinished(source: SessionSource, delivery: Delivery, match: TopicMatch): boolean {
  return source.kind === 'kept' && delivery.redelivered && !match.isMatched;
}
