// The message format of STOMP.

import { deadLetterHeaders } from '../../../broker/activemq/dead-letter-queue.ts';
import { readDestination } from '../../../broker/activemq/destination.ts';
import {
  scheduledHeaderNames,
  scheduledJobId,
  scheduledJobIdHeader,
} from '../../../broker/activemq/scheduling/scheduled-headers.ts';
import type { Argument, ArgumentChanges, Arguments } from '../../../broker/arguments.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import type { TargetFormat } from '../../../broker/conversion/target-format.ts';
import type { MessageFormat } from '../../../broker/format.ts';
import { destinationText, readDestinationText } from './address.ts';
import { countLines, type HeadLine, propertyNames, readHead, writeHead } from './codec/head.ts';
import { fromProperties } from './conversion/from-properties.ts';
import { toProperties } from './conversion/to-properties.ts';
import { subscriptionTransformation, withTransformation } from './conversion/transformations.ts';

/** The original destination of a dead letter, as STOMP clients write it. */
const originHeader = 'original-destination';

/** The functions of the format that the broker needs. */
export const stompFormat: MessageFormat = {
  name: 'stomp',

  headerCount: countLines,

  headers(buffer: Buffer, start: number, end: number): Arguments {
    const lines = readHead(buffer, start, end).filter(([name]) => !propertyNames.has(name));
    return Object.fromEntries(
      lines.map(([name, value]): [string, Argument] => [name, { type: 'longstr', value }]),
    );
  },

  expiration(buffer: Buffer, start: number, end: number): string | undefined {
    return readHead(buffer, start, end).find(([name]) => name === 'expires')?.[1];
  },

  deadLetterHead(buffer: Buffer, start: number, end: number, changes: ArgumentChanges): Buffer {
    const changed = Object.entries(changes).flatMap(([name, value]) => changedLine(name, value));
    // Dead letters are persistent.
    if (changes[deadLetterHeaders.originalDeliveryMode] !== undefined) {
      changed.push(['persistent', 'true']);
    }
    const replaced = Object.keys(changes).map((name) =>
      name === deadLetterHeaders.originalDestination ? originHeader : name,
    );
    const names = new Set([...changed.map(([name]) => name), ...replaced, 'expires']);
    const kept = readHead(buffer, start, end).filter(([name]) => !names.has(name));
    return writeHead([...kept, ...changed]);
  },

  deadLetterOrigin(buffer: Buffer, start: number, end: number): Address | undefined {
    const line = readHead(buffer, start, end).find(([name]) => name === originHeader);
    return line && readDestinationText(line[1]);
  },

  dueHead(
    buffer: Buffer,
    start: number,
    end: number,
    id: number,
    repeatedAtMs: number | undefined,
  ): Buffer {
    const jobId = scheduledJobId(id);
    const lines = readHead(buffer, start, end).flatMap(([name, value]): HeadLine[] => {
      if (scheduledHeaderNames.has(name) || name === scheduledJobIdHeader) return [];
      const isNew = name === 'message-id' && repeatedAtMs !== undefined;
      return [[name, isNew ? `${jobId}:${repeatedAtMs}` : value]];
    });
    return writeHead([...lines, [scheduledJobIdHeader, jobId]]);
  },

  toProperties,

  fromProperties,
};

/** By the name of the transformation: subscriptions share an object, and so its last conversions. */
const transforming = new Map<string, TargetFormat>();

/**
 * Returns the encoding of messages for a subscription that asks for a transformation; undefined if that
 * does not concern maps.
 *
 * @param header the value of the header `transformation` of SUBSCRIBE
 */
export function transformingFormat(header: string | undefined): TargetFormat | undefined {
  const transformation = subscriptionTransformation(header);
  if (transformation === undefined) return undefined;
  const found: TargetFormat = transforming.get(transformation) ?? {
    name: 'stomp',
    terms: { transformation },
    fromProperties: (properties, headBytesMax) =>
      fromProperties(withTransformation(properties, transformation), headBytesMax),
  };
  transforming.set(transformation, found);
  return found;
}

/** Encodes a changed header, if it can be text. */
function changedLine(name: string, argument: Argument | undefined): HeadLine[] {
  if (argument === undefined || argument.value === null) return [];
  const { value } = argument;
  if (typeof value === 'object') return [];
  const text = String(value);
  if (name !== deadLetterHeaders.originalDestination) return [[name, text]];
  return [[originHeader, destinationText(readDestination(text, 'queue'))]];
}
