// The key of a binding in paths of the management API.

import { createHash } from 'node:crypto';
import { encodeText } from '../../base/byte-text.ts';
import { canonicalArguments } from '../arguments.ts';
import type { Binding } from '../exchanges/binding.ts';

/** Digits of the hash of the arguments. */
const hashLength = 22;

/**
 * The key that identifies a binding among those with the same ends: the quoted routing key, with a hash
 * of the arguments if there are any; `~` without either.
 */
export function propertiesKey({
  routingKey,
  arguments: args,
}: Pick<Binding, 'routingKey' | 'arguments'>): string {
  const isPlain = Object.keys(args).length === 0;
  if (isPlain) return routingKey === '' ? '~' : quoted(routingKey);
  const hash = createHash('sha256').update(canonicalArguments(args)).digest('base64url');
  return `${quoted(routingKey)}~${hash.slice(0, hashLength)}`;
}

/**
 * The key in the form of {@link propertiesKey}. Clients need not quote the routing key again in a path:
 * `order.*` and `order.%2A` name the same binding, as in RabbitMQ.
 */
export function normalKey(key: string): string {
  const [routingKey = '', hash, more] = key.split('~');
  if (key === '~' || more !== undefined) return key;
  const normal = quotedBytes(unquoted(routingKey));
  return hash === undefined ? normal : `${normal}~${hash}`;
}

/** The bytes of a quoted text. What is not quoted stays as it is. */
function unquoted(text: string): Uint8Array {
  const bytes = encodeText(text);
  const found: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const digits = byte === percent ? String.fromCharCode(...bytes.subarray(at + 1, at + 3)) : '';
    if (/^[\da-f]{2}$/i.test(digits)) {
      found.push(Number.parseInt(digits, 16));
      at += 2;
    } else found.push(byte === plus ? space : byte);
  }
  return Uint8Array.from(found);
}

const [percent, plus, space] = [0x25, 0x2b, 0x20];
const unreserved = /[A-Za-z0-9._-]/;

/** Encodes a routing key as in a form, and the tilde too. */
function quoted(text: string): string {
  return quotedBytes(encodeText(text));
}

function quotedBytes(bytes: Uint8Array): string {
  let result = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (byte === space) result += '+';
    else if (unreserved.test(character)) result += character;
    else result += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return result;
}
