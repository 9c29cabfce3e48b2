// SEND.

import { BrokerError } from '../../../../broker/errors.ts';
import type { Exchange } from '../../../../broker/exchanges/exchange.ts';
import { type Route, routeOf } from '../../../../broker/exchanges/route-cache.ts';
import { type RouteSearch, stepsAtATime } from '../../../../broker/exchanges/route-search.ts';
import { noExtraKeys, senderKeys } from '../../../../broker/exchanges/sender-keys.ts';
import { formatNumbers } from '../../../../broker/format.ts';
import { Undecided } from '../../../../broker/logins/undecided.ts';
import { Publication } from '../../../../broker/publication.ts';
import { readExpirationText } from '../../../../broker/publishing/expiration.ts';
import type { Published } from '../../../../broker/publishing/publishing.ts';
import type { BasicProperties } from '../../../amqp091/codec/basic-properties.ts';
import { BodyParts } from '../../codec/body-parts.ts';
import type { Frame } from '../../codec/frames.ts';
import { parseDestination, routingOf } from '../destinations.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { invalid, RabbitMqError } from '../errors.ts';
import type { Headers } from '../headers.ts';
import { encodeHead } from '../message-head.ts';
import { SendTarget } from '../send-target.ts';
import type { RabbitMqTransaction } from '../transactions.ts';

/** Maximum number of destinations that a connection caches, and their length in characters. */
const targetCountMax = 256;
const cachedLengthMax = 1024;

/** Bytes of a head that are encoded in about a microsecond. */
const headBytesPerUnit = 128;

/** Steps of a search for queues, or queues, that count as about a microsecond. */
const stepsPerUnit = 8;

/** Receives the messages of a connection. */
export class Sender {
  /** Number of messages received. */
  count = 0;
  /** Whether the client has asked for a receipt of a message. */
  isConfirming = false;
  readonly #own: RabbitMqConnection;
  readonly #publication = new Publication();
  readonly #body = new BodyParts(this.#publication);
  readonly #targets = new Map<string, SendTarget>();
  #isFirst = true;

  constructor(own: RabbitMqConnection) {
    this.#own = own;
  }

  /** Receives a part of the body before the frame is complete. */
  body(bytes: Buffer, at: number, end: number): void {
    this.#start();
    this.#body.add(bytes, at, end);
  }

  /** Handles a complete SEND frame. */
  send(frame: Frame): void {
    let isOver = true;
    try {
      this.#send(frame);
    } catch (thrown) {
      // The frame is handled again, with the same body.
      isOver = !(thrown instanceof Undecided);
      throw thrown;
    } finally {
      if (isOver) this.#body.clear();
    }
  }

  /** Discards an incomplete message. */
  end(): void {
    this.#publication.release();
  }

  #send(frame: Frame): void {
    const { headers } = frame;
    const { vhost, access, transactions } = this.#own;
    this.#start();
    if (headers.has('message-id')) {
      throw invalid('Invalid header', "'message-id' is not allowed on 'SEND'.\n");
    }
    const id = headers.get('transaction');
    const transaction = id === undefined ? undefined : transactions.get(id);
    const target = this.#targetOf(headers.get('destination'));
    if (target.declares !== undefined) this.#own.declared.ensure(target.declares, headers);
    this.#prepare(headers);
    const exchange = target.resolve(vhost, access);
    if (target.checksTopics) access.requireTopic('write', exchange.name, target.routingKey);
    target.addressTo(this.#publication, exchange);
    this.count++;
    if (headers.has('receipt')) this.isConfirming = true;
    this.#route(frame, exchange, transaction);
  }

  /** Publishers are blocked while memory, disk or log are short. */
  #start(): void {
    if (!this.#isFirst) return;
    this.#isFirst = false;
    this.#own.host.startedPublishing();
  }

  /** @throws {RabbitMqError} `invalid` */
  #targetOf(text: string | undefined): SendTarget {
    if (text === undefined) {
      throw invalid('Missing destination', `"SEND" must include a 'destination' header\n`);
    }
    const known = this.#targets.get(text);
    if (known !== undefined) return known;
    const destination = parseDestination(text);
    if (destination.kind === 'temp-queue') {
      throw invalid('Invalid destination', `'${text}' is not a valid destination for 'SEND'\n`);
    }
    const routing = routingOf(destination, this.#own.core.options.topicExchange);
    const declares = destination.kind === 'queue' ? destination.name : undefined;
    const target = new SendTarget(routing, declares);
    if (text.length > cachedLengthMax) return target;
    if (this.#targets.size >= targetCountMax) this.#targets.clear();
    this.#targets.set(text, target);
    return target;
  }

  /** Sets all properties of the publication except its address. */
  #prepare(headers: Headers): void {
    const { head, properties } = encodeHead(headers, this.#replyQueue(headers));
    this.#own.host.gate.count(head.length / headBytesPerUnit);
    const publication = this.#publication;
    publication.head = head;
    publication.headStart = 0;
    publication.headEnd = head.length;
    publication.format = formatNumbers.amqp091;
    publication.isPersistent = properties.deliveryMode === 2;
    publication.priority = properties.priority ?? 0;
    publication.expirationMs =
      properties.expiration === undefined ? -1 : readExpirationText(properties.expiration);
    publication.extraRoutingKeys = noExtraKeys;
    // Headers of STOMP are text, so that these are refused.
    if (headers.has('CC') || headers.has('BCC')) senderKeys(properties.headers ?? {});
    this.#requireOwnUser(properties);
  }

  /** The queue of a header `reply-to` that names a temporary queue; undefined if it names none. */
  #replyQueue(headers: Headers): string | undefined {
    const text = headers.get('reply-to');
    if (text === undefined) return undefined;
    const destination = parseDestination(text);
    return destination.kind === 'temp-queue'
      ? this.#own.declared.replyQueue(destination.name)
      : undefined;
  }

  #requireOwnUser({ userId }: BasicProperties): void {
    const { access } = this.#own;
    if (userId === undefined || userId === access.user || access.hasTag('impersonator')) return;
    throw new BrokerError(
      'precondition-failed',
      `user_id property set to '${userId}' but authenticated user was '${access.user}'`,
    );
  }

  #route(frame: Frame, exchange: Exchange, transaction: RabbitMqTransaction | undefined): void {
    const { broker, vhost, host } = this.#own;
    const { routing } = broker;
    const publication = this.#publication;
    const route = routing.route(vhost, exchange, publication);
    if (route === undefined) {
      const kept = publication.copy();
      host.gate.finishFirst(this.#searchOn(frame, kept, routing.takePaused(kept), transaction));
      return;
    }
    host.gate.count((routing.stepCount + route.queues.length) / stepsPerUnit);
    this.#publish(frame, publication, route, transaction);
  }

  /** Searches the queues of a message in later turns. */
  *#searchOn(
    frame: Frame,
    publication: Publication,
    search: RouteSearch,
    transaction: RabbitMqTransaction | undefined,
  ): Generator<void> {
    try {
      while (!search.run(stepsAtATime)) yield;
      this.#publish(frame, publication, routeOf(search), transaction);
    } catch (thrown) {
      this.#own.host.refuse(frame, thrown);
    }
  }

  #publish(
    frame: Frame,
    publication: Publication,
    route: Route,
    transaction: RabbitMqTransaction | undefined,
  ): void {
    const { broker, vhost, host, transactions } = this.#own;
    if (transaction !== undefined) {
      transactions.requireRoom(publication.sizeBytes);
      transaction.publish(publication, route);
      if (frame.headers.has('receipt')) transaction.receipts.push(frame);
      return;
    }
    const published = broker.publish(vhost, publication, route);
    const { rest } = published;
    if (rest === undefined) this.#confirm(frame, published, route);
    else host.gate.finishFirst(rest, () => this.#confirm(frame, published, route));
  }

  /** Sends the receipt that a frame asks for, once the message is on disk if it is persistent. */
  #confirm(
    frame: Frame,
    { isRefused, group }: Pick<Published, 'isRefused' | 'group'>,
    { queues }: Route,
  ): void {
    const { host } = this.#own;
    if (!isRefused) {
      host.receipt(frame, group);
      return;
    }
    if (!frame.headers.has('receipt')) return;
    const full = queues.find((queue) => queue.isFull(0)) ?? queues[0];
    const why = `queue '${full?.name ?? ''}' has reached its maximum length\n`;
    const error = new RabbitMqError('invalid', 'Message rejected', why, { repeatsReceipt: true });
    host.refuse(frame, error);
  }
}
