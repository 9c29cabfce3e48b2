// Arguments and headers in JSON, as RabbitMQ's management API writes them.

import type { Argument, Arguments } from '../arguments.ts';
import type { JsonObject, JsonValue } from './model.ts';

/** Writes arguments: plain values without their types. */
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
