import type { Field, Value } from './value.ts';

/** Where a message goes, or where its answer is to go. */
export interface Address {
  readonly kind: 'queue' | 'topic' | 'temporary-queue' | 'temporary-topic';
  readonly name: string;
}

/** What a message carries. JMS's map, stream and AMQP 1.0's other values are all `value`. */
export type Body =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly value: Value };

/**
 * A whole message without a protocol: what any of the protocols can say of it, in the words of AMQP 1.0
 * (part 3.2). Undefined where the sender said nothing. What a consumer is told of its delivery
 * (redelivered, how often) is not part of it.
 */
export interface Properties {
  readonly isDurable: boolean;
  /** 0 to 255; JMS and AMQP 1.0 use 0 to 9. */
  readonly priority: number | undefined;
  /** Time to live as sent, whole milliseconds. */
  readonly ttlMs: number | undefined;
  /** Milliseconds since 1970. */
  readonly createdAtMs: bigint | undefined;
  /** A string, binary, uuid or ulong. */
  readonly messageId: Value | undefined;
  /** The same. */
  readonly correlationId: Value | undefined;
  readonly replyTo: Address | undefined;
  readonly to: Address | undefined;
  /** JMSType; AMQP 1.0's subject. */
  readonly type: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly userId: string | undefined;
  readonly groupId: string | undefined;
  /** 32 bits; JMS has them signed. */
  readonly groupSequence: number | undefined;
  readonly replyToGroupId: string | undefined;
  /** AMQP 0-9-1 alone has this one and the next. */
  readonly appId: string | undefined;
  readonly clusterId: string | undefined;
  /** Kept by its topic for consumers to come (MQTT). */
  readonly isRetained: boolean;
  /** Application properties, headers, user properties. */
  readonly headers: readonly Field[];
  /** AMQP 1.0's message annotations. */
  readonly annotations: readonly Field[];
  readonly body: Body;
}

/** A message of which nothing is said. */
export const emptyProperties: Properties = Object.freeze({
  isDurable: false,
  priority: undefined,
  ttlMs: undefined,
  createdAtMs: undefined,
  messageId: undefined,
  correlationId: undefined,
  replyTo: undefined,
  to: undefined,
  type: undefined,
  contentType: undefined,
  contentEncoding: undefined,
  userId: undefined,
  groupId: undefined,
  groupSequence: undefined,
  replyToGroupId: undefined,
  appId: undefined,
  clusterId: undefined,
  isRetained: false,
  headers: Object.freeze([]),
  annotations: Object.freeze([]),
  body: Object.freeze({ kind: 'none' }),
} as const);

/** Where head and body of an encoded message lie in a buffer. */
export interface EncodedMessage {
  readonly buffer: Buffer;
  readonly headAt: number;
  readonly headLength: number;
  readonly bodyAt: number;
  readonly bodyLength: number;
}

/** A message in one protocol's encoding. */
export interface Encoded {
  readonly head: Buffer;
  readonly body: Buffer;
}
