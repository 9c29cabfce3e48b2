// Messages that clients send.

import type { Usage } from '../../../broker/activemq/limits/usage.ts';
import type { Terms } from '../../../broker/activemq/policies/message-terms.ts';
import type { SendOptions, SendTarget } from '../../../broker/activemq/send-target.ts';
import {
  forEachListed,
  listedAtOnceMax,
  sendToListed,
} from '../../../broker/activemq/sending/listed-destinations.ts';
import type { Route } from '../../../broker/exchanges/route-cache.ts';
import { noExtraKeys } from '../../../broker/exchanges/sender-keys.ts';
import { formatNumbers } from '../../../broker/format.ts';
import { Publication } from '../../../broker/publication.ts';
import type { Published } from '../../../broker/publishing/publishing.ts';
import { expiryMsMax } from '../../../broker/queue-options.ts';
import { addressesOf } from '../address.ts';
import type { Destination, Message, ProducerId } from '../codec/commands.gen.ts';
import { producerAck } from '../codec/commands.gen.ts';
import { type ReceivedMessage, shortTextMax } from '../codec/received-message.ts';
import { noTimeToLive, unset } from '../codec/stored-message.ts';
import { readProperties } from '../conversion/properties.ts';
import { OpenWireError, toOpenWireError, withClass } from '../errors.ts';
import type { OpenWireHost, Requested } from '../host.ts';
import { idText } from '../ids.ts';
import { headBytesMax } from '../limits.ts';
import type { OpenTransaction } from '../transactions/open-transaction.ts';
import type { Producer } from './producers.ts';

/** Maximum number of destinations whose routes a connection caches. */
const targetCountMax = 256;
/** The size that a message counts for flow control in addition to its content and properties. */
const messageBytes = 1024;
/** Maximum size of what a frame has besides the content and what is stored, in bytes. */
const otherBytesMax = 256 * 1024;
/** The beginning of the names of properties that schedule a message. */
const scheduledPrefix = Buffer.from('AMQ_SCHEDULED_');

/** What the producer of a message waits for. */
interface Awaited extends Requested {
  readonly producerId: ProducerId | undefined;
  /** The size of the message in the window of the producer, in bytes. */
  readonly size: number;
}

/** Receives the messages of a connection. */
export class Sender {
  readonly #host: OpenWireHost;
  readonly #publication = new Publication();
  readonly #targets = new Map<string, readonly SendTarget[]>();
  /** The destination of the previous message, by the object that the cache returns. */
  #lastDestination: Destination | undefined = undefined;
  #lastTargets: readonly SendTarget[] = [];
  #isLastOne = false;
  readonly #options: SendOptions = { timing: undefined, hasGroup: false };
  /** Messages for so many queues that their storing takes several turns. */
  #unfinished: Published[] = [];
  /** The limit that the current message has reached, so that its producer must wait. */
  #reached: Usage | undefined = undefined;
  /** The sender, for consumers with noLocal. */
  #origins: readonly unknown[] = [];
  #isFirst = true;

  constructor(host: OpenWireHost) {
    this.#host = host;
  }

  /**
   * Handles the frame of a message.
   *
   * @throws {OpenWireError | BytesError} if the frame is invalid. Other errors are answered
   */
  receive(bytes: Buffer, start: number, end: number): void {
    const { codec } = this.#host;
    let message = codec.receive(bytes, start, end);
    // Several destinations, and the id of the user, change the fields of the head.
    if (message.structure === undefined && !this.#isPlain(message.destination)) {
      message = codec.receiveStructure(bytes, start, end);
    }
    const { commandId, responseRequired } = message;
    try {
      this.#send(message, end - start);
    } catch (thrown) {
      this.#host.refuse({ commandId, responseRequired }, thrown);
    } finally {
      this.#publication.clearBody();
      message.release();
    }
  }

  #isPlain(destination: Destination | undefined): boolean {
    if (this.#host.dialect.configuration.populatesUserId) return false;
    if (destination !== undefined && destination === this.#lastDestination) return this.#isLastOne;
    return destination?.physicalName?.includes(',') !== true;
  }

  /**
   * The message must not be used after it was published, because other messages may follow.
   *
   * @param frameBytes the size of its frame, in bytes
   */
  #send(message: ReceivedMessage, frameBytes: number): void {
    const { transactionId, producerId } = message;
    const { transactions, producers } = this.#host;
    const transaction = transactionId && transactions.require(transactionId);
    this.#reached = undefined;
    this.#start();
    try {
      // A frame can have a hundred MiB of properties, which must not be encoded.
      const contentBytes = message.contentAt < 0 ? 0 : message.contentEnd - message.contentAt;
      requireSmallProperties(frameBytes - contentBytes - otherBytesMax);
      const producer = producerId && producers.find(producerId);
      if (transaction === undefined && this.#isRepeated(message, producer)) {
        this.#host.respond(message, this.#host.broker.store.definedGroup);
        return;
      }
      const targets = this.#targetsOf(message.destination);
      this.#prepare(message, targets);
      if (targets.length > listedAtOnceMax)
        this.#sendInSteps(message, targets, producer, transaction);
      else if (transaction === undefined) this.#publish(message, targets, producer);
      else {
        const awaited = awaitedOf(message, producer);
        for (const target of targets) {
          this.#enlist(transaction, target, this.#publication, producer, this.#options);
        }
        this.#answer(awaited, 0);
      }
    } catch (thrown) {
      // Later commands of the transaction may depend on this one.
      if (transaction !== undefined) transaction.broken ??= toOpenWireError(thrown).message;
      throw thrown;
    }
  }

  /** Discards the buffers of the last message. */
  end(): void {
    this.#publication.release();
  }

  #start(): void {
    if (!this.#isFirst) return;
    this.#isFirst = false;
    this.#origins = [this.#host, this.#host.clientId];
    this.#host.startedPublishing();
  }

  /** Whether a client that has connected again repeats a message that was stored before. */
  #isRepeated(message: ReceivedMessage, producer: Producer | undefined): boolean {
    const { info, broker } = this.#host;
    if (!info.failoverReconnect || producer === undefined || !message.isPersistent) return false;
    return broker.producers.isRepeated(producer, Number(message.sequence));
  }

  #targetsOf(destination: Destination | undefined): readonly SendTarget[] {
    if (destination !== undefined && destination === this.#lastDestination) {
      return this.#lastTargets;
    }
    const key = `${destination?.type}:${destination?.physicalName}`;
    let found = this.#targets.get(key);
    if (found === undefined) {
      const { dialect } = this.#host;
      const addresses = addressesOf(destination);
      found = addresses.map((address) => dialect.sendTarget(address, addresses));
      if (this.#targets.size >= targetCountMax) this.#targets.clear();
      this.#targets.set(key, found);
    }
    this.#lastDestination = destination;
    this.#lastTargets = found;
    this.#isLastOne = found.length === 1;
    return found;
  }

  /** Sets all properties of the publication except its address, and the properties of the head. */
  #prepare(message: ReceivedMessage, targets: readonly SendTarget[]): void {
    const { broker, dialect, access } = this.#host;
    const nowMs = broker.nowMs();
    const { structure } = message;
    if (structure !== undefined) {
      requireShortTexts(structure);
      if (dialect.configuration.populatesUserId) structure.userId = access.user;
    }
    const [first] = targets;
    let ttlMs =
      message.expiration > 0 ? Math.max(0, Number(message.expiration) - nowMs) : noTimeToLive;
    let createdAtMs = Number(message.timestamp);
    if (first !== undefined && !dialect.terms.areUnchanged) {
      const sent: Terms = { isPersistent: message.isPersistent, ttlMs, createdAtMs };
      const terms = dialect.terms.adjusted(sent, first.address, nowMs);
      message.isPersistent = terms.isPersistent;
      ttlMs = terms.ttlMs;
      createdAtMs = terms.createdAtMs;
    }
    const expirationMs = ttlMs > expiryMsMax ? noTimeToLive : Math.round(ttlMs);
    message.priority = Math.max(0, Math.min(9, message.priority));
    const original = targets.length > 1 ? message.destination : undefined;
    message.finish(expirationMs, createdAtMs > 0 ? Math.round(createdAtMs) : unset, original);
    requireSmallProperties(message.headEnd);
    this.#options.hasGroup = message.hasGroup;
    this.#options.timing = this.#timingOf(message.properties);
    this.#fill(message, expirationMs);
  }

  #fill(message: ReceivedMessage, expirationMs: number): void {
    const publication = this.#publication;
    publication.head = message.head;
    publication.headStart = 0;
    publication.headEnd = message.headEnd;
    publication.format = formatNumbers.openwire;
    publication.isPersistent = message.isPersistent;
    publication.priority = message.priority;
    publication.expirationMs = expirationMs;
    publication.extraRoutingKeys = noExtraKeys;
    if (message.contentAt < 0) return;
    const { structure, contentAt, contentEnd } = message;
    publication.addPart(structure?.content ?? message.bytes, contentAt, contentEnd);
  }

  /** When the message is delivered, if its properties schedule it. */
  #timingOf(properties: Buffer | undefined): SendOptions['timing'] {
    if (properties?.includes(scheduledPrefix) !== true) return undefined;
    const named = new Map(readProperties(properties));
    return this.#host.dialect.timingOf((name) => {
      const value = named.get(name)?.value;
      const isPlain = typeof value === 'string' || typeof value === 'number';
      return isPlain || typeof value === 'bigint' ? value : undefined;
    });
  }

  #enlist(
    transaction: OpenTransaction,
    target: SendTarget,
    publication: Publication,
    producer: Producer | undefined,
    options: SendOptions,
  ): void {
    const { dialect, transactions, gate } = this.#host;
    const route = this.#route(target, publication, options);
    gate.count(dialect.routeUnits);
    transactions.requireRoom(publication.sizeBytes);
    transaction.publish(publication, route);
    const reached = dialect.sends.enlisted(target, publication, route, producer?.info);
    if (reached !== undefined) this.#reached = reached;
  }

  /** Sends a message to a long list of destinations, whose connection waits for it. */
  #sendInSteps(
    message: ReceivedMessage,
    targets: readonly SendTarget[],
    producer: Producer | undefined,
    transaction: OpenTransaction | undefined,
  ): void {
    const host = this.#host;
    const { commandId, responseRequired } = message;
    const awaited = awaitedOf(message, producer);
    const sequence = transaction === undefined ? this.#notedSequence(message, producer) : -1;
    const publication = this.#publication.copy();
    const options = { ...this.#options };
    const route = (target: SendTarget) => this.#route(target, publication, options);
    const store = (target: SendTarget, found: Route) =>
      this.#storeIn(target, publication, found, producer);
    const enlist = (target: SendTarget) => {
      if (transaction !== undefined)
        this.#enlist(transaction, target, publication, producer, options);
      return undefined;
    };
    const { broker, dialect } = host;
    const answer = (group: number) => this.#answer(awaited, group);
    function* steps(): Generator<void> {
      try {
        let group = 0;
        if (transaction === undefined) group = yield* sendToListed(dialect, targets, route, store);
        else yield* forEachListed(dialect, targets, enlist);
        if (producer !== undefined && sequence >= 0) {
          broker.producers.stored(producer, sequence);
          group = Math.max(group, broker.store.definedGroup);
        }
        answer(group);
      } catch (thrown) {
        if (transaction !== undefined) transaction.broken ??= toOpenWireError(thrown).message;
        host.refuse({ commandId, responseRequired }, thrown);
      }
    }
    host.gate.finishFirst(steps());
  }

  /**
   * Answers a message, or returns room in the window of its producer. If a limit is reached, a producer
   * that waits for either gets it late; for any other one, nothing more is read.
   */
  #answer(awaited: Awaited | undefined, group: number): void {
    const reached = this.#reached;
    if (reached === undefined) {
      if (awaited !== undefined) this.#say(awaited, group);
      return;
    }
    this.#reached = undefined;
    const { pause } = this.#host;
    if (awaited === undefined) pause.wait(reached);
    else {
      pause.answerLater(reached, () => {
        this.#say(awaited, group);
        this.#host.requestFlush();
      });
    }
  }

  #say(awaited: Awaited, group: number): void {
    const { responseRequired, producerId, size } = awaited;
    if (responseRequired) this.#host.respond(awaited, group);
    else this.#host.send(producerAck({ producerId, size }));
  }

  #route(target: SendTarget, publication = this.#publication, options = this.#options): Route {
    const { dialect, access } = this.#host;
    try {
      return dialect.route(target, publication, access, this.#origins, options);
    } catch (thrown) {
      // A temporary destination that does not exist has an error of its own.
      const { code } = thrown as { code?: unknown };
      throw code === 'not-found' ? withClass(thrown, 'missing') : thrown;
    }
  }

  #publish(
    message: ReceivedMessage,
    targets: readonly SendTarget[],
    producer: Producer | undefined,
  ): void {
    const { broker, gate } = this.#host;
    // If one of several destinations is refused, the message must not be sent to the others.
    if (targets.length > 1) {
      for (const target of targets) if (!target.isService) this.#route(target);
    }
    const awaited = awaitedOf(message, producer);
    const sequence = this.#notedSequence(message, producer);
    let group = 0;
    if (producer === undefined || sequence < 0) group = this.#store(targets, producer);
    else {
      // The message and its number are recovered together.
      broker.store.begin();
      try {
        group = this.#store(targets, producer);
        broker.producers.stored(producer, sequence);
      } finally {
        broker.store.end();
      }
      group = Math.max(group, broker.store.definedGroup);
    }
    const unfinished = this.#unfinished;
    if (unfinished.length === 0) {
      this.#answer(awaited, group);
      return;
    }
    this.#unfinished = [];
    gate.finishFirst(finish(unfinished), () => {
      const groups = unfinished.map((published) => published.group);
      this.#answer(awaited, Math.max(group, ...groups));
    });
  }

  /** Stores the message in all destinations, and returns the group whose sync confirms it. */
  #store(targets: readonly SendTarget[], producer: Producer | undefined): number {
    const { dialect, gate } = this.#host;
    let group = 0;
    for (const target of targets) {
      const route = this.#route(target);
      gate.count(dialect.routeUnits);
      const published = this.#storeIn(target, this.#publication, route, producer);
      if (published.rest !== undefined) this.#unfinished.push(published);
      else group = Math.max(group, published.group);
    }
    return group;
  }

  #storeIn(
    target: SendTarget,
    publication: Publication,
    route: Route,
    producer: Producer | undefined,
  ): Published {
    const { broker, dialect } = this.#host;
    const published = broker.publish(dialect.vhost, publication, route);
    const reached = dialect.sends.stored(target, publication, route, producer?.info);
    if (reached !== undefined) this.#reached = reached;
    return published;
  }

  /**
   * The number of a message that the client sends again if it is not confirmed; -1 for other
   * messages.
   */
  #notedSequence(message: ReceivedMessage, producer: Producer | undefined): number {
    const { faultTolerant, failoverReconnect } = this.#host.info;
    if (producer === undefined || !(faultTolerant || failoverReconnect)) return -1;
    if (!message.isPersistent || !message.responseRequired) return -1;
    const sequence = Number(message.sequence);
    return Number.isSafeInteger(sequence) ? sequence : -1;
  }
}

/**
 * What the producer of a message waits for: a response, or room in its window. Undefined if it waits for
 * neither. The message itself must not be used after it was published.
 */
function awaitedOf(message: ReceivedMessage, producer: Producer | undefined): Awaited | undefined {
  const { commandId, responseRequired, producerId } = message;
  const hasWindow = producer !== undefined && producer.info.windowSize > 0;
  if (!responseRequired && !hasWindow) return undefined;
  const size = messageBytes + (message.content?.length ?? 0) + (message.properties?.length ?? 0);
  return { commandId, responseRequired, producerId, size };
}

function* finish(unfinished: readonly Published[]): Generator<void> {
  for (const { rest } of unfinished) yield* rest ?? [];
}

/** @throws {OpenWireError} `invalid` */
function requireSmallProperties(sizeBytes: number): void {
  if (sizeBytes <= headBytesMax) return;
  const found = `The properties of a message have ${sizeBytes} bytes`;
  const why = `${found}; at most ${headBytesMax} are allowed`;
  throw new OpenWireError('invalid', why, 'allocation');
}

/** Requires the texts of a message to fit into both encodings. */
function requireShortTexts(message: Message): void {
  const { correlationId, jmsType, groupId, userId, messageId, producerId } = message;
  const texts = [correlationId, jmsType, groupId, userId, messageId?.textView];
  texts.push(producerId && idText(producerId), message.replyTo?.physicalName);
  for (const text of texts) {
    if (text === undefined || text.length <= shortTextMax) continue;
    const found = `A header of a message has ${text.length} characters`;
    throw new OpenWireError('invalid', `${found}; at most ${shortTextMax} are allowed`, 'jms');
  }
}
