// Conversion of message ids.

import { isShortName } from '../../../broker/arguments.ts';
import type { Value } from '../../../broker/conversion/value.ts';

/** The type of an id that is not a string, stored in a header as in RabbitMQ. */
export type IdType = 'ulong' | 'uuid' | 'binary';

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A property with an id, and its headers. */
export interface WrittenId {
  /** The property; undefined if the id is too long for it. */
  readonly property: string | undefined;
  /** The id if it is too long for the property. */
  readonly long: string | undefined;
  readonly type: IdType | undefined;
}

/** Converts an id to a property, which has up to 255 bytes. */
export function writeId(id: Value): WrittenId {
  const type =
    id.type === 'ulong' || id.type === 'uuid' || id.type === 'binary' ? id.type : undefined;
  const text = id.type === 'binary' ? id.value.toString('base64') : String(id.value);
  const isShort = isShortName(text);
  return { property: isShort ? text : undefined, long: isShort ? undefined : text, type };
}

/** Reverts {@link writeId}. A type that does not fit the text is ignored. */
export function readId(text: string, type: string | undefined): Value {
  if (type === 'ulong' && /^(0|[1-9]\d{0,19})$/.test(text) && BigInt(text) < 2n ** 64n) {
    return { type, value: BigInt(text) };
  }
  if (type === 'uuid' && uuidPattern.test(text)) return { type, value: text };
  if (type === 'binary') {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.toString('base64') === text) return { type, value: bytes };
  }
  return { type: 'string', value: text };
}
