// Converts neutral properties to an AMQP 1.0 message.

import { encodeText } from '../../../base/byte-text.ts';
import type { Body, Encoded, Properties } from '../../../broker/conversion/properties.ts';
import type { Value } from '../../../broker/conversion/value.ts';
import { addressText } from '../activemq/address.ts';
import { Encoder } from '../codec/encoder.ts';
import { type Entry, type Item, stringItem, symbolItem } from '../codec/items.ts';
import { type Composite, writeComposite } from '../codec/performatives.gen.ts';
import { sections } from '../messages/sections.ts';
import { jmsAnnotations, kindNumber, messageTypeOf, retainProperty } from './jms.ts';
import { distinct, fromValue, idOf } from './values.ts';

const uintMax = 0xffff_ffff;

/** Encodes a message. Headers and annotations that exceed the size of the head are left out. */
export function fromProperties(properties: Properties, headBytesMax: number): Encoded {
  const fixed = [headerOf(properties), propertiesOf(properties)] as const;
  let left = headBytesMax - fixed[0].length - fixed[1].length;
  const annotations = mapSection(
    sections.messageAnnotations,
    [...jmsEntries(properties), ...distinct(properties.annotations, symbolItem)],
    left,
  );
  left -= annotations.length;
  const headers = mapSection(sections.applicationProperties, headersOf(properties), left);
  return {
    head: Buffer.concat([fixed[0], annotations, fixed[1], headers]),
    body: encodeBody(properties.body),
  };
}

function section(composite: Composite): Buffer {
  const w = new Encoder(256);
  writeComposite(w, composite);
  return w.toBuffer();
}

function headerOf({ isDurable, priority, ttlMs }: Properties): Buffer {
  if (!isDurable && priority === undefined && ttlMs === undefined) return Buffer.alloc(0);
  const ttl = ttlMs === undefined ? undefined : Math.min(Math.max(ttlMs, 0), uintMax);
  return section({ code: sections.header, durable: isDurable, priority, ttl });
}

function propertiesOf(properties: Properties): Buffer {
  const { messageId, correlationId, userId, to, replyTo, groupSequence } = properties;
  const composite = {
    code: sections.properties,
    messageId: messageId && idOf(messageId),
    userId: userId === undefined ? undefined : encodeText(userId),
    to: to && stringItem(addressText(to)),
    subject: properties.type,
    replyTo: replyTo && stringItem(addressText(replyTo)),
    correlationId: correlationId && idOf(correlationId),
    contentType: properties.contentType,
    contentEncoding: properties.contentEncoding,
    creationTime: properties.createdAtMs,
    groupId: properties.groupId,
    groupSequence: groupSequence === undefined ? undefined : groupSequence >>> 0,
    replyToGroupId: properties.replyToGroupId,
  } as const;
  const isEmpty = Object.values(composite).every((value, at) => at === 0 || value === undefined);
  return isEmpty ? Buffer.alloc(0) : section(composite);
}

/** Annotations that tell clients of JMS what the message and its addresses are. */
function jmsEntries({ body, to, replyTo }: Properties): Entry[] {
  const byte = (name: string, value: number): Entry => [symbolItem(name), { type: 'byte', value }];
  const { messageType, destination, replyTo: replyToName } = jmsAnnotations;
  return [
    byte(messageType, messageTypeOf(body)),
    ...(to === undefined ? [] : [byte(destination, kindNumber(to))]),
    ...(replyTo === undefined ? [] : [byte(replyToName, kindNumber(replyTo))]),
  ];
}

/** Application properties have values without elements only. */
function headersOf({ headers, isRetained }: Properties): Entry[] {
  const simple = headers.filter(([, { type }]) => type !== 'list' && type !== 'map');
  const retain: Entry[] = isRetained
    ? [[stringItem(retainProperty), { type: 'boolean', value: true }]]
    : [];
  return [...retain, ...distinct(simple, stringItem).filter(([name]) => !isTaken(name, retain))];
}

function isTaken({ value }: Item, retain: readonly Entry[]): boolean {
  return value === retainProperty && retain.length > 0;
}

/** A section that is a map with the first entries that fit; empty if there are none. */
function mapSection(code: number, entries: readonly Entry[], bytesMax: number): Buffer {
  /** Descriptor, code, size and count. */
  let size = 3 + 9;
  const kept: Entry[] = [];
  const w = new Encoder(256);
  for (const entry of entries) {
    w.restart().item({ type: 'map', value: [entry] });
    if (size + w.length - 9 > bytesMax) continue;
    size += w.length - 9;
    kept.push(entry);
  }
  if (kept.length === 0) return Buffer.alloc(0);
  w.restart().descriptor(code);
  w.map(kept);
  return w.toBuffer();
}

function encodeBody(body: Body): Buffer {
  if (body.kind === 'none' && !body.isText) return Buffer.alloc(0);
  const w = new Encoder(256);
  if (body.kind === 'bytes') {
    w.descriptor(sections.data);
    w.binary(body.bytes);
    return w.toBuffer();
  }
  w.descriptor(sections.value);
  const value = valueOfBody(body);
  if (value.type === 'null') w.u8(0x40);
  else w.item(fromValue(value));
  return w.toBuffer();
}

function valueOfBody(body: Exclude<Body, { readonly kind: 'bytes' }>): Value {
  if (body.kind === 'none') return { type: 'null', value: null };
  return body.kind === 'text' ? { type: 'string', value: body.text } : body.value;
}
