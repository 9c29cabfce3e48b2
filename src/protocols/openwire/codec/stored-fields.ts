// The fields of a stored head, by their offsets.

import { readU32 } from '../../../base/bytes.ts';
import { types } from './commands.gen.ts';

const nothing = Buffer.alloc(0);
const longBytes = 8;
/** The type, and what belongs to the transmission of the command. */
const startBytes = 6;

/**
 * Finds the fields of a stored head without decoding them. The object is reused for the next head.
 * See `stored-message.ts` for the encoding.
 */
export class StoredFields {
  bytes: Buffer = nothing;
  type = 0;
  /** The producer, with the flag that precedes it; the end is the start if it is null. */
  producerAt = 0;
  producerEnd = 0;
  originalAt = 0;
  originalEnd = 0;
  messageIdAt = 0;
  /** The producer in the message id. */
  idProducerAt = 0;
  idProducerEnd = 0;
  /** The number of the message from its producer. */
  sequenceAt = 0;
  originalTransactionAt = 0;
  groupIdAt = 0;
  groupSequenceAt = 0;
  correlationIdAt = 0;
  persistentAt = 0;
  priorityAt = 0;
  replyToAt = 0;
  timestampAt = 0;
  jmsTypeAt = 0;
  contentAt = 0;
  /** Whether the message has a content. */
  hasContent = false;
  propertiesAt = 0;
  compressedAt = 0;
  brokerPathAt = 0;
  arrivalAt = 0;
  userIdAt = 0;
  receivedByBridgeAt = 0;
  droppableAt = 0;
  brokerInTimeAt = 0;
  #at = 0;
  #end = 0;
  #isSound = true;

  /**
   * Finds the fields of a head.
   *
   * @returns false if it is invalid, or has unusual fields: it must be decoded then
   */
  find(bytes: Buffer, start: number, end: number): boolean {
    this.bytes = bytes;
    this.#at = start + startBytes;
    this.#end = end;
    this.#isSound = end <= bytes.length;
    this.type = bytes[start] ?? 0;
    if (this.type < types.PlainMessage || this.type >= types.BlobMessage) return false;
    this.producerAt = this.#at;
    this.producerEnd = this.#producer();
    this.#null();
    this.#null();
    this.originalAt = this.#at;
    this.originalEnd = this.#destination();
    this.#messageId();
    if (!this.#isSound) return false;
    this.#properties();
    this.#rest();
    return this.#isSound && this.#at === this.#end;
  }

  #byte(): number {
    return this.#at < this.#end ? (this.bytes[this.#at++] ?? 0) : this.#unsound();
  }

  #unsound(): number {
    this.#isSound = false;
    return 0;
  }

  /** Skips bytes, and returns their offset. */
  #skip(size: number): number {
    const at = this.#at;
    if (size > this.#end - at) this.#isSound = false;
    else this.#at = at + size;
    return at;
  }

  /** A field that is null in all usual heads. */
  #null(): void {
    if (this.#byte() !== 0) this.#isSound = false;
  }

  /** Skips a text, and returns its offset. */
  #text(): number {
    const at = this.#at;
    if (this.#byte() !== 0) this.#skip((this.#byte() << 8) | this.#byte());
    return at;
  }

  /** Skips a producer id, and returns its end; the start if it is null. */
  #producer(): number {
    if (this.#byte() === 0) return this.#at - 1;
    if (this.#byte() !== types.ProducerId) this.#isSound = false;
    this.#text();
    this.#skip(2 * longBytes);
    return this.#at;
  }

  #destination(): number {
    if (this.#byte() === 0) return this.#at - 1;
    const type = this.#byte();
    if (type < types.QueueDestination || type > types.TempTopicDestination) this.#isSound = false;
    this.#text();
    return this.#at;
  }

  #messageId(): void {
    this.messageIdAt = this.#at;
    const isThere = this.#byte() !== 0 && this.#byte() === types.MessageId;
    if (!isThere) this.#isSound = false;
    // An id of another protocol is a text.
    this.#null();
    this.idProducerAt = this.#at;
    this.idProducerEnd = this.#producer();
    if (this.idProducerEnd === this.idProducerAt) this.#isSound = false;
    this.sequenceAt = this.#skip(2 * longBytes);
    this.originalTransactionAt = this.#at;
    this.#null();
  }

  /** Finds the fields up to the content. */
  #properties(): void {
    this.groupIdAt = this.#text();
    this.groupSequenceAt = this.#skip(4);
    this.correlationIdAt = this.#text();
    this.persistentAt = this.#skip(1 + longBytes);
    this.priorityAt = this.#skip(1);
    this.replyToAt = this.#at;
    this.#destination();
    this.timestampAt = this.#skip(longBytes);
    this.jmsTypeAt = this.#text();
  }

  /** Finds the content, and the fields after it. */
  #rest(): void {
    this.contentAt = this.#at;
    this.hasContent = this.#byte() !== 0;
    if (this.hasContent && readU32(this.bytes, this.#skip(4)) !== 0) this.#isSound = false;
    this.propertiesAt = this.#at;
    if (this.#byte() !== 0) this.#skip(readU32(this.bytes, this.#skip(4)));
    this.#null();
    this.#null();
    this.compressedAt = this.#skip(1 + 4);
    this.brokerPathAt = this.#at;
    this.#null();
    this.arrivalAt = this.#skip(longBytes);
    this.userIdAt = this.#text();
    this.receivedByBridgeAt = this.#skip(1);
    this.droppableAt = this.#skip(1);
    this.#null();
    this.brokerInTimeAt = this.#skip(2 * longBytes + 1);
  }
}
