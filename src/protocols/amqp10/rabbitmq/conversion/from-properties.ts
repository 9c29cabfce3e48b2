// Converts neutral properties to an AMQP 1.0 message, as RabbitMQ converts AMQP 0-9-1 messages.

import { encodeText } from '../../../../base/byte-text.ts';
import { isShortName } from '../../../../broker/arguments.ts';
import { bodyBytes } from '../../../../broker/conversion/body-bytes.ts';
import type { Address, Encoded, Properties } from '../../../../broker/conversion/properties.ts';
import type { Field, Value } from '../../../../broker/conversion/value.ts';
import { Encoder } from '../../codec/encoder.ts';
import { type Entry, type Item, stringItem, symbolItem } from '../../codec/items.ts';
import { type Composite, writeComposite } from '../../codec/performatives.gen.ts';
import { sections } from '../../messages/sections.ts';
import { exchangeAddress, queueAddress } from '../addresses.ts';
import { isBody } from './body.ts';
import { deathsFromValue } from './deaths.ts';
import { idItem } from './ids.ts';
import { annotationNames, headerNames, isXName, sectionsType } from './names.ts';

const uintMax = 0xffff_ffff;

/** Encodes a message. Headers that exceed the size of the head are left out. */
export function fromProperties(properties: Properties, headBytesMax: number): Encoded {
  const header = headerOf(properties);
  const basic = propertiesOf(properties);
  let left = headBytesMax - header.length - basic.length;
  const annotations = mapSection(sections.messageAnnotations, annotationsOf(properties), left);
  left -= annotations.length;
  const applicationProperties = mapSection(
    sections.applicationProperties,
    applicationPropertiesOf(properties),
    left,
  );
  return {
    head: Buffer.concat([header, annotations, basic, applicationProperties]),
    body: bodyOf(properties),
  };
}

function section(composite: Composite): Buffer {
  const w = new Encoder(256);
  writeComposite(w, composite);
  return w.toBuffer();
}

function headerOf({ isDurable, priority, ttlMs }: Properties): Buffer {
  const ttl = ttlMs === undefined ? undefined : Math.min(Math.max(ttlMs, 0), uintMax);
  return section({ code: sections.header, durable: isDurable, priority, ttl });
}

function propertiesOf(properties: Properties): Buffer {
  const { userId, replyTo, createdAtMs } = properties;
  const composite = {
    code: sections.properties,
    messageId: idItem(properties.messageId),
    userId: userId === undefined ? undefined : encodeText(userId),
    replyTo: replyTo && stringItem(addressOf(replyTo)),
    correlationId: idItem(properties.correlationId),
    contentType: properties.contentType,
    contentEncoding: properties.contentEncoding,
    creationTime: createdAtMs,
    groupId: properties.appId ?? properties.groupId,
  } as const;
  const isEmpty = Object.values(composite).every((value, at) => at === 0 || value === undefined);
  return isEmpty ? Buffer.alloc(0) : section(composite);
}

/** The address for replies. Topics are those of MQTT. */
function addressOf({ kind, name }: Address): string {
  return kind === 'topic' ? exchangeAddress('amq.topic', name) : queueAddress(name);
}

/** Headers with the prefix `x-` become annotations. */
function annotationsOf({ headers, annotations, type }: Properties): Entry[] {
  const found = new Map<string, Entry>();
  for (const [name, value] of [...headers, ...annotations]) {
    const entry = annotationOf(name, value);
    if (entry !== undefined && !found.has(name)) found.set(name, entry);
  }
  const entries = [...found.values()];
  if (type !== undefined) entries.push([symbolItem(annotationNames.basicType), stringItem(type)]);
  return entries;
}

function annotationOf(name: string, value: Value): Entry | undefined {
  if (name === headerNames.cc && value.type === 'list') {
    return [symbolItem(annotationNames.cc), itemOf(value)];
  }
  if (name === headerNames.deaths) {
    return [symbolItem(annotationNames.deaths), deathsFromValue(value)];
  }
  return isXName(name) ? [symbolItem(name), itemOf(value)] : undefined;
}

/** Other headers become application properties, which have no lists and maps. */
function applicationPropertiesOf({ headers }: Properties): Entry[] {
  const found = new Map<string, Entry>();
  for (const [name, value] of headers) {
    const isSimple = value.type !== 'list' && value.type !== 'map';
    if (!isSimple || isXName(name) || found.has(name)) continue;
    found.set(name, [stringItem(name), itemOf(value)]);
  }
  return [...found.values()];
}

/** Text of more than 255 bytes is binary, as it may be anything in AMQP 0-9-1. */
function itemOf(value: Value): Item {
  if (value.type === 'list') return { type: 'list', value: value.value.map(itemOf) };
  if (value.type === 'map') return { type: 'map', value: value.value.map(entryOfField) };
  if (value.type === 'string' && !(isShortName(value.value) && value.value.isWellFormed())) {
    return { type: 'binary', value: encodeText(value.value) };
  }
  return value;
}

function entryOfField([name, value]: Field): Entry {
  return [symbolItem(name), itemOf(value)];
}

/** A section that is a map with the first entries that fit; empty if there are none. */
function mapSection(code: number, entries: readonly Entry[], bytesMax: number): Buffer {
  /** Descriptor, code, size and count. */
  let size = 3 + 9;
  const kept: Entry[] = [];
  const w = new Encoder(256);
  for (const entry of entries) {
    w.restart().item({ type: 'map', value: [entry] });
    if (size + w.length > bytesMax) continue;
    size += w.length;
    kept.push(entry);
  }
  if (kept.length === 0) return Buffer.alloc(0);
  w.restart().descriptor(code);
  w.map(kept);
  return w.toBuffer();
}

function bodyOf({ body, type }: Properties): Buffer {
  const bytes = bodyBytes(body);
  if (type === sectionsType && isBody(bytes)) return bytes;
  const w = new Encoder(bytes.length + 16);
  w.descriptor(sections.data);
  w.binary(bytes);
  return w.toBuffer();
}
