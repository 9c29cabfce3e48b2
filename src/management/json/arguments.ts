// Arguments in requests.

import { type Argument, type Arguments, noArguments } from '../../broker/arguments.ts';
import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { badRequest } from '../errors.ts';
import { isArray, isObject, own } from './read.ts';

/**
 * Checks the arguments of a declaration, in which null has no meaning.
 *
 * @throws {ManagementError} `bad-request`
 */
export function requireArguments(value: JsonValue | undefined): JsonObject {
  argumentsFromJson(value);
  return isObject(value) ? value : {};
}

/**
 * Reads arguments: integers become `long`, other numbers `double`, and texts `longstr`.
 *
 * @throws {ManagementError} `bad-request`
 */
export function argumentsFromJson(value: JsonValue | undefined): Arguments {
  if (value === undefined || (isArray(value) && value.length === 0)) return noArguments;
  if (!isObject(value)) throw badRequest('not_object', 'arguments');
  const table: Record<string, Argument> = Object.create(null);
  for (const name of Object.keys(value)) table[name] = argumentFromJson(own(value, name));
  return table;
}

function argumentFromJson(value: JsonValue | undefined): Argument {
  switch (typeof value) {
    case 'string':
      return { type: 'longstr', value };
    case 'boolean':
      return { type: 'bool', value };
    case 'number':
      return { type: Number.isSafeInteger(value) ? 'long' : 'double', value };
    default:
  }
  if (value === null || value === undefined) throw badRequest('null_not_allowed');
  if (isArray(value)) return { type: 'array', value: value.map(argumentFromJson) };
  return { type: 'table', value: argumentsFromJson(value) };
}
