// Converts neutral properties to an OpenWire message.

import {
  annotationPrefix,
  type Encoded,
  type Properties,
} from '../../../broker/conversion/properties.ts';
import { type Field, textValue } from '../../../broker/conversion/value.ts';
import { destinationOf } from '../address.ts';
import { type Message, plainMessage } from '../codec/commands.gen.ts';
import { encodeEntry, joinEntries } from '../codec/primitives.ts';
import { noTimeToLive, unset, writeHead } from '../codec/stored-message.ts';
import { javaObjectType, writeBody } from './bodies.ts';
import { idToText, toMessageId } from './ids.ts';
import { isFieldName, propertyNames } from './to-properties.ts';

const nothing = Buffer.alloc(0);
/** Bytes of a map without entries, and of its length. */
const mapBytes = 8;

/** Encodes a message for OpenWire. */
export function fromProperties(properties: Properties, headBytesMax: number): Encoded {
  const isObject = properties.contentType === javaObjectType && properties.body.kind === 'bytes';
  const { type, content } = writeBody(properties.body, isObject);
  const message = { ...ownFields(properties), type, content } as Message; // all have these fields
  const room = headBytesMax - writeHead(message).length - mapBytes;
  const entries = entriesOf(properties, isObject, room);
  const head = writeHead({
    ...message,
    marshalledProperties: entries.length === 0 ? undefined : joinEntries(entries),
  });
  return { head, body: content ?? nothing };
}

function ownFields(properties: Properties): Message {
  const { messageId, correlationId, replyTo, priority, ttlMs, createdAtMs } = properties;
  return plainMessage({
    persistent: properties.isDurable,
    priority: priority === undefined ? unset : Math.min(priority, 9),
    expiration: ttlMs ?? noTimeToLive,
    timestamp: createdAtMs === undefined ? unset : Number(createdAtMs),
    messageId: messageId && toMessageId(messageId),
    correlationId: correlationId && idToText(correlationId),
    replyTo: replyTo && destinationOf(replyTo),
    jmsType: properties.type,
    userId: properties.userId,
    groupId: properties.groupId,
    groupSequence: properties.groupSequence ?? 0,
  });
}

/** The properties that fit. If a name is repeated, the first one counts. */
function entriesOf(properties: Properties, isObject: boolean, room: number): Buffer[] {
  const { contentType, contentEncoding, replyToGroupId, isRetained } = properties;
  const { headers, annotations } = properties;
  const own: Field[] = [];
  const add = (name: string, text: string | undefined) => {
    if (text !== undefined) own.push([name, textValue(text)]);
  };
  for (const name of [propertyNames.contentType, propertyNames.stompContentType]) {
    add(name, isObject ? undefined : contentType);
  }
  add(propertyNames.contentEncoding, contentEncoding);
  add(propertyNames.replyToGroupId, replyToGroupId);
  if (isRetained) own.push([propertyNames.isRetained, { type: 'boolean', value: true }]);
  for (const [name, value] of annotations) own.push([annotationPrefix + name, value]);
  const names = new Set<string>();
  const entries: Buffer[] = [];
  let left = room;
  for (const field of [...own, ...headers.filter(([name]) => !isFieldName(name))]) {
    const entry = names.has(field[0]) ? undefined : encodeEntry(field);
    if (entry === undefined || entry.length > left) continue;
    names.add(field[0]);
    entries.push(entry);
    left -= entry.length;
  }
  return entries;
}
