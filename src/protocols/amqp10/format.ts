// The message format of AMQP 1.0.

import type { Argument, ArgumentChanges, Arguments } from '../../broker/arguments.ts';
import type { MessageFormat } from '../../broker/format.ts';
import { Decoder } from './codec/decoder.ts';
import { Encoder } from './codec/encoder.ts';
import { type Entry, type Item, nullItem, stringItem, textOf } from './codec/items.ts';
import { fromArgument, toArgument } from './conversion/arguments.ts';
import { fromProperties } from './conversion/from-properties.ts';
import { toProperties } from './conversion/to-properties.ts';
import { sections } from './messages/sections.ts';
import { type FoundSection, sectionsOf } from './messages/stored-head.ts';

/** Positions in the lists of the header and the properties. */
const ttlAt = 2;
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
    const found = sectionsOf(buffer, start, end);
    const w = new Encoder(end - start + 512);
    w.raw(buffer, start, found[0]?.at ?? end);
    for (const section of found) {
      if (section.code === sections.header) writeWithout(w, buffer, section, ttlAt);
      else if (section.code === sections.properties) {
        writeWithout(w, buffer, section, absoluteExpiryAt);
      } else if (section.code !== sections.applicationProperties) {
        w.raw(buffer, section.at, section.end);
      }
    }
    const entries = changed(applicationProperties(buffer, start, end), changes);
    if (entries.length > 0) {
      w.descriptor(sections.applicationProperties);
      w.map(entries);
    }
    return w.toBuffer();
  },

  toProperties,

  fromProperties,
};

/** Copies a section that is a list, with null for one element. */
function writeWithout(w: Encoder, buffer: Buffer, section: FoundSection, without: number): void {
  const { at, valueAt, end } = section;
  const item = decoder.reset(buffer, valueAt, end).item();
  const element = item.type === 'list' ? item.value[without] : undefined;
  if (item.type !== 'list' || element === undefined || element.type === 'null') {
    w.raw(buffer, at, end);
    return;
  }
  w.raw(buffer, at, valueAt);
  w.item({ type: 'list', value: item.value.map((each, n) => (n === without ? nullItem : each)) });
}

function changed(entries: readonly Entry[], changes: ArgumentChanges): Entry[] {
  const kept = entries.filter(([key]) => !Object.hasOwn(changes, textOf(key) ?? ''));
  const added = Object.entries(changes).flatMap(([name, argument]): Entry[] => {
    const value: Item | undefined = argument === undefined ? undefined : fromArgument(argument);
    return value === undefined ? [] : [[stringItem(name), value]];
  });
  return [...kept, ...added];
}
