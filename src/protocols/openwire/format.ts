// The message format of OpenWire.

import { deadLetterHeaders } from '../../broker/activemq/dead-letter-queue.ts';
import { readDestination } from '../../broker/activemq/destination.ts';
import {
  scheduledHeaderNames,
  scheduledJobId,
  scheduledJobIdHeader,
} from '../../broker/activemq/scheduling/scheduled-headers.ts';
import type { Argument, ArgumentChanges, Arguments } from '../../broker/arguments.ts';
import type { Address } from '../../broker/conversion/properties.ts';
import type { MessageFormat } from '../../broker/format.ts';
import { addressOf, destinationOf } from './address.ts';
import { types } from './codec/commands.gen.ts';
import { noTimeToLive, readHead, writeHead } from './codec/stored-message.ts';
import { fromProperties } from './conversion/from-properties.ts';
import { toMessageId } from './conversion/ids.ts';
import {
  argumentsOf,
  changedProperties,
  countProperties,
  readProperties,
} from './conversion/properties.ts';
import { toProperties } from './conversion/to-properties.ts';

/** The length before a text. */
const textLengthBytes = 4;

/** The functions of the format that the broker needs. */
export const openwireFormat: MessageFormat = {
  name: 'openwire',

  headerCount(buffer: Buffer, start: number, end: number): number {
    return countProperties(readHead(buffer, start, end).marshalledProperties);
  },

  headers(buffer: Buffer, start: number, end: number): Arguments {
    return argumentsOf(readProperties(readHead(buffer, start, end).marshalledProperties));
  },

  expiration(buffer: Buffer, start: number, end: number): string | undefined {
    const { expiration } = readHead(buffer, start, end);
    return expiration < 0 ? undefined : String(expiration);
  },

  deadLetterHead(buffer: Buffer, start: number, end: number, changes: ArgumentChanges): Buffer {
    const head = readHead(buffer, start, end);
    const { [deadLetterHeaders.originalDestination]: original, ...others } = changes;
    if (deadLetterHeaders.originalDestination in changes) {
      const address = original && readDestination(String(original.value), 'queue');
      head.originalDestination = address && destinationOf(address);
    }
    head.expiration = noTimeToLive;
    // Dead letters are persistent.
    if (changes[deadLetterHeaders.originalDeliveryMode] !== undefined) head.persistent = true;
    if (Object.keys(others).length > 0) {
      head.marshalledProperties = changedProperties(head.marshalledProperties, others);
    }
    return writeHead(head);
  },

  deadLetterOrigin(buffer: Buffer, start: number, end: number): Address | undefined {
    const { originalDestination } = readHead(buffer, start, end);
    return originalDestination && addressOf(originalDestination);
  },

  textAt(buffer: Buffer, start: number, end: number): number {
    const { type, compressed } = readHead(buffer, start, end);
    return type === types.TextMessage && !compressed ? textLengthBytes : 0;
  },

  dueHead(
    buffer: Buffer,
    start: number,
    end: number,
    id: number,
    repeatedAtMs: number | undefined,
  ): Buffer {
    const head = readHead(buffer, start, end);
    const changes: Record<string, Argument | undefined> = {};
    for (const name of scheduledHeaderNames) changes[name] = undefined;
    const jobId = scheduledJobId(id);
    changes[scheduledJobIdHeader] = { type: 'longstr', value: jobId };
    head.marshalledProperties = changedProperties(head.marshalledProperties, changes);
    if (repeatedAtMs !== undefined) {
      head.messageId = toMessageId({ type: 'string', value: `${jobId}:${repeatedAtMs}` });
    }
    return writeHead(head);
  },

  toProperties,

  fromProperties,
};
