// Converts an OpenWire message to neutral properties.

import {
  annotationPrefix,
  type EncodedMessage,
  emptyProperties,
  type Properties,
} from '../../../broker/conversion/properties.ts';
import type { Field } from '../../../broker/conversion/value.ts';
import { addressOf } from '../address.ts';
import { type Message, types } from '../codec/commands.gen.ts';
import { readHead } from '../codec/stored-message.ts';
import { javaObjectType, readBody } from './bodies.ts';
import { fromMessageId, idFromText } from './ids.ts';
import { readProperties } from './properties.ts';

/** The properties that stand for fields that OpenWire does not have. */
export const propertyNames = {
  contentType: 'JMS_AMQP_ContentType',
  stompContentType: 'content-type',
  contentEncoding: 'JMS_AMQP_ContentEncoding',
  replyToGroupId: 'JMS_AMQP_ReplyToGroupID',
  isRetained: 'ActiveMQ.Retain',
} as const;

const fieldNames: ReadonlySet<string> = new Set(Object.values(propertyNames));

/** Whether a property stands for a field. */
export function isFieldName(name: string): boolean {
  return fieldNames.has(name);
}

function isAnnotation([name]: Field): boolean {
  return name.startsWith(annotationPrefix);
}

/** The annotations for which properties stand. */
function annotationsOf(fields: readonly Field[]): Field[] {
  return fields
    .filter(isAnnotation)
    .map(([name, value]): Field => [name.slice(annotationPrefix.length), value]);
}

/** Converts an OpenWire message to neutral properties. */
export function toProperties(message: EncodedMessage): Properties {
  const { buffer, headAt, headLength, bodyAt, bodyLength } = message;
  const head = readHead(buffer, headAt, headAt + headLength);
  const fields = readProperties(head.marshalledProperties);
  const named = new Map(fields.filter(([name]) => fieldNames.has(name)));
  const text = (name: string) => {
    const value = named.get(name);
    return value?.type === 'string' ? value.value : undefined;
  };
  const isObject = head.type === types.ObjectMessage;
  return {
    ...emptyProperties,
    ...ownFields(head),
    contentType: isObject
      ? javaObjectType
      : (text(propertyNames.contentType) ?? text(propertyNames.stompContentType)),
    contentEncoding: text(propertyNames.contentEncoding),
    replyToGroupId: text(propertyNames.replyToGroupId),
    isRetained: named.get(propertyNames.isRetained)?.value === true,
    headers: fields.filter((field) => !fieldNames.has(field[0]) && !isAnnotation(field)),
    annotations: annotationsOf(fields),
    body: readBody(head, buffer, bodyAt, bodyAt + bodyLength),
  };
}

/** The fields that OpenWire has itself. */
function ownFields(head: Message): Partial<Properties> {
  const { priority, expiration, timestamp, correlationId, replyTo, groupSequence } = head;
  return {
    isDurable: head.persistent,
    priority: priority < 0 ? undefined : priority,
    ttlMs: expiration < 0 ? undefined : Number(expiration),
    createdAtMs: timestamp < 0 ? undefined : BigInt(timestamp),
    messageId: fromMessageId(head.messageId),
    correlationId: correlationId === undefined ? undefined : idFromText(correlationId),
    replyTo: replyTo && addressOf(replyTo),
    type: head.jmsType,
    userId: head.userId,
    groupId: head.groupId,
    groupSequence: groupSequence === 0 ? undefined : groupSequence,
  };
}
