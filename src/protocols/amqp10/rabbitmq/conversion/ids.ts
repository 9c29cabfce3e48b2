// Message ids in RabbitMQ's conversions.

import { isShortName } from '../../../../broker/arguments.ts';
import type { Field, Value } from '../../../../broker/conversion/value.ts';
import { type Item, stringItem } from '../../codec/items.ts';

const urnPrefix = 'urn:uuid:';
const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An id of AMQP 1.0 as other protocols have it: a property, or a header. */
export interface ConvertedId {
  readonly property: Value | undefined;
  readonly headers: readonly Field[];
}

/**
 * Converts an id: text of up to 255 bytes, numbers and UUIDs become the property, other ids a header.
 *
 * @param header `x-message-id`
 */
export function convertedId(item: Item | undefined, header: string): ConvertedId {
  switch (item?.type) {
    case 'string': {
      const value: Value = { type: 'string', value: item.value };
      return isShortName(item.value)
        ? { property: value, headers: [] }
        : { property: undefined, headers: [[header, value]] };
    }
    case 'ulong':
      return { property: { type: 'string', value: String(item.value) }, headers: [] };
    case 'uuid':
      return { property: { type: 'string', value: urnPrefix + item.value }, headers: [] };
    case 'binary':
      return { property: undefined, headers: [[header, item]] };
    default:
      return { property: undefined, headers: [] };
  }
}

/** An id as text by which exchanges route; undefined if there is none. */
export function idText(item: Item | undefined): string | undefined {
  switch (item?.type) {
    case 'string':
    case 'uuid':
      return item.value;
    case 'ulong':
      return String(item.value);
    case 'binary':
      return Buffer.from(item.value).toString('latin1');
    default:
      return undefined;
  }
}

/** Converts an id of another protocol. */
export function idItem(value: Value | undefined): Item | undefined {
  if (value === undefined || value.type === 'null') return undefined;
  if (value.type === 'list' || value.type === 'map') return undefined;
  if (value.type === 'ulong' || value.type === 'uuid' || value.type === 'binary') return value;
  const text = String(value.value);
  const uuid = text.startsWith(urnPrefix) ? text.slice(urnPrefix.length) : '';
  return uuidPattern.test(uuid) ? { type: 'uuid', value: uuid.toLowerCase() } : stringItem(text);
}
