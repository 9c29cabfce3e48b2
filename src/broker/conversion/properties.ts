// Protocol-neutral properties of messages.

import type { Field, Value } from './value.ts';

/** The destination of a message or of its reply. */
export interface Address {
  readonly kind: 'queue' | 'topic' | 'temporary-queue' | 'temporary-topic';
  readonly name: string;
}

/**
 * The body of a message. `value` also represents JMS map and stream messages. A message with text that is null,
 * as JMS permits, has no body, but `isText`.
 */
export type Body =
  | { readonly kind: 'none'; readonly isText?: true }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly value: Value };

/**
 * A message in a protocol-neutral form with the terms of AMQP 1.0 (part 3.2). Undefined properties
 * were not set by the sender. The delivery state (redelivered, delivery count) is not included.
 */
export interface Properties {
  readonly isDurable: boolean;
  /** 0 to 255. JMS and AMQP 1.0 use 0 to 9. */
  readonly priority: number | undefined;
  /** Time to live as sent, whole milliseconds. */
  readonly ttlMs: number | undefined;
  /** Milliseconds since 1970. */
  readonly createdAtMs: bigint | undefined;
  /** A string, binary, uuid or ulong. */
  readonly messageId: Value | undefined;
  /** As {@link messageId}. */
  readonly correlationId: Value | undefined;
  readonly replyTo: Address | undefined;
  readonly to: Address | undefined;
  /** JMSType; the subject in AMQP 1.0. */
  readonly type: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly userId: string | undefined;
  readonly groupId: string | undefined;
  /** 32 bits; signed in JMS. */
  readonly groupSequence: number | undefined;
  readonly replyToGroupId: string | undefined;
  /** This property and the next exist only in AMQP 0-9-1. */
  readonly appId: string | undefined;
  readonly clusterId: string | undefined;
  /** Whether the topic retains the message for future consumers (MQTT). */
  readonly isRetained: boolean;
  /** Application properties, headers, or user properties. */
  readonly headers: readonly Field[];
  /** Message annotations of AMQP 1.0. */
  readonly annotations: readonly Field[];
  readonly body: Body;
}

/** The beginning of the JMS properties that stand for message annotations of AMQP 1.0. */
export const annotationPrefix = 'JMS_AMQP_MA_';

/** A message without properties. */
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

/** The position of the head and body of an encoded message in a buffer. */
export interface EncodedMessage {
  readonly buffer: Buffer;
  readonly headAt: number;
  readonly headLength: number;
  readonly bodyAt: number;
  readonly bodyLength: number;
}

/** A message in the encoding of one protocol. */
export interface Encoded {
  readonly head: Buffer;
  readonly body: Buffer;
}
