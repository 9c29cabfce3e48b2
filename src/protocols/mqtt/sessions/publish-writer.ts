// Encodes PUBLISH packets.

import type { Delivery } from '../../../broker/subscription.ts';
import type { PeerOutbox } from '../../peer-outbox.ts';
import type { HeadView } from '../codec/head.ts';
import type { Version } from '../codec/packets.ts';
import { propertyIds, variableSize } from '../codec/properties.ts';
import type { TopicMatch } from './subscription-set.ts';

const nothing = Buffer.alloc(0);

/**
 * A PUBLISH packet that is being encoded. The object is reused for each delivery; all fields but the
 * sizes are set before {@link measure}.
 */
export class PublishWriter {
  version: Version = 4;
  qos = 0;
  isDuplicate = false;
  isRetained = false;
  packetId = 0;
  /** Seconds; negative for none. */
  expirySeconds = -1;
  /** 0 for none. */
  alias = 0;
  /** Whether the client knows the alias, so that the topic name is left out. */
  isAliasKnown = false;
  ids: readonly number[] = [];
  match: TopicMatch | undefined = undefined;
  /** The size of the whole packet, in bytes. */
  sizeBytes = 0;
  #propertyLength = 0;
  #remainingLength = 0;
  /** Where the head is written. */
  #bytes: Buffer = nothing;
  #at = 0;

  get #topicField(): Buffer {
    return this.isAliasKnown ? emptyTopic : (this.match?.topicField ?? emptyTopic);
  }

  /** Computes the size of the packet. */
  measure(delivery: Delivery, head: HeadView): void {
    let length = this.#topicField.length + (this.qos > 0 ? 2 : 0) + delivery.bodyLength;
    if (this.version === 5) {
      let properties = head.visibleEnd - head.visibleAt;
      if (this.expirySeconds >= 0) properties += 5;
      if (this.alias > 0) properties += 3;
      for (const id of this.ids) properties += 1 + variableSize(id);
      this.#propertyLength = properties;
      length += variableSize(properties) + properties;
    }
    this.#remainingLength = length;
    this.sizeBytes = 1 + variableSize(length) + length;
  }

  /** The size of the packet before the stored properties, in bytes; at most 64 KiB. */
  #headSize(delivery: Delivery, head: HeadView): number {
    const visible = this.version === 5 ? head.visibleEnd - head.visibleAt : 0;
    return this.sizeBytes - visible - delivery.bodyLength;
  }

  /** Writes the packet to the output of a connection. */
  writeTo(outbox: PeerOutbox, delivery: Delivery, head: HeadView): void {
    const { buffer, bodyAt, bodyLength } = delivery;
    this.#at = outbox.claim(this.#headSize(delivery, head));
    this.#bytes = outbox.bytes;
    this.#writeHead();
    this.#bytes = nothing;
    if (this.version === 5) outbox.append(buffer, head.visibleAt, head.visibleEnd);
    outbox.appendBody(buffer, bodyAt, bodyAt + bodyLength);
  }

  /** Encodes the packet in a buffer of its own. */
  encode(delivery: Delivery, head: HeadView): Buffer {
    const { buffer, bodyAt, bodyLength } = delivery;
    const bytes = Buffer.allocUnsafeSlow(this.sizeBytes);
    this.#bytes = bytes;
    this.#at = 0;
    this.#writeHead();
    this.#bytes = nothing;
    let at = this.#at;
    if (this.version === 5) at += buffer.copy(bytes, at, head.visibleAt, head.visibleEnd);
    buffer.copy(bytes, at, bodyAt, bodyAt + bodyLength);
    return bytes;
  }

  #writeHead(): void {
    const bytes = this.#bytes;
    const flags = (this.isDuplicate ? 8 : 0) | (this.qos << 1) | (this.isRetained ? 1 : 0);
    bytes[this.#at++] = 0x30 | flags;
    this.#writeVariable(this.#remainingLength);
    const topicField = this.#topicField;
    topicField.copy(bytes, this.#at);
    this.#at += topicField.length;
    if (this.qos > 0) this.#writeU16(this.packetId);
    if (this.version === 5) this.#writeProperties();
  }

  #writeProperties(): void {
    this.#writeVariable(this.#propertyLength);
    const bytes = this.#bytes;
    if (this.expirySeconds >= 0) {
      bytes[this.#at] = propertyIds.messageExpiry;
      this.#at = bytes.writeUInt32BE(this.expirySeconds, this.#at + 1);
    }
    if (this.alias > 0) {
      bytes[this.#at++] = propertyIds.topicAlias;
      this.#writeU16(this.alias);
    }
    for (const id of this.ids) {
      bytes[this.#at++] = propertyIds.subscriptionId;
      this.#writeVariable(id);
    }
  }

  #writeU16(value: number): void {
    this.#bytes[this.#at++] = value >>> 8;
    this.#bytes[this.#at++] = value;
  }

  #writeVariable(value: number): void {
    let left = value;
    while (left > 127) {
      this.#bytes[this.#at++] = (left & 127) | 128;
      left >>>= 7;
    }
    this.#bytes[this.#at++] = left;
  }
}

/** An empty topic name. */
const emptyTopic = Buffer.alloc(2);
