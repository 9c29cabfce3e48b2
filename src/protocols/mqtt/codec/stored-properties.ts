// The properties of MQTT 5 that are stored with a message.

import { MqttError } from '../errors.ts';
import { FieldReader } from './fields.ts';
import { type PropertyList, PropertyWriter, propertyIds } from './properties.ts';

/** Properties of a message that are delivered unaltered. */
export interface StoredProperties {
  payloadFormat: number | undefined;
  contentType: string | undefined;
  responseTopic: string | undefined;
  correlationData: Buffer | undefined;
  /** The user properties, in order. */
  pairs: (readonly [name: string, value: string])[];
}

/** Encodes the properties of a PUBLISH packet or a will for the head of the message. */
export function visibleBytes(list: PropertyList): Buffer {
  const writer = new PropertyWriter()
    .byte(propertyIds.payloadFormat, list.number(propertyIds.payloadFormat))
    .text(propertyIds.contentType, list.text(propertyIds.contentType))
    .text(propertyIds.responseTopic, list.text(propertyIds.responseTopic))
    .binary(propertyIds.correlationData, list.binary(propertyIds.correlationData));
  for (const [name, value] of list.pairs) writer.pair(name, value);
  return writer.bytes();
}

/** Reads what {@link visibleBytes} has encoded. Reading ends where the bytes are damaged. */
export function readVisible(buffer: Buffer, start: number, end: number): StoredProperties {
  const found: StoredProperties = {
    payloadFormat: undefined,
    contentType: undefined,
    responseTopic: undefined,
    correlationData: undefined,
    pairs: [],
  };
  const fields = new FieldReader().open(buffer, start, end);
  try {
    while (fields.left > 0 && readOne(fields, found));
  } catch (thrown) {
    if (!(thrown instanceof MqttError)) throw thrown;
  }
  return found;
}

function readOne(fields: FieldReader, found: StoredProperties): boolean {
  switch (fields.u8()) {
    case propertyIds.payloadFormat:
      found.payloadFormat = fields.u8();
      return true;
    case propertyIds.contentType:
      found.contentType = fields.text();
      return true;
    case propertyIds.responseTopic:
      found.responseTopic = fields.text();
      return true;
    case propertyIds.correlationData:
      found.correlationData = Buffer.from(fields.binary());
      return true;
    case propertyIds.userProperty:
      found.pairs.push([fields.text(), fields.text()]);
      return true;
    default:
      return false;
  }
}

/** The number of user properties, without decoding them. */
export function countPairs(buffer: Buffer, start: number, end: number): number {
  let count = 0;
  const u16 = (at: number): number => ((buffer[at] ?? 0) << 8) | (buffer[at + 1] ?? 0);
  for (let at = start; at < end; ) {
    const id = buffer[at++];
    if (id === propertyIds.payloadFormat) at++;
    else at += 2 + u16(at);
    if (id !== propertyIds.userProperty) continue;
    at += 2 + u16(at);
    count++;
  }
  return count;
}
