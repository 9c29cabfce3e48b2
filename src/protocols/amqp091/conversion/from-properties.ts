// Conversion from neutral properties.

import { Writer } from '../../../base/bytes.ts';
import { type Argument, isShortName } from '../../../broker/arguments.ts';
import { fromFields } from '../../../broker/conversion/argument-values.ts';
import { bodyBytes } from '../../../broker/conversion/body-bytes.ts';
import type { Address, Encoded, Properties } from '../../../broker/conversion/properties.ts';
import type { Field, Value } from '../../../broker/conversion/value.ts';
import { type BasicProperties, writeProperties } from '../codec/basic-properties.ts';
import type { FieldTable } from '../codec/tables.ts';
import { carriers } from './carriers.ts';
import { writeId } from './ids.ts';

const secondsMax = 2n ** 64n - 1n;

/** Converts a neutral message to AMQP 0-9-1. The README lists what is lost. */
export function fromProperties(properties: Properties, headBytesMax: number): Encoded {
  const basic = basicOf(properties);
  const carried = carriedBy(properties, basic);
  const names = new Set(Object.keys(carried));
  const fields = [...properties.headers, ...properties.annotations];
  const own = fields.filter(([name]) => !names.has(name) && name !== 'BCC');
  if (properties.body.kind === 'value') basic.contentType ??= 'application/json';
  return { head: headOf(basic, carried, own, headBytesMax), body: bodyBytes(properties.body) };
}

/** The properties of class basic. Values that do not fit a short string are left out. */
function basicOf(properties: Properties): BasicProperties {
  const { priority, ttlMs, createdAtMs } = properties;
  const seconds = createdAtMs === undefined ? -1n : createdAtMs / 1000n;
  const hasTime = createdAtMs !== undefined && createdAtMs >= 0n && seconds <= secondsMax;
  const basic: BasicProperties = { deliveryMode: properties.isDurable ? 2 : 1 };
  if (priority !== undefined) basic.priority = Math.min(255, Math.max(0, Math.trunc(priority)));
  if (ttlMs !== undefined) basic.expiration = String(Math.max(0, Math.trunc(ttlMs)));
  if (hasTime) basic.timestamp = seconds;
  for (const name of [
    'type',
    'contentType',
    'contentEncoding',
    'userId',
    'appId',
    'clusterId',
  ] as const) {
    const value = properties[name];
    if (value !== undefined && isShortName(value)) basic[name] = value;
  }
  const { replyTo } = properties;
  if (replyTo?.kind === 'queue' && isShortName(replyTo.name)) basic.replyTo = replyTo.name;
  return basic;
}

/** Headers for values without a property. Ids among them become properties. */
function carriedBy(properties: Properties, basic: BasicProperties): FieldTable {
  const { createdAtMs, groupSequence } = properties;
  const table: Record<string, Argument> = {};
  const text = (name: string, value: string | undefined) => {
    if (value !== undefined) table[name] = { type: 'longstr', value };
  };
  const id = (value: Value | undefined, longName: string, typeName: string) => {
    if (value === undefined) return undefined;
    const { property, long, type } = writeId(value);
    text(longName, long);
    text(typeName, type);
    return property;
  };
  const messageId = id(properties.messageId, carriers.messageId, carriers.messageIdType);
  const correlationId = id(
    properties.correlationId,
    carriers.correlationId,
    carriers.correlationIdType,
  );
  if (messageId !== undefined) basic.messageId = messageId;
  if (correlationId !== undefined) basic.correlationId = correlationId;
  const { replyTo } = properties;
  if (replyTo?.kind === 'topic') text(carriers.replyToTopic, replyTo.name);
  else if (basic.replyTo === undefined) text(carriers.replyTo, addressText(replyTo));
  text(carriers.to, addressText(properties.to));
  text(carriers.groupId, properties.groupId);
  text(carriers.replyToGroupId, properties.replyToGroupId);
  if (groupSequence !== undefined) {
    table[carriers.groupSequence] = { type: 'long', value: groupSequence };
  }
  if (basic.timestamp !== undefined && createdAtMs !== undefined && createdAtMs % 1000n !== 0n) {
    const ms = Number(createdAtMs);
    if (Number.isSafeInteger(ms)) table[carriers.createdAtMs] = { type: 'long', value: ms };
  }
  if (properties.isRetained) table[carriers.retained] = { type: 'bool', value: true };
  const { kind } = properties.body;
  if (kind === 'text' || kind === 'none') text(carriers.body, kind);
  return table;
}

function addressText(address: Address | undefined): string | undefined {
  return address === undefined ? undefined : `${address.kind}://${address.name}`;
}

/** Encodes the head with as many of the first headers as fit. */
function headOf(
  basic: BasicProperties,
  carried: FieldTable,
  own: readonly Field[],
  bytesMax: number,
): Buffer {
  for (let count = own.length; ; count = Math.floor(count / 2)) {
    const headers = { ...fromFields(own.slice(0, count)), ...carried };
    const isAny = Object.keys(headers).length > 0;
    const head = encode(isAny ? { ...basic, headers } : basic);
    if (head.length <= bytesMax) return head;
    if (count === 0) return encode(basic);
  }
}

function encode(basic: BasicProperties): Buffer {
  const w = new Writer(256);
  writeProperties(w, basic);
  return w.toBuffer();
}
