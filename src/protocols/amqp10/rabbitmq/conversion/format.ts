// The message format of AMQP 1.0 for brokers of RabbitMQ's type.

import type { Argument, ArgumentChanges, Arguments } from '../../../../broker/arguments.ts';
import type { MessageFormat, RoutedProperty } from '../../../../broker/format.ts';
import { delayMsOf } from '../../../../broker/schedule/delay-header.ts';
import {
  type Entry,
  type Item,
  nullItem,
  stringItem,
  symbolItem,
  textOf,
} from '../../codec/items.ts';
import { fromArgument, toArgument } from '../../conversion/arguments.ts';
import { readHead } from '../../conversion/read-head.ts';
import { changedHead } from '../../messages/changed-head.ts';
import { deathArgument, deathsFromArgument } from './deaths.ts';
import { fromProperties } from './from-properties.ts';
import { idText } from './ids.ts';
import { annotationNames, headerNames, isXName } from './names.ts';
import { toProperties } from './to-properties.ts';

/** Positions in the list of the header. */
const ttlAt = 2;

const delayName = 'x-delay';

/** The functions of the format that the broker needs. */
export const rabbitMqFormat: MessageFormat = {
  name: 'amqp10',
  hasSenderKeys: true,

  headerCount(buffer: Buffer, start: number, end: number): number {
    const { annotations, applicationProperties } = readHead(buffer, start, end);
    return annotations.length + applicationProperties.length;
  },

  /** Application properties, and annotations with the names of the headers of AMQP 0-9-1. */
  headers(buffer: Buffer, start: number, end: number): Arguments {
    const { annotations, applicationProperties } = readHead(buffer, start, end);
    const table: Record<string, Argument> = Object.create(null);
    addProperties(table, applicationProperties);
    addAnnotations(table, annotations);
    return table;
  },

  routedProperty(
    buffer: Buffer,
    start: number,
    end: number,
    name: RoutedProperty,
  ): string | undefined {
    const { properties } = readHead(buffer, start, end);
    if (name !== 'timestamp') return idText(properties[name === 'message_id' ? 0 : 5]);
    const created = properties[9];
    return created?.type === 'timestamp' ? String(created.value / 1000n) : undefined;
  },

  expiration(buffer: Buffer, start: number, end: number): string | undefined {
    const ttl = readHead(buffer, start, end).header[ttlAt];
    return ttl?.type === 'uint' ? String(ttl.value) : undefined;
  },

  /** The bare message stays as it is. Deaths are annotations. */
  deadLetterHead(buffer: Buffer, start: number, end: number, changes: ArgumentChanges): Buffer {
    return changedHead(buffer, start, end, {
      header: new Map([[ttlAt, nullItem]]),
      annotations: (entries) => changed(entries, changes),
    });
  },

  /** Makes an annotation `x-delay` negative, as RabbitMQ's plugin does. */
  dueHead(buffer: Buffer, start: number, end: number): Buffer | undefined {
    const delay = this.headers(buffer, start, end)[delayName];
    const delayMs = delay === undefined ? 0 : delayMsOf(delay);
    if (delayMs <= 0) return undefined;
    const value = -Math.min(delayMs, Number.MAX_SAFE_INTEGER);
    const changes: ArgumentChanges = { [delayName]: { type: 'long', value } };
    return changedHead(buffer, start, end, { annotations: (all) => changed(all, changes) });
  },

  toProperties,

  fromProperties,
};

/** Adds application properties to a table of headers. */
function addProperties(
  table: Record<string, Argument>,
  applicationProperties: readonly Entry[],
): void {
  for (const [key, value] of applicationProperties) {
    const [name, argument] = [textOf(key), toArgument(value)];
    if (name === undefined || argument === undefined || isReserved(name)) continue;
    table[name] ??= argument;
  }
}

/** Adds annotations to a table of headers. */
function addAnnotations(table: Record<string, Argument>, annotations: readonly Entry[]): void {
  for (const [key, value] of annotations) {
    const name = textOf(key) ?? '';
    if (name === annotationNames.cc) table[headerNames.cc] = keysOf(value);
    else if (name === annotationNames.deaths) table[headerNames.deaths] = deathArgument(value);
    else if (isXName(name) && name !== headerNames.deaths) {
      const argument = toArgument(value);
      if (argument !== undefined) table[name] = argument;
    }
  }
}

/** Headers of AMQP 0-9-1 that are annotations here. */
function isReserved(name: string): boolean {
  return name === headerNames.cc || name === headerNames.bcc || name === headerNames.deaths;
}

function keysOf(item: Item): Argument {
  const keys = item.type === 'list' ? item.value.flatMap((key) => textOf(key) ?? []) : [];
  return { type: 'array', value: keys.map((value): Argument => ({ type: 'longstr', value })) };
}

/** The annotation for a header of AMQP 0-9-1. */
function annotationOf(name: string): string | undefined {
  if (name === headerNames.cc) return annotationNames.cc;
  if (name === headerNames.deaths) return annotationNames.deaths;
  return isXName(name) ? name : undefined;
}

function changed(entries: readonly Entry[], changes: ArgumentChanges): Entry[] {
  const replaced = new Set(Object.keys(changes).flatMap((name) => annotationOf(name) ?? []));
  const kept = entries.filter(([key]) => !replaced.has(textOf(key) ?? ''));
  const added = Object.entries(changes).flatMap(([header, argument]): Entry[] => {
    const name = annotationOf(header);
    if (name === undefined || argument === undefined) return [];
    const value = itemOf(name, argument);
    return value === undefined ? [] : [[symbolItem(name), value]];
  });
  return [...kept, ...added];
}

function itemOf(name: string, argument: Argument): Item | undefined {
  if (name === annotationNames.deaths) return deathsFromArgument(argument);
  if (name !== annotationNames.cc) return fromArgument(argument);
  const keys = Array.isArray(argument.value) ? (argument.value as readonly Argument[]) : []; // the type determines the value
  return { type: 'list', value: keys.map(({ value }) => stringItem(String(value))) };
}
