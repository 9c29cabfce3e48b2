// Arguments in JSON.

import { type Argument, type Arguments, noArguments } from '../../broker/arguments.ts';
import { badRequest } from '../errors.ts';
import { isArray, isObject, type JsonObject, type JsonValue, own } from './read.ts';

/** Writes arguments as RabbitMQ does: plain values without their types. */
export function argumentsToJson(args: Arguments): JsonObject {
  const entries = Object.entries(args).map(([name, each]) => [name, argumentToJson(each)] as const);
  return Object.fromEntries(entries);
}

function argumentToJson({ type, value }: Argument): JsonValue {
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value)
      ? (value as readonly Argument[]).map(argumentToJson) // the type determines the value
      : argumentsToJson(value as Arguments);
  }
  const isNumber = type === 'long' || type === 'timestamp' || type === 'decimal';
  return isNumber ? Number(value) : value;
}

/**
 * Reads arguments: integers become `long`, other numbers `double`, and texts `longstr`.
 *
 * @throws {ManagementError} `bad-request`
 */
export function argumentsFromJson(value: JsonValue | undefined): Arguments {
  if (value === undefined || (isArray(value) && value.length === 0)) return noArguments;
  if (!isObject(value)) throw badRequest('arguments is not an object');
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
