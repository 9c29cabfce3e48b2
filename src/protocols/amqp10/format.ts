// The message format of AMQP 1.0.

import { deadLetterHeaders } from '../../broker/activemq/dead-letter-queue.ts';
import {
  scheduledHeaderNames,
  scheduledJobId,
  scheduledJobIdHeader,
} from '../../broker/activemq/scheduling/scheduled-headers.ts';
import type { Argument, ArgumentChanges, Arguments } from '../../broker/arguments.ts';
import type { Address } from '../../broker/conversion/properties.ts';
import type { TargetFormat } from '../../broker/conversion/target-format.ts';
import type { MessageFormat } from '../../broker/format.ts';
import { Decoder } from './codec/decoder.ts';
import { type Entry, type Item, nullItem, stringItem, textOf } from './codec/items.ts';
import { fromArgument, toArgument } from './conversion/arguments.ts';
import { fromProperties } from './conversion/from-properties.ts';
import { isScheduleAnnotation } from './conversion/schedule.ts';
import { toProperties } from './conversion/to-properties.ts';
import { changedHead } from './messages/changed-head.ts';
import { sections } from './messages/sections.ts';
import { type FoundSection, sectionsOf } from './messages/stored-head.ts';

/** Positions in the list of the header. */
const durableAt = 0;
const ttlAt = 2;

/** Positions in the list of the properties. */
const messageIdAt = 0;
const absoluteExpiryAt = 8;

const decoder = new Decoder();

function find(buffer: Buffer, start: number, end: number, code: number): FoundSection | undefined {
  return sectionsOf(buffer, start, end).find((section) => section.code === code);
}

/** The application properties of a head, which was checked when the message was received. */
function applicationProperties(buffer: Buffer, start: number, end: number): readonly Entry[] {
  const found = find(buffer, start, end, sections.applicationProperties);
  if (found === undefined) return [];
  return decoder.reset(buffer, found.valueAt, found.end).map() ?? [];
}

/** The functions of the format that the broker needs. */
export const amqp10Format: MessageFormat = {
  name: 'amqp10',

  headerCount(buffer: Buffer, start: number, end: number): number {
    return applicationProperties(buffer, start, end).length;
  },

  headers(buffer: Buffer, start: number, end: number): Arguments {
    const table: Record<string, Argument> = Object.create(null);
    for (const [key, value] of applicationProperties(buffer, start, end)) {
      const [name, argument] = [textOf(key), toArgument(value)];
      if (name !== undefined && argument !== undefined) table[name] ??= argument;
    }
    return table;
  },

  expiration(buffer: Buffer, start: number, end: number): string | undefined {
    const found = find(buffer, start, end, sections.header);
    if (found === undefined) return undefined;
    const header = decoder.reset(buffer, found.valueAt, found.end).item();
    const ttl = header.type === 'list' ? header.value[ttlAt] : undefined;
    return ttl?.type === 'uint' ? String(ttl.value) : undefined;
  },

  deadLetterHead(buffer: Buffer, start: number, end: number, changes: ArgumentChanges): Buffer {
    const header = new Map<number, Item>([[ttlAt, nullItem]]);
    // Dead letters are persistent.
    if (changes[deadLetterHeaders.originalDeliveryMode] !== undefined) {
      header.set(durableAt, { type: 'boolean', value: true });
    }
    return changedHead(buffer, start, end, {
      header,
      properties: new Map([[absoluteExpiryAt, nullItem]]),
      applicationProperties: (entries) => changed(entries, changes),
    });
  },

  dueHead(
    buffer: Buffer,
    start: number,
    end: number,
    id: number,
    repeatedAtMs: number | undefined,
  ): Buffer {
    const jobId = scheduledJobId(id);
    const messageId =
      repeatedAtMs === undefined ? undefined : stringItem(`${jobId}:${repeatedAtMs}`);
    return changedHead(buffer, start, end, {
      ...(messageId !== undefined && { properties: new Map([[messageIdAt, messageId]]) }),
      annotations: (entries) => entries.filter((entry) => !isScheduleAnnotation(entry)),
      applicationProperties: (entries) => [
        ...entries.filter(([key]) => !isScheduleHeader(textOf(key) ?? '')),
        [stringItem(scheduledJobIdHeader), stringItem(jobId)],
      ],
    });
  },

  toProperties,

  fromProperties,
};

/** The same format for messages that state the destination from which they come. */
export function formatWithDestination(to: Address): TargetFormat {
  return {
    name: 'amqp10',
    terms: { to },
    fromProperties: (properties, bytesMax) => fromProperties({ ...properties, to }, bytesMax),
  };
}

function isScheduleHeader(name: string): boolean {
  return scheduledHeaderNames.has(name) || name === scheduledJobIdHeader;
}

function changed(entries: readonly Entry[], changes: ArgumentChanges): Entry[] {
  const kept = entries.filter(([key]) => !Object.hasOwn(changes, textOf(key) ?? ''));
  const added = Object.entries(changes).flatMap(([name, argument]): Entry[] => {
    const value: Item | undefined = argument === undefined ? undefined : fromArgument(argument);
    return value === undefined ? [] : [[stringItem(name), value]];
  });
  return [...kept, ...added];
}
