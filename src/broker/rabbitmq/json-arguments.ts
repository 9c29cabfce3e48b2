// Conversion between arguments and JSON.

import { normalText } from '../../base/byte-text.ts';
import type { Argument, Arguments } from '../arguments.ts';
import { BrokerError } from '../errors.ts';
import type { JsonObject, JsonValue } from './model.ts';

/** Maximum nesting of lists and objects in a request. */
const depthMax = 16;

/**
 * Checks the nesting and the size of a value of a request.
 *
 * @param what `the value of parameter 'p'`
 * @param bytesMax maximum size as JSON, bytes
 * @throws {BrokerError} `precondition-failed`
 */
export function requireSmallJson(what: string, value: JsonValue, bytesMax: number): void {
  if (isDeeper(value, depthMax)) {
    throw invalid(`${what} is nested more than ${depthMax} levels deep`);
  }
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= bytesMax) return;
  throw invalid(`${what} has ${bytes} bytes; ${bytesMax} are allowed`);
}

function isDeeper(value: JsonValue, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (levels === 0) return true;
  for (const inner of Object.values(value)) if (isDeeper(inner, levels - 1)) return true;
  return false;
}

/** Arguments as JSON. Integers beyond 2^53, decimals and bytes are text. */
export function argumentsToJson(args: Arguments): JsonObject {
  const json: Record<string, JsonValue> = {};
  for (const name of Object.keys(args)) {
    const value = toJson(args[name] as Argument); // it is one of the keys
    // An assignment to this name would change the prototype.
    if (name === '__proto__') Object.defineProperty(json, name, { value, ...ordinary });
    else json[name] = value;
  }
  return json;
}

/** The attributes of a property that was assigned. */
const ordinary = { writable: true, enumerable: true, configurable: true };

function toJson({ type, value }: Argument): JsonValue {
  // The type determines the value.
  if (type === 'table') return argumentsToJson(value as Arguments);
  if (type === 'array') return (value as readonly Argument[]).map(toJson);
  return value as string | number | boolean | null;
}

/**
 * Arguments from JSON, with the types that RabbitMQ gives them: whole numbers are `long`, others
 * `double`.
 *
 * @param subject `queue 'q' in vhost '/'`
 * @param bytesMax maximum size as JSON, bytes
 * @throws {BrokerError} `precondition-failed`
 */
export function argumentsFromJson(json: JsonObject, subject: string, bytesMax: number): Arguments {
  // As JSON, arguments may take a few times as much as they will when stored.
  requireSmallJson(`the arguments of ${subject}`, json, 4 * bytesMax);
  return tableOf(json);
}

function tableOf(json: JsonObject): Arguments {
  const found: [string, Argument][] = [];
  for (const [name, value] of Object.entries(json)) found.push([normalText(name), fromJson(value)]);
  return Object.fromEntries(found);
}

function fromJson(value: JsonValue): Argument {
  if (value === null) return { type: 'void', value: null };
  if (typeof value === 'string') return { type: 'longstr', value: normalText(value) };
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { type: 'long', value } : { type: 'double', value };
  }
  if (isList(value)) return { type: 'array', value: value.map(fromJson) };
  return { type: 'table', value: tableOf(value) };
}

function isList(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function invalid(text: string): BrokerError {
  return new BrokerError('precondition-failed', text);
}
