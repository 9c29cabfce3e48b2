import type { MessageView } from '../../storage/message-record.ts';
import { emptyProperties, type Properties } from '../conversion/properties.ts';
import type { MessageFormat } from '../format.ts';
import type { Publication } from '../publication.ts';
import { qualifiedName } from './destination.ts';
import type { Subject } from './selectors/nodes.ts';
import { type SelectorValue, selectorValueOf } from './selectors/values.ts';

/** What a message subject asks of its broker. */
export interface SubjectHost {
  formatOf(number: number): MessageFormat | undefined;
  nowMs(): number;
  /** Where a message goes, as JMSDestination has it: `queue://A`. */
  destinationName(exchange: string, routingKey: string): string;
}

const nothing = Buffer.alloc(0);

/** JMS headers that are properties of a message in every protocol. */
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
  JMSXGroupSeq: ({ properties }) => properties.groupSequence ?? null,
  JMSXUserID: ({ properties }) => properties.userId ?? null,
  JMSActiveMQBrokerInTime: ({ receivedAtMs }) => BigInt(Math.round(receivedAtMs)),
};

/**
 * One message as selectors see it, whatever protocol it came by. The object is set anew for each
 * message; its head is read once, when the first selector asks for it.
 */
export class MessageSubject implements Subject {
  isPersistent = false;
  priority = 0;
  receivedAtMs = 0;
  expiresAtMs = Infinity;
  readonly #host: SubjectHost;
  #format = 0;
  #buffer: Buffer = nothing;
  #headAt = 0;
  #headLength = 0;
  #exchange = '';
  #routingKey = '';
  #properties: Properties | undefined = undefined;
  #named: Map<string, SelectorValue> | undefined = undefined;

  constructor(host: SubjectHost) {
    this.#host = host;
  }

  /** Makes it a message that is stored. */
  ofView(view: MessageView): this {
    this.isPersistent = view.isPersistent;
    this.priority = view.priority;
    this.receivedAtMs = view.receivedAtMs;
    this.expiresAtMs = view.expiresAtMs;
    this.#set(view.format, view.buffer, view.headAt, view.headLength);
    this.#exchange = view.exchangeName();
    this.#routingKey = view.routingKey();
    return this;
  }

  /** Makes it a message that has just come in. */
  ofPublication(publication: Publication): this {
    const { headStart, headEnd, expirationMs } = publication;
    this.isPersistent = publication.isPersistent;
    this.priority = publication.priority;
    this.receivedAtMs = this.#host.nowMs();
    this.expiresAtMs = expirationMs < 0 ? Infinity : this.receivedAtMs + expirationMs;
    this.#set(publication.format, publication.head, headStart, headEnd - headStart);
    this.#exchange = publication.exchange?.name ?? '';
    this.#routingKey = publication.routingKey;
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

  /** `queue://A` */
  get destination(): string {
    return this.#host.destinationName(this.#exchange, this.#routingKey);
  }

  /** The message in neutral words; without its body, which no selector sees. */
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
    if (Object.hasOwn(headers, name)) return headers[name]?.(this) ?? null;
    if (this.#named === undefined) {
      this.#named = new Map();
      for (const [key, value] of this.properties.headers) {
        // Of several the first counts, as in STOMP.
        if (!this.#named.has(key)) this.#named.set(key, selectorValueOf(value));
      }
    }
    return this.#named.get(name) ?? null;
  }
}
