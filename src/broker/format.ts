import type { ArgumentChanges, Arguments } from './arguments.ts';
import type { Encoded, EncodedMessage, Properties } from './conversion/properties.ts';

/** The protocols whose messages the broker keeps as they came. */
export type FormatName = 'amqp091' | 'amqp10' | 'mqtt' | 'stomp' | 'openwire';

/** The name's number in stored messages; never reused. */
export const formatNumbers: Readonly<Record<FormatName, number>> = {
  amqp091: 1,
  amqp10: 2,
  mqtt: 3,
  stomp: 4,
  openwire: 5,
};

/**
 * Added to a stored message's format number where its head holds what receivers must not see
 * (AMQP 0-9-1: the header `BCC`), so that every other head is delivered without a look inside.
 */
export const hasHiddenHeaders = 0x80;

/**
 * What the broker asks of the protocol that a message came by. The head is that protocol's own
 * encoding of properties, between two offsets of a buffer that must not be kept.
 */
export interface MessageFormat {
  readonly name: FormatName;
  /** How many headers there are, without reading them. */
  headerCount(buffer: Buffer, start: number, end: number): number;
  /** The sender's headers; none is an empty table. */
  headers(buffer: Buffer, start: number, end: number): Arguments;
  /** The message's own time to live as the sender wrote it, milliseconds in decimal. */
  expiration(buffer: Buffer, start: number, end: number): string | undefined;
  /**
   * The same head with changes to its headers and without a time to live: what a dead letter
   * carries. Headers that do not change keep their bytes.
   */
  deadLetterHead(buffer: Buffer, start: number, end: number, changes: ArgumentChanges): Buffer;
  /**
   * The head that a scheduled message has when it is delivered, where that is another one: without what
   * asked for the schedule, so that the message is not scheduled again.
   *
   * @param id of the entry in the schedule
   */
  dueHead?(buffer: Buffer, start: number, end: number, id: number): Buffer | undefined;
  /**
   * A message of this format in words that every protocol knows; its bytes are copied. What those words
   * cannot say is listed in the protocol's README.
   */
  toProperties(message: EncodedMessage): Properties;
  /**
   * A message in this format. `toProperties` of it is what was given, as far as the format can say it;
   * what it cannot say is listed in the protocol's README.
   *
   * @param headBytesMax bytes that the head may have; headers that do not fit are left out
   */
  fromProperties(properties: Properties, headBytesMax: number): Encoded;
}
