// Publishing in a channel, and its confirms.

import { assert } from '../../base/assert.ts';
import { readU32, wholeText } from '../../base/bytes.ts';
import type { Exchange } from '../../broker/exchanges/exchange.ts';
import type { Route } from '../../broker/exchanges/route-cache.ts';
import { checkSenderKeys, noExtraKeys, senderKeys } from '../../broker/exchanges/sender-keys.ts';
import { formatNumbers, hasHiddenHeaders } from '../../broker/format.ts';
import { Publication } from '../../broker/publication.ts';
import { readExpirationText } from '../../broker/publishing/expiration.ts';
import type { Published } from '../../broker/publishing/publishing.ts';

import type { Channel } from './channel.ts';
import { methodIds } from './codec/methods.gen.ts';
import { changedHead, HeadScan } from './codec/properties.ts';
import { readAddressFields } from './codec/tables.ts';
import { AmqpError } from './errors.ts';
import { shortStringAt } from './format.ts';
import { answerBytes } from './peer-account.ts';
import { Keys, type RoutingKeyCache } from './routing-key-cache.ts';
import { replyTo } from './special-names.ts';
import { PublishRouting } from './stalls/publish-routing.ts';
import { tracePublish } from './tracing/trace.ts';

const scan = new HeadScan();
const noKeysYet = new Keys(Buffer.alloc(0), 0, 0, 0);

/** Class 60 and weight 0, the beginning of every content header. */
const basicHeader = 0x003c0000;

/** Parts of a body below this size are gathered, once there are this many parts. */
const gatheredSizeMax = 4096;
const gatheredFrom = 16;
const roomSize = 64 * 1024;

/**
 * Receives the messages of a channel: `basic.publish`, a header, and bodies up to the announced
 * size. The data stays in the received buffers; the broker copies it once.
 */
export class Publisher {
  /** The expected frame. */
  expects: 'method' | 'header' | 'body' = 'method';
  /** Whether nothing has been published yet. */
  isFirst = true;
  readonly #channel: Channel;
  readonly #publication = new Publication();
  #bodyLeft = 0;
  /** The buffer for small parts of a body, and its used size. */
  #room: Buffer | undefined = undefined;
  #roomUsed = 0;
  /** Received size of an incomplete body. */
  #unfinishedBytes = 0;
  readonly #routing: PublishRouting;
  readonly #knownKeys: RoutingKeyCache;
  /** The keys of the last message. */
  #keys = noKeysYet;
  #exchange: Exchange | undefined = undefined;
  #version = -1;
  #accessVersion = -1;
  /** Whether the permissions of the user on routing keys of the exchange are restricted. */
  #checksTopics = false;
  /** Whether another service decides about permissions, so that they are checked before the body. */
  readonly #isRemote: boolean;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.#isRemote = channel.access.isRemote;
    this.#knownKeys = channel.host.shared.keysOf(channel.vhost);
    this.#routing = new PublishRouting(channel, (publication, route) => {
      this.#publish(publication, route);
    });
  }

  /**
   * Decodes `basic.publish`.
   *
   * @param at the offset after the method id
   */
  begin(bytes: Buffer, at: number, end: number): void {
    const addressStart = at + 2;
    const routingKeyAt = addressStart + 1 + (bytes[addressStart] ?? 0);
    const addressEnd = routingKeyAt + 1 + (bytes[routingKeyAt] ?? 0);
    if (addressEnd + 1 !== end) {
      throw new AmqpError('syntax-error', `basic.publish of ${end - at} bytes is malformed`);
    }
    const bits = bytes[addressEnd] ?? 0;
    if ((bits & 2) !== 0) throw new AmqpError('not-implemented', 'immediate=true');
    if (!this.#keys.isAt(bytes, addressStart, addressEnd)) {
      const keys = this.#knownKeys.find(bytes, addressStart, routingKeyAt, addressEnd);
      if (keys.exchange !== this.#keys.exchange) this.#exchange = undefined;
      this.#keys = keys;
    }
    const publication = this.#publication;
    publication.address = bytes;
    publication.addressStart = addressStart;
    publication.addressEnd = addressEnd;
    publication.protocolFlags = bits & 1;
    if (this.#isRemote && !this.#keys.isReply) this.#decide(noExtraKeys);
    this.expects = 'header';
  }

  /** Handles the payload of a content header. */
  header(bytes: Buffer, at: number, end: number): void {
    if (end - at < 14) throw new AmqpError('syntax-error', `content header of ${end - at} bytes`);
    const classAndWeight = readU32(bytes, at);
    if (classAndWeight !== basicHeader) {
      const found = `class ${classAndWeight >>> 16} with weight ${classAndWeight & 0xffff}`;
      throw new AmqpError(
        'unexpected-frame',
        `expected content header for class 60 with weight 0, got one for ${found} instead`,
      );
    }
    const size = readU32(bytes, at + 4) * 0x1_0000_0000 + readU32(bytes, at + 8);
    const sizeMax = this.#channel.broker.limits.bodyBytesMax;
    if (size > sizeMax) {
      throw new AmqpError(
        'precondition-failed',
        `message size ${wholeText(size)} is larger than configured max size ${sizeMax}`,
      );
    }
    scan.scan(bytes, at + 12, end);
    const publication = this.#publication;
    publication.head = bytes;
    publication.headStart = at + 12;
    publication.headEnd = end;
    publication.isPersistent = scan.persistent;
    publication.priority = scan.priority;
    publication.expirationMs = scan.expirationAt < 0 ? -1 : readExpiration(bytes, scan);
    publication.format = formatNumbers.amqp091;
    publication.extraRoutingKeys = noExtraKeys;
    if (scan.isAddressed) this.#readMoreKeys();
    if (scan.userIdAt >= 0) this.#checkUserId(bytes);
    if (scan.replyToAt >= 0) this.#fillInReplyTo(bytes);
    this.#bodyLeft = size;
    this.expects = 'body';
    if (size === 0) this.#finish();
  }

  #readMoreKeys(): void {
    const publication = this.#publication;
    const headers = readAddressFields(publication.head, scan.headersAt);
    const keys = senderKeys(headers);
    checkSenderKeys(keys, this.#channel.broker.limits.senderKeyCountMax);
    const { cc, bcc } = keys;
    if (cc.length + bcc.length > 0) publication.extraRoutingKeys = [...cc, ...bcc];
    if (headers['BCC'] !== undefined) publication.format |= hasHiddenHeaders;
    if (this.#isRemote && !this.#keys.isReply) this.#decide(publication.extraRoutingKeys);
  }

  /**
   * Checks the permissions for a message before its body arrives.
   *
   * @throws {Undecided} if the frame must be handled again
   */
  #decide(extraRoutingKeys: readonly string[]): void {
    const exchange = this.#resolveExchange();
    const { access } = this.#channel;
    if (!this.#checksTopics) return;
    access.requireTopic('write', exchange.name, this.#keys.routingKey);
    for (const key of extraRoutingKeys) access.requireTopic('write', exchange.name, key);
  }

  #checkUserId(bytes: Buffer): void {
    const found = shortStringAt(bytes, scan.userIdAt);
    const { access } = this.#channel;
    const { user } = access;
    if (found === user || access.hasTag('impersonator')) return;
    throw new AmqpError(
      'precondition-failed',
      `user_id property set to '${found}' but authenticated user was '${user}'`,
    );
  }

  /** Replaces the pseudo-queue for replies by the address of this channel. */
  #fillInReplyTo(bytes: Buffer): void {
    if (shortStringAt(bytes, scan.replyToAt) !== replyTo) return;
    const address = this.#channel.replies.address;
    if (address === undefined) {
      throw new AmqpError('precondition-failed', 'fast reply consumer does not exist');
    }
    const publication = this.#publication;
    const { headStart, headEnd } = publication;
    publication.head = changedHead(bytes, headStart, headEnd, { replyTo: address });
    publication.headStart = 0;
    publication.headEnd = publication.head.length;
  }

  /** Handles a part of a body frame. See `FrameSink.body`. */
  body(bytes: Buffer, at: number, end: number, isLast: boolean): void {
    const size = end - at;
    this.#bodyLeft -= size;
    if (this.#bodyLeft < 0) {
      throw new AmqpError(
        'unexpected-frame',
        `content body is ${-this.#bodyLeft} bytes longer than its header announced`,
      );
    }
    if (size >= gatheredSizeMax || this.#publication.partCount < gatheredFrom) {
      if (size > 0) this.#publication.addPart(bytes, at, end);
    } else this.#gather(bytes, at, end);
    if (isLast && this.#bodyLeft === 0) this.#finish();
    else {
      this.#unfinishedBytes += size;
      this.#channel.host.account.addUnfinished(size);
    }
  }

  /** Discards an incomplete message. */
  end(): void {
    this.#countFinished();
    this.#publication.release();
    this.#room = undefined;
  }

  #countFinished(): void {
    if (this.#unfinishedBytes === 0) return;
    this.#channel.host.account.removeUnfinished(this.#unfinishedBytes);
    this.#unfinishedBytes = 0;
  }

  /** Copies a small part, so that it does not retain a whole received buffer. */
  #gather(bytes: Buffer, at: number, end: number): void {
    const size = end - at;
    const publication = this.#publication;
    if (this.#room === undefined || this.#roomUsed + size > this.#room.length) {
      this.#room = Buffer.allocUnsafeSlow(roomSize);
      this.#roomUsed = 0;
    }
    const room = this.#room;
    const start = this.#roomUsed;
    bytes.copy(room, start, at, end);
    this.#roomUsed += size;
    const last = publication.partCount - 1;
    if (publication.parts[last] !== room) publication.addPart(room, start, start + size);
    else publication.growLastPart(size);
  }

  #finish(): void {
    this.expects = 'method';
    this.#channel.publishedCount++;
    this.#room = undefined;
    this.#countFinished();
    const publication = this.#publication;
    const keys = this.#keys;
    publication.routingKey = keys.routingKey;
    publication.remembered = keys;
    publication.exchange = undefined;
    if (keys.isReply) this.#reply(keys.routingKey);
    else {
      const exchange = this.#resolveExchange();
      publication.exchange = exchange;
      if (this.#checksTopics) this.#requireTopics(exchange);
      this.#routing.route(publication, exchange);
    }
    if (publication.partCount > 1) publication.release();
    else publication.clearBody();
  }

  #publish(publication: Publication, route: Route): void {
    const { broker, transaction, vhost } = this.#channel;
    if (vhost.isTracing) tracePublish(this.#channel, publication, route.queues);
    if (transaction !== undefined) {
      transaction.publish(publication, route);
      return;
    }
    const published = broker.publish(vhost, publication, route);
    if (published.rest === undefined) this.#settle(publication, published);
    else {
      const done = () => this.#settle(publication, published);
      this.#channel.host.gate.finishFirst(published.rest, done);
    }
  }

  #settle(
    publication: Publication,
    { routed, isRefused, group }: Pick<Published, 'routed' | 'isRefused' | 'group'>,
  ): void {
    const channel = this.#channel;
    if (routed === 0 && publication.protocolFlags === 1 && channel.state === 'open') {
      this.returnUnrouted(publication);
    }
    if (channel.confirms === undefined) return;
    if (isRefused) channel.confirms.refused();
    else channel.confirms.taken(group);
  }

  /** Looks up the exchange, but only if a name or binding of the virtual host has changed. */
  #resolveExchange(): Exchange {
    const { vhost, access } = this.#channel;
    const isKnown = this.#version === vhost.version && this.#accessVersion === access.version;
    if (isKnown && this.#exchange !== undefined) return this.#exchange;
    access.require('write', 'exchange', this.#keys.exchange);
    const exchange = vhost.exchange(this.#keys.exchange);
    if (exchange.options.internal) {
      throw new AmqpError(
        'access-refused',
        `cannot publish to internal exchange '${exchange.name}' in vhost '${vhost.name}'`,
      );
    }
    this.#exchange = exchange;
    this.#version = vhost.version;
    this.#accessVersion = access.version;
    this.#checksTopics = exchange.type.name === 'topic' && access.checksTopics(exchange.name);
    return exchange;
  }

  /** Checks the permission on all routing keys of the message. */
  #requireTopics(exchange: Exchange): void {
    const { access } = this.#channel;
    const { routingKey, extraRoutingKeys } = this.#publication;
    access.requireTopic('write', exchange.name, routingKey);
    for (const key of extraRoutingKeys) access.requireTopic('write', exchange.name, key);
  }

  #reply(address: string): void {
    const target = this.#channel.host.shared.replies.get(address);
    const isTaken = target?.deliver(this.#publication) === true;
    this.#settle(this.#publication, { routed: isTaken ? 1 : 0, isRefused: false, group: 0 });
  }

  /** Returns an unroutable mandatory message. */
  returnUnrouted(publication: Publication): void {
    const { outbox, number, frameMax } = this.#channel;
    const { exchange } = publication;
    assert(
      exchange !== undefined || publication === this.#publication,
      'a publish has an exchange',
    );
    const { routingKey } = publication;
    const kept = this.#channel.answers.isHolding ? publication.copy() : publication;
    const say = () => {
      outbox.method(number, {
        id: methodIds.basicReturn,
        replyCode: 312,
        replyText: 'NO_ROUTE',
        exchange: exchange?.name ?? '',
        routingKey,
      });
      outbox.publication(number, frameMax, kept);
    };
    this.#channel.answers.inOrder(say, answerBytes + publication.sizeBytes);
  }
}

function readExpiration(bytes: Buffer, found: HeadScan): number {
  return readExpirationText(shortStringAt(bytes, found.expirationAt) ?? '');
}

/**
 * The publishes of a channel in confirm mode that wait for the log. Only the last tag of each group
 * is stored: all publishes up to a sync are confirmed by one merged `basic.ack`.
 */
export class Confirms {
  readonly #channel: Channel;
  #lastTag = 0;
  /** All publishes up to this one may be confirmed. */
  #durableTag = 0;
  /** All publishes up to this one have been answered. */
  #answeredTag = 0;
  #groups: number[] = [];
  #tags: number[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  get isAwaitingLog(): boolean {
    return this.#groups.length > 0;
  }

  /** The number of publishes that were confirmed or refused. */
  get answeredCount(): number {
    return this.#answeredTag;
  }

  /** The number of publishes without an answer. */
  get pendingCount(): number {
    return this.#lastTag - this.#answeredTag;
  }

  /**
   * Counts an accepted publish.
   *
   * @param ofGroup the group that must be durable before the confirm; 0 for none
   */
  taken(ofGroup: number): void {
    const channel = this.#channel;
    // A publish of several turns can end after the sync of its group. No sync would confirm it.
    const group = ofGroup <= channel.broker.durableGroup ? 0 : ofGroup;
    if (!channel.isConfirming) {
      channel.isConfirming = true;
      channel.host.confirming(channel);
    }
    const tag = ++this.#lastTag;
    const last = this.#groups.length - 1;
    if (group === 0 && last < 0) this.#durableTag = tag;
    else if (group === 0 || this.#groups[last] === group) this.#tags[last] = tag;
    else {
      this.#groups.push(group);
      this.#tags.push(tag);
    }
  }

  /** Counts a refused publish, and sends the negative confirm. */
  refused(): void {
    this.write();
    const deliveryTag = ++this.#lastTag;
    this.#channel.send({ id: methodIds.basicNack, deliveryTag, multiple: false, requeue: false });
    if (this.#groups.length === 0) {
      this.#durableTag = deliveryTag;
      this.#answeredTag = deliveryTag;
    }
  }

  /** Groups up to this one are durable. */
  durable(group: number): void {
    while ((this.#groups[0] ?? Infinity) <= group) {
      this.#groups.shift();
      this.#durableTag = this.#tags.shift() as number; // both lists have the same length
    }
  }

  /** Writes the merged confirm for all publishes that may be confirmed. */
  write(): void {
    const deliveryTag = this.#durableTag;
    if (deliveryTag <= this.#answeredTag || this.#channel.answers.isHolding) return;
    const count = deliveryTag - this.#answeredTag;
    const multiple = count > 1;
    this.#channel.broker.counters.confirmed += count;
    this.#answeredTag = deliveryTag;
    this.#channel.send({ id: methodIds.basicAck, deliveryTag, multiple });
  }
}
