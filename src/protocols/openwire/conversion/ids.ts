// Message and correlation ids, which are text in JMS and typed in AMQP 1.0.

import { textValue, type Value } from '../../../broker/conversion/value.ts';
import type { MessageId } from '../codec/commands.gen.ts';
import { types } from '../codec/commands.gen.ts';
import { messageIdText } from '../ids.ts';

/** The prefixes of ids that are not text; the last one guards text that begins like them. */
const prefixes = {
  ulong: 'AMQP_ULONG:',
  uuid: 'AMQP_UUID:',
  binary: 'AMQP_BINARY:',
  string: 'AMQP_STRING:',
} as const;

const canonical = /^(.+):(-?\d{1,15}):(\d{1,15}):(\d{1,15})$/s;

/** Converts an id to text. */
export function idToText({ type, value }: Value): string {
  switch (type) {
    case 'ulong':
      return prefixes.ulong + value;
    case 'uuid':
      return prefixes.uuid + value;
    case 'binary':
      return prefixes.binary + value.toString('hex');
    default: {
      const text = String(value);
      const isGuarded = Object.values(prefixes).some((prefix) => text.startsWith(prefix));
      return isGuarded ? prefixes.string + text : text;
    }
  }
}

/** The inverse of {@link idToText}. */
export function idFromText(text: string): Value {
  const rest = (prefix: string) => text.slice(prefix.length);
  if (text.startsWith(prefixes.string)) return textValue(rest(prefixes.string));
  if (text.startsWith(prefixes.ulong) && /^\d{1,20}$/.test(rest(prefixes.ulong))) {
    return { type: 'ulong', value: BigInt.asUintN(64, BigInt(rest(prefixes.ulong))) };
  }
  if (text.startsWith(prefixes.uuid) && /^[\da-f-]{36}$/i.test(rest(prefixes.uuid))) {
    return { type: 'uuid', value: rest(prefixes.uuid) };
  }
  if (text.startsWith(prefixes.binary) && /^([\da-f]{2})*$/i.test(rest(prefixes.binary))) {
    return { type: 'binary', value: Buffer.from(rest(prefixes.binary), 'hex') };
  }
  return textValue(text);
}

/** Converts an id to a MessageId: with the parts of a JMS id, or as text. */
export function toMessageId(value: Value): MessageId {
  const text = idToText(value);
  const [, connectionId, session, number, sequence] = canonical.exec(text) ?? [];
  const id: MessageId = {
    type: types.MessageId,
    textView: undefined,
    producerId: {
      type: types.ProducerId,
      connectionId,
      value: Number(number),
      sessionId: Number(session),
    },
    producerSequenceId: Number(sequence),
    brokerSequenceId: 0,
  };
  // Other spellings of the numbers would be lost.
  if (connectionId !== undefined && messageIdText(id) === text) return id;
  return { ...id, textView: text, producerId: undefined, producerSequenceId: 0 };
}

/** Converts a MessageId; undefined if it is empty. */
export function fromMessageId(id: MessageId | undefined): Value | undefined {
  if (id === undefined) return undefined;
  if (id.textView === undefined && id.producerId === undefined) return undefined;
  return idFromText(messageIdText(id));
}
