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

const unreserved = /[A-Za-z0-9._-]/;

/** Encodes a routing key as in a form, and the tilde too. */
function quoted(text: string): string {
  let result = '';
  for (const byte of encodeText(text)) {
    const character = String.fromCharCode(byte);
    if (byte === 0x20) result += '+';
    else if (unreserved.test(character)) result += character;
    else result += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return result;
}
