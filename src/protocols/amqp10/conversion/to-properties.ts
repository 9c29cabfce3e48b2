// Converts an AMQP 1.0 message to neutral properties.

import { isUtf8 } from 'node:buffer';
import { decodeText } from '../../../base/byte-text.ts';
import type {
  Address,
  Body,
  EncodedMessage,
  Properties,
} from '../../../broker/conversion/properties.ts';
import { emptyProperties } from '../../../broker/conversion/properties.ts';
import type { Field } from '../../../broker/conversion/value.ts';
import { readAddress } from '../activemq/address.ts';
import { type Entry, entryOf, type Item, textOf } from '../codec/items.ts';
import { sections } from '../messages/sections.ts';
import { sectionsOf } from '../messages/stored-head.ts';
import { jmsAnnotations, retainProperty } from './jms.ts';
import { readHead, readItem } from './read-head.ts';
import { idValue, toFields, toValue } from './values.ts';

/** Converts an AMQP 1.0 message to neutral properties. */
export function toProperties(message: EncodedMessage): Properties {
  const { buffer, headAt, headLength } = message;
  const head = readHead(buffer, headAt, headAt + headLength);
  const { header, properties, annotations, applicationProperties } = head;
  const contentType = textOf(properties[6]);
  const headers = toFields(applicationProperties);
  const retained = headers.findIndex(isRetain);
  return {
    ...emptyProperties,
    isDurable: header[0]?.value === true,
    priority: numberOf(header[1]),
    ttlMs: numberOf(header[2]),
    messageId: idValue(properties[0]),
    userId: userOf(properties[1]),
    to: addressOf(properties[2], annotations, jmsAnnotations.destination),
    type: textOf(properties[3]),
    replyTo: addressOf(properties[4], annotations, jmsAnnotations.replyTo),
    correlationId: idValue(properties[5]),
    contentType,
    contentEncoding: textOf(properties[7]),
    createdAtMs: properties[9]?.type === 'timestamp' ? properties[9].value : undefined,
    groupId: textOf(properties[10]),
    groupSequence: signed(numberOf(properties[11])),
    replyToGroupId: textOf(properties[12]),
    isRetained: retained >= 0,
    headers: retained < 0 ? headers : headers.toSpliced(retained, 1),
    annotations: toFields(annotations).filter(([name]) => !jmsNames.has(name)),
    body: bodyOf(message, contentType),
  };
}

const jmsNames = new Set<string>(Object.values(jmsAnnotations));

function isRetain([name, { value }]: Field): boolean {
  return name === retainProperty && value === true;
}

function numberOf(item: Item | undefined): number | undefined {
  return item?.type === 'uint' || item?.type === 'ubyte' ? item.value : undefined;
}

/** JMS's group sequence has 32 bits and a sign. */
function signed(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value | 0;
}

function userOf(item: Item | undefined): string | undefined {
  if (item?.type === 'binary') return decodeText(item.value, 0, item.value.length);
  return textOf(item);
}

/** The kinds of addresses, in the order of the annotations' values. */
const kinds: readonly Address['kind'][] = ['queue', 'topic', 'temporary-queue', 'temporary-topic'];

function addressOf(
  item: Item | undefined,
  annotations: readonly Entry[],
  annotation: string,
): Address | undefined {
  const text = textOf(item);
  if (text === undefined) return undefined;
  const kind = entryOf(annotations, annotation)?.value;
  return readAddress(text, kinds[Number(kind ?? 0)] ?? 'queue');
}

/** Content types of text, for bodies of data sections. */
const textual = /^(text\/|application\/([\w.-]+\+)?(xml|json|javascript|x-www-form-urlencoded)\b)/i;

function bodyOf({ buffer, bodyAt, bodyLength }: EncodedMessage, contentType?: string): Body {
  const end = bodyAt + bodyLength;
  const found = sectionsOf(buffer, bodyAt, end);
  const [first] = found;
  if (first === undefined) {
    return bodyLength === 0
      ? { kind: 'none' }
      : { kind: 'bytes', bytes: copyOf(buffer, bodyAt, end) };
  }
  const items: Item[] = [];
  for (const { code, valueAt, end: valueEnd } of found) {
    if (code !== first.code) continue;
    const item = readItem(buffer, valueAt, valueEnd);
    if (item === undefined) return { kind: 'bytes', bytes: copyOf(buffer, bodyAt, end) };
    items.push(item);
  }
  if (first.code === sections.data) return dataBody(items, contentType);
  if (first.code === sections.value) return valueBody(items[0]);
  if (first.code !== sections.sequence) return { kind: 'none' };
  const elements = items.flatMap((item) => (item.type === 'list' ? item.value : []));
  return { kind: 'value', value: { type: 'list', value: elements.map(toValue) } };
}

function copyOf(buffer: Buffer, at: number, end: number): Buffer {
  return Buffer.from(buffer.subarray(at, end));
}

function dataBody(items: readonly Item[], contentType: string | undefined): Body {
  const bytes = Buffer.concat(items.flatMap((item) => (item.type === 'binary' ? item.value : [])));
  const isText = contentType !== undefined && textual.test(contentType) && isUtf8(bytes);
  return isText ? { kind: 'text', text: bytes.toString() } : { kind: 'bytes', bytes };
}

function valueBody(item: Item | undefined): Body {
  if (item === undefined) return { kind: 'none' };
  // Text that is null, as in ActiveMQ.
  if (item.type === 'null') return { kind: 'none', isText: true };
  if (item.type === 'string') return { kind: 'text', text: item.value };
  if (item.type === 'binary') return { kind: 'bytes', bytes: item.value };
  return { kind: 'value', value: toValue(item) };
}
