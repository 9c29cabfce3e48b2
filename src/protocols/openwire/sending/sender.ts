// Messages that clients send.

import type { SendTarget } from '../../../broker/activemq/send-target.ts';
import { noExtraKeys } from '../../../broker/exchanges/sender-keys.ts';
import { formatNumbers } from '../../../broker/format.ts';
import { Publication } from '../../../broker/publication.ts';
import type { Published } from '../../../broker/publishing/publishing.ts';
import { expiryMsMax } from '../../../broker/queue-options.ts';
import { addressesOf } from '../address.ts';
import type { Destination, Message } from '../codec/commands.gen.ts';
import { producerAck } from '../codec/commands.gen.ts';
import { noTimeToLive, unset, writeHead } from '../codec/stored-message.ts';
import { stringBytesMax } from '../codec/wire-writer.ts';
import { OpenWireError, toOpenWireError, withClass } from '../errors.ts';
import type { OpenWireHost } from '../host.ts';
import { idText } from '../ids.ts';
import { headBytesMax } from '../limits.ts';
import type { OpenTransaction } from '../transactions/open-transaction.ts';
import type { Producer } from './producers.ts';

/** Maximum number of destinations whose routes a connection caches. */
const targetCountMax = 256;
/** The size that a message counts for flow control in addition to its content and properties. */
const messageBytes = 1024;
/** Text up to this length fits on the wire, whatever its characters. */
const surelyShort = Math.floor(stringBytesMax / 3);

/** Receives the messages of a connection. */
export class Sender {
  readonly #host: OpenWireHost;
  readonly #publication = new Publication();
  readonly #targets = new Map<string, readonly SendTarget[]>();
  /** The destination of the previous message, by the object that the cache returns. */
  #lastDestination: Destination | undefined = undefined;
  #lastTargets: readonly SendTarget[] = [];
  /** The sender, for consumers with noLocal. */
  #origins: readonly unknown[] = [];
  #isFirst = true;

  constructor(host: OpenWireHost) {
    this.#host = host;
  }

  /** Handles a message. */
  send(message: Message): void {
    const { transactionId } = message;
    const { transactions } = this.#host;
    const transaction = transactionId && transactions.require(transactionId);
    this.#start();
    try {
      const producer = message.producerId && this.#host.producers.find(message.producerId);
      if (transaction === undefined && this.#isRepeated(message, producer)) {
        this.#host.respond(message, this.#host.broker.store.definedGroup);
        return;
      }
      const targets = this.#targetsOf(message.destination);
      this.#prepare(message, targets);
      if (transaction === undefined) this.#publish(message, targets, producer);
      else this.#enlist(message, transaction, targets);
      this.#acknowledge(message, producer);
    } catch (thrown) {
      // Later commands of the transaction may depend on this one.
      if (transaction !== undefined) transaction.broken ??= toOpenWireError(thrown).message;
      throw thrown;
    } finally {
      this.#publication.clearBody();
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
  #isRepeated(message: Message, producer: Producer | undefined): boolean {
    const { info, broker } = this.#host;
    if (!info.failoverReconnect || producer === undefined || !message.persistent) return false;
    const sequence = Number(message.messageId?.producerSequenceId ?? -1);
    return broker.producers.isRepeated(producer.key, sequence);
  }

  #targetsOf(destination: Destination | undefined): readonly SendTarget[] {
    if (destination !== undefined && destination === this.#lastDestination) {
      return this.#lastTargets;
    }
    const key = `${destination?.type}:${destination?.physicalName}`;
    let found = this.#targets.get(key);
    if (found === undefined) {
      const { dialect } = this.#host;
      found = addressesOf(destination).map((address) => dialect.sendTarget(address));
      if (this.#targets.size >= targetCountMax) this.#targets.clear();
      this.#targets.set(key, found);
    }
    this.#lastDestination = destination;
    this.#lastTargets = found;
    return found;
  }

  /** Sets all properties of the publication except its address. */
  #prepare(message: Message, targets: readonly SendTarget[]): void {
    const nowMs = this.#host.broker.nowMs();
    const { expiration, content, timestamp } = message;
    requireShortTexts(message);
    const ttlMs = expiration > 0 ? Math.max(0, Number(expiration) - nowMs) : noTimeToLive;
    const expirationMs = ttlMs > expiryMsMax ? noTimeToLive : Math.round(ttlMs);
    const priority = Math.max(0, Math.min(9, message.priority));
    message.originalDestination = targets.length > 1 ? message.destination : undefined;
    message.expiration = expirationMs;
    message.priority = priority;
    if (timestamp === 0) message.timestamp = unset;
    const head = writeHead(message);
    if (head.length > headBytesMax) {
      const found = `The properties of a message have ${head.length} bytes`;
      const why = `${found}; at most ${headBytesMax} are allowed`;
      throw new OpenWireError('invalid', why, 'allocation');
    }
    const publication = this.#publication;
    publication.head = head;
    publication.headStart = 0;
    publication.headEnd = head.length;
    publication.format = formatNumbers.openwire;
    publication.isPersistent = message.persistent;
    publication.priority = priority;
    publication.expirationMs = expirationMs;
    publication.extraRoutingKeys = noExtraKeys;
    if (content !== undefined) publication.addPart(content, 0, content.length);
  }

  #enlist(message: Message, transaction: OpenTransaction, targets: readonly SendTarget[]): void {
    const { dialect, access, transactions, gate } = this.#host;
    const publication = this.#publication;
    for (const target of targets) {
      const route = this.#route(() => dialect.route(target, publication, access, this.#origins));
      gate.count(dialect.routeUnits);
      transactions.requireRoom(publication.sizeBytes);
      transaction.publish(publication, route);
    }
    this.#host.respond(message, 0);
  }

  /** A temporary destination that does not exist has an error of its own. */
  #route<T>(route: () => T): T {
    try {
      return route();
    } catch (thrown) {
      const { code } = thrown as { code?: unknown };
      throw code === 'not-found' ? withClass(thrown, 'missing') : thrown;
    }
  }

  #publish(message: Message, targets: readonly SendTarget[], producer: Producer | undefined): void {
    const { dialect, access, gate } = this.#host;
    const publication = this.#publication;
    // If one of several destinations is refused, the message must not be sent to the others.
    if (targets.length > 1) {
      for (const target of targets) {
        this.#route(() => dialect.route(target, publication, access, this.#origins));
      }
    }
    const unfinished: Published[] = [];
    const group = this.#inBatch(message, producer, () => {
      let last = 0;
      for (const target of targets) {
        const route = this.#route(() => dialect.route(target, publication, access, this.#origins));
        gate.count(dialect.routeUnits);
        const published = this.#host.broker.publish(dialect.vhost, publication, route);
        if (published.rest !== undefined) unfinished.push(published);
        else last = Math.max(last, published.group);
      }
      return last;
    });
    if (unfinished.length === 0) this.#host.respond(message, group);
    else {
      gate.finishFirst(finish(unfinished), () => {
        const groups = unfinished.map((published) => published.group);
        this.#host.respond(message, Math.max(group, ...groups));
      });
    }
  }

  /**
   * Stores a message together with its number, if the client sends messages again that were not
   * confirmed.
   */
  #inBatch(message: Message, producer: Producer | undefined, publish: () => number): number {
    const { info, broker } = this.#host;
    const isResent = info.faultTolerant || info.failoverReconnect;
    const sequence = Number(message.messageId?.producerSequenceId ?? -1);
    const isNoted = isResent && message.persistent && message.responseRequired && sequence >= 0;
    if (producer === undefined || !isNoted) return publish();
    broker.store.begin();
    try {
      const group = publish();
      broker.producers.stored(producer.key, sequence);
      return Math.max(group, broker.store.definedGroup);
    } finally {
      broker.store.end();
    }
  }

  /** Returns room in the producer's window. */
  #acknowledge(message: Message, producer: Producer | undefined): void {
    const { producerId, content, marshalledProperties, responseRequired } = message;
    if (responseRequired || producer === undefined || producer.info.windowSize <= 0) return;
    const size = messageBytes + (content?.length ?? 0) + (marshalledProperties?.length ?? 0);
    this.#host.send(producerAck({ producerId, size }));
  }
}

function* finish(unfinished: readonly Published[]): Generator<void> {
  for (const { rest } of unfinished) yield* rest ?? [];
}

/** Requires the texts of a message to fit into both encodings. */
function requireShortTexts(message: Message): void {
  const { correlationId, jmsType, groupId, userId, messageId, producerId } = message;
  const texts = [correlationId, jmsType, groupId, userId, messageId?.textView];
  texts.push(producerId && idText(producerId), message.replyTo?.physicalName);
  for (const text of texts) {
    if (text === undefined || text.length <= surelyShort) continue;
    const found = `A header of a message has ${text.length} characters`;
    throw new OpenWireError('invalid', `${found}; at most ${surelyShort} are allowed`, 'jms');
  }
}
