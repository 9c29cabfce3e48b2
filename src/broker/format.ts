// The interface of message formats.

import type { Argument, ArgumentChanges, Arguments } from './arguments.ts';
import type { Address, Encoded, EncodedMessage, Properties } from './conversion/properties.ts';

/** The protocols whose messages are stored in their own encoding. */
export type FormatName = 'amqp091' | 'amqp10' | 'mqtt' | 'stomp' | 'openwire';

/** The number of each format in stored messages; never reused. */
export const formatNumbers: Readonly<Record<FormatName, number>> = {
  amqp091: 1,
  amqp10: 2,
  mqtt: 3,
  stomp: 4,
  openwire: 5,
};

/** The properties by which exchanges may route: the argument `hash-property`. */
export const routedProperties = ['correlation_id', 'message_id', 'timestamp'] as const;

/** One of the properties by which exchanges may route. */
export type RoutedProperty = (typeof routedProperties)[number];

/**
 * A flag in the format number of stored messages: the head contains headers that receivers must not
 * see (AMQP 0-9-1: `BCC`). Heads without the flag are delivered without decoding.
 */
export const hasHiddenHeaders = 0x80;

/**
 * A flag in the format number of stored messages: the header `CC` of a dead letter does not name
 * routing keys any more, because the dead letter routing key of a queue has replaced them.
 */
export const hasFormerKeys = 0x40;

/** The number of a format, without flags. */
export function plainFormatNumber(stored: number): number {
  return stored & ~(hasHiddenHeaders | hasFormerKeys);
}

/**
 * The operations on messages of one protocol. The head is the protocol's own encoding of
 * properties, between two offsets of a buffer that must not be retained.
 */
export interface MessageFormat {
  readonly name: FormatName;
  /** Whether the headers `CC` and `BCC` are routing keys; false by default. */
  readonly hasSenderKeys?: boolean;
  /** The number of headers, without decoding them. */
  headerCount(buffer: Buffer, start: number, end: number): number;
  /** The headers of the message; an empty table if there are none. */
  headers(buffer: Buffer, start: number, end: number): Arguments;
  /** One of the headers, without decoding the others; undefined if there is none of that name. */
  header?(buffer: Buffer, start: number, end: number, name: string): Argument | undefined;
  /** A property by which exchanges may route, as text; undefined if the message has none. */
  routedProperty?(
    buffer: Buffer,
    start: number,
    end: number,
    name: RoutedProperty,
  ): string | undefined;
  /** The time to live as the sender set it, decimal milliseconds. */
  expiration(buffer: Buffer, start: number, end: number): string | undefined;
  /**
   * Encodes the head of a dead letter: with changed headers and without a time to live. Unchanged
   * headers keep their bytes.
   */
  deadLetterHead(buffer: Buffer, start: number, end: number, changes: ArgumentChanges): Buffer;
  /**
   * The destination from which a message became a dead letter by ActiveMQ's rules, if the format keeps
   * it elsewhere than in the header `originalDestination`. Names are not checked.
   */
  deadLetterOrigin?(buffer: Buffer, start: number, end: number): Address | undefined;
  /**
   * The offset of the text within the body, if the format stores something before it; 0 by default.
   */
  textAt?(buffer: Buffer, start: number, end: number): number;
  /**
   * Encodes the head of a scheduled message at its delivery, without the headers that requested the
   * schedule, so that it is not scheduled again. Undefined if the head does not change.
   *
   * @param id the id of the entry in the schedule
   * @param repeatedAtMs the due time, if the message is delivered more than once: each delivery then
   *   needs its own message id. Milliseconds since 1970
   */
  dueHead?(
    buffer: Buffer,
    start: number,
    end: number,
    id: number,
    repeatedAtMs: number | undefined,
  ): Buffer | undefined;
  /**
   * Converts a message to neutral properties; its bytes are copied. The protocol's README lists
   * what is lost.
   */
  toProperties(message: EncodedMessage): Properties;
  /**
   * Converts neutral properties to a message of this format. `toProperties` of the result returns
   * the same properties, as far as the format can represent them. The protocol's README lists what
   * is lost.
   *
   * @param headBytesMax maximum size of the head; headers that do not fit are left out
   */
  fromProperties(properties: Properties, headBytesMax: number): Encoded;
}
