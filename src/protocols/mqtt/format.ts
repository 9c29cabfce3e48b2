// The message format of MQTT.

import type { Argument, ArgumentChanges, Arguments } from '../../broker/arguments.ts';
import type { MessageFormat } from '../../broker/format.ts';
import { HeadView, writeHead } from './codec/head.ts';
import { PropertyWriter, propertyIds } from './codec/properties.ts';
import { countPairs, readVisible, type StoredProperties } from './codec/stored-properties.ts';
import { fromProperties } from './conversion/from-properties.ts';
import { toProperties } from './conversion/to-properties.ts';

/** The functions of the format that the broker needs. */
export const mqttFormat: MessageFormat = {
  name: 'mqtt',

  headerCount(buffer: Buffer, start: number, end: number): number {
    const { visibleAt, visibleEnd } = new HeadView().open(buffer, start, end);
    return countPairs(buffer, visibleAt, visibleEnd);
  },

  headers(buffer: Buffer, start: number, end: number): Arguments {
    const { visibleAt, visibleEnd } = new HeadView().open(buffer, start, end);
    const { pairs } = readVisible(buffer, visibleAt, visibleEnd);
    const found = new Map<string, Argument>();
    // Of a repeated name, the first one counts, as in STOMP.
    for (const [name, value] of pairs) {
      if (!found.has(name)) found.set(name, { type: 'longstr', value });
    }
    return Object.fromEntries(found);
  },

  expiration(buffer: Buffer, start: number, end: number): string | undefined {
    const { ttlMs } = new HeadView().open(buffer, start, end);
    return ttlMs < 0 ? undefined : String(ttlMs);
  },

  deadLetterHead(buffer: Buffer, start: number, end: number, changes: ArgumentChanges): Buffer {
    const view = new HeadView().open(buffer, start, end);
    const stored = readVisible(buffer, view.visibleAt, view.visibleEnd);
    const kept = stored.pairs.filter(([name]) => !Object.hasOwn(changes, name));
    const changed = Object.entries(changes).flatMap(([name, value]) => changedPair(name, value));
    const { qos, isRetained, isNative, hidden } = view;
    return writeHead({
      qos,
      isRetained,
      isNative,
      ttlMs: -1,
      ...(hidden !== undefined && { hidden }),
      visible: visibleOf({ ...stored, pairs: [...kept, ...changed] }),
    });
  },

  toProperties,

  fromProperties,
};

/** A changed header, if it can be text. */
function changedPair(name: string, argument: Argument | undefined): [string, string][] {
  if (argument === undefined || argument.value === null) return [];
  const { value } = argument;
  return typeof value === 'object' ? [] : [[name, String(value)]];
}

function visibleOf(stored: StoredProperties): Buffer {
  const writer = new PropertyWriter()
    .byte(propertyIds.payloadFormat, stored.payloadFormat)
    .text(propertyIds.contentType, stored.contentType)
    .text(propertyIds.responseTopic, stored.responseTopic)
    .binary(propertyIds.correlationData, stored.correlationData);
  for (const [name, value] of stored.pairs) writer.pair(name, value);
  return writer.bytes();
}
