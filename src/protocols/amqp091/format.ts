// The message format of AMQP 0-9-1.

import { decodeText } from '../../base/byte-text.ts';
import { Reader } from '../../base/bytes.ts';
import {
  type Argument,
  type ArgumentChanges,
  type Arguments,
  noArguments,
} from '../../broker/arguments.ts';
import type { MessageFormat, RoutedProperty } from '../../broker/format.ts';
import { delayMsOf } from '../../broker/schedule/delay-header.ts';
import { changedHead, HeadScan } from './codec/properties.ts';
import { countFields, readField, readTable } from './codec/tables.ts';
import { fromProperties } from './conversion/from-properties.ts';
import { toProperties } from './conversion/to-properties.ts';

const scan = new HeadScan();

/** Operations on AMQP 0-9-1 messages. Heads are property flags and the property list (4.2.6.1). */
export const amqp091Format: MessageFormat = {
  name: 'amqp091',
  hasSenderKeys: true,

  headerCount(buffer: Buffer, start: number, end: number): number {
    scan.scan(buffer, start, end);
    return scan.headersAt < 0 ? 0 : countFields(buffer, scan.headersAt);
  },

  headers(buffer: Buffer, start: number, end: number): Arguments {
    scan.scan(buffer, start, end);
    return scan.headersAt < 0 ? noArguments : readTable(new Reader(buffer, scan.headersAt, end));
  },

  /** Decodes only that header. */
  header(buffer: Buffer, start: number, end: number, name: string): Argument | undefined {
    scan.scan(buffer, start, end);
    return scan.headersAt < 0 ? undefined : readField(buffer, scan.headersAt, name);
  },

  routedProperty(
    buffer: Buffer,
    start: number,
    end: number,
    name: RoutedProperty,
  ): string | undefined {
    scan.scan(buffer, start, end);
    const { timestampAt, messageIdAt, correlationIdAt } = scan;
    if (name !== 'timestamp') {
      return shortStringAt(buffer, name === 'message_id' ? messageIdAt : correlationIdAt);
    }
    return timestampAt < 0 ? undefined : String(buffer.readBigUInt64BE(timestampAt));
  },

  expiration(buffer: Buffer, start: number, end: number): string | undefined {
    scan.scan(buffer, start, end);
    return shortStringAt(buffer, scan.expirationAt);
  },

  deadLetterHead(buffer: Buffer, start: number, end: number, headers: ArgumentChanges): Buffer {
    return changedHead(buffer, start, end, { headers, dropsExpiration: true });
  },

  /**
   * Makes a header `x-delay` negative, as RabbitMQ's plugin does, so that the message is delayed
   * only once.
   */
  dueHead(buffer: Buffer, start: number, end: number): Buffer | undefined {
    const delay = this.headers(buffer, start, end)['x-delay'];
    const delayMs = delay === undefined ? 0 : delayMsOf(delay);
    if (delayMs <= 0) return undefined;
    const value = -Math.min(delayMs, Number.MAX_SAFE_INTEGER);
    return changedHead(buffer, start, end, { headers: { 'x-delay': { type: 'long', value } } });
  },

  toProperties,

  fromProperties,
};

/**
 * The head that receivers may see: without the header `BCC`, and with `x-delivery-count` after
 * failed deliveries.
 */
export function visibleHead(buffer: Buffer, start: number, end: number, deliveryCount = 0): Buffer {
  const count = { 'x-delivery-count': { type: 'long', value: deliveryCount } } as const;
  const headers = deliveryCount === 0 ? { BCC: undefined } : { BCC: undefined, ...count };
  return changedHead(buffer, start, end, { headers });
}

/** The short string whose length byte is at an offset; undefined for negative offsets. */
export function shortStringAt(bytes: Buffer, at: number): string | undefined {
  if (at < 0) return undefined;
  return decodeText(bytes, at + 1, at + 1 + bytes.readUInt8(at));
}
