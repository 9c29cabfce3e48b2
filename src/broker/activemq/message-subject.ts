// Messages as selectors see them.

import { annotationPrefix, emptyProperties, type Properties } from '../conversion/properties.ts';
import type { MessageFormat } from '../format.ts';
import type { Publication } from '../publication.ts';
import type { Delivery } from '../subscription.ts';
import { qualifiedName } from './destination.ts';
import type { Subject } from './selectors/nodes.ts';
import { type SelectorValue, selectorValueOf } from './selectors/values.ts';

/** The operations of the broker that are needed here. */
export interface SubjectHost {
  formatOf(number: number): MessageFormat | undefined;
  nowMs(): number;
  /** A stored message does not move during a dispatch round. */
  readonly turns: { readonly pumpCount: number };
  /** The destination of a message in the form of JMSDestination, for example `queue://A`. */
  destinationName(exchange: string, routingKey: string): string;
}

const nothing = Buffer.alloc(0);

/** JMS headers that are message properties in every protocol. */
const headers: Readonly<Record<string, (message: MessageSubject) => SelectorValue>> = {
  JMSDestination: (message) => message.destination,
  JMSReplyTo: ({ properties: { replyTo } }) =>
    replyTo === undefined ? null : qualifiedName(replyTo),
  JMSType: ({ properties }) => properties.type ?? null,
  JMSDeliveryMode: ({ isPersistent }) => (isPersistent ? 'PERSISTENT' : 'NON_PERSISTENT'),
  JMSPriority: ({ priority }) => priority,
  JMSMessageID: ({ properties: { messageId } }) =>
    messageId === undefined ? null : selectorValueOf(messageId),
  JMSTimestamp: ({ properties, receivedAtMs }) =>
    properties.createdAtMs ?? BigInt(Math.round(receivedAtMs)),
  JMSCorrelationID: ({ properties: { correlationId } }) =>
    correlationId === undefined ? null : selectorValueOf(correlationId),
  JMSExpiration: ({ expiresAtMs }) =>
    expiresAtMs === Infinity ? 0n : BigInt(Math.round(expiresAtMs)),
  JMSXGroupID: ({ properties }) => properties.groupId ?? null,
  JMSXGroupSeq: ({ properties }) => properties.groupSequence ?? 0,
  JMSXGroupFirstForConsumer: () => false,
  JMSRedelivered: ({ isRedelivered }) => isRedelivered,
  JMSXDeliveryCount: ({ deliveryCount }) => deliveryCount + 1,
  JMSXUserID: ({ properties }) => properties.userId ?? null,
  JMSActiveMQBrokerOutTime: () => 0n,
  JMS_AMQP_ContentType: ({ properties }) => properties.contentType ?? null,
  JMS_AMQP_ContentEncoding: ({ properties }) => properties.contentEncoding ?? null,
  JMS_AMQP_ReplyToGroupID: ({ properties }) => properties.replyToGroupId ?? null,
  JMSActiveMQBrokerInTime: ({ receivedAtMs }) => BigInt(Math.round(receivedAtMs)),
};

/**
 * A message as selectors see it, for all protocols. The object is reused for each message. The
 * message's header section is decoded once, when the first selector needs it.
 */
export class MessageSubject implements Subject {
  isPersistent = false;
  priority = 0;
  receivedAtMs = 0;
  expiresAtMs = Infinity;
  isRedelivered = false;
  /** Previous failed deliveries. */
  deliveryCount = 0;
  readonly #host: SubjectHost;
  #format = 0;
  #buffer: Buffer = nothing;
  /** The offset of the record in its buffer, and the dispatch round in which it was read. */
  #at = -1;
  #pumpCount = -1;
  #headAt = 0;
  #headLength = 0;
  /** The source of the destination, which is decoded when a selector needs it. */
  #source: Delivery | Publication | undefined = undefined;
  #properties: Properties | undefined = undefined;
  #named: Map<string, SelectorValue> | undefined = undefined;

  constructor(host: SubjectHost) {
    this.#host = host;
  }

  /** Forgets the last message. Outside of dispatch rounds, another one can take its place in memory. */
  forget(): void {
    this.#at = -1;
  }

  /** Changes the subject to a stored message, and returns it. Properties decoded in this dispatch round are kept. */
  ofView(view: Delivery): this {
    const { pumpCount } = this.#host.turns;
    // The same record can be a message of several queues, with a delivery state in each.
    this.isRedelivered = view.redelivered;
    this.deliveryCount = view.deliveryCount;
    const isSame = view.buffer === this.#buffer && view.at === this.#at;
    if (isSame && pumpCount === this.#pumpCount) return this;
    this.#at = view.at;
    this.#pumpCount = pumpCount;
    this.isPersistent = view.isPersistent;
    this.priority = view.priority;
    this.receivedAtMs = view.receivedAtMs;
    this.expiresAtMs = view.expiresAtMs;
    this.#set(view.format, view.buffer, view.headAt, view.headLength);
    this.#source = view;
    return this;
  }

  /** Sets it to a message that is being published. */
  ofPublication(publication: Publication): this {
    const { headStart, headEnd, expirationMs } = publication;
    this.#at = -1;
    this.isRedelivered = false;
    this.deliveryCount = 0;
    this.isPersistent = publication.isPersistent;
    this.priority = publication.priority;
    this.receivedAtMs = this.#host.nowMs();
    this.expiresAtMs = expirationMs < 0 ? Infinity : this.receivedAtMs + expirationMs;
    this.#set(publication.format, publication.head, headStart, headEnd - headStart);
    this.#source = publication;
    return this;
  }

  #set(format: number, buffer: Buffer, headAt: number, headLength: number): void {
    this.#format = format;
    this.#buffer = buffer;
    this.#headAt = headAt;
    this.#headLength = headLength;
    this.#properties = undefined;
    this.#named = undefined;
  }

  /** For example `queue://A`. */
  get destination(): string {
    const source = this.#source;
    const key = source?.routingKey;
    const routingKey = typeof key === 'string' ? key : (source as Delivery).routingKey(); // the other type
    return this.#host.destinationName(source?.exchangeName() ?? '', routingKey);
  }

  /** The neutral properties of the message, without its body, which selectors cannot use. */
  get properties(): Properties {
    this.#properties ??=
      this.#host.formatOf(this.#format)?.toProperties({
        buffer: this.#buffer,
        headAt: this.#headAt,
        headLength: this.#headLength,
        bodyAt: this.#headAt + this.#headLength,
        bodyLength: 0,
      }) ?? emptyProperties;
    return this.#properties;
  }

  value(name: string): SelectorValue {
    const own = Object.hasOwn(headers, name) ? (headers[name]?.(this) ?? null) : null;
    // A header that the message lacks may be an application property: JMSXUserID.
    if (own !== null) return own;
    if (this.#named === undefined) {
      this.#named = new Map();
      for (const [key, value] of this.properties.headers) {
        // If a header is repeated, the first one counts, as in STOMP.
        if (!this.#named.has(key)) this.#named.set(key, selectorValueOf(value));
      }
      for (const [key, value] of this.properties.annotations) {
        this.#named.set(annotationPrefix + key, selectorValueOf(value));
      }
    }
    return this.#named.get(name) ?? null;
  }
}
