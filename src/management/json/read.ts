// Reading of JSON in requests, with bounds.

import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { badRequest, keyMissing } from '../errors.ts';
import { jsonDepthMax } from '../limits.ts';

/**
 * Reads a body as JSON.
 *
 * @throws {ManagementError} `bad-request`
 */
export function readJson(body: Buffer): JsonValue {
  if (depthOf(body) > jsonDepthMax) {
    throw badRequest(`JSON is nested more than ${jsonDepthMax} levels deep`);
  }
  try {
    return JSON.parse(body.toString('utf8')) as JsonValue; // what JSON.parse returns
  } catch {
    throw badRequest('not_json'); // the text may contain a password
  }
}

/**
 * Reads a body as a JSON object. An empty body is an empty object.
 *
 * @throws {ManagementError} `bad-request`
 */
export function readObject(body: Buffer): JsonObject {
  if (body.length === 0) return {};
  return requireObject(readJson(body));
}

/** @throws {ManagementError} `bad-request` if the value is not an object */
export function requireObject(value: JsonValue | undefined): JsonObject {
  if (isObject(value)) return value;
  throw badRequest('not_json');
}

/** Whether a value is an object, and no array. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is an array. */
export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

const quote = 0x22;
const backslash = 0x5c;

/** The change of the nesting by each byte outside of texts. */
const nesting = new Int8Array(256);
for (const opening of '[{') nesting[opening.charCodeAt(0)] = 1;
for (const closing of ']}') nesting[closing.charCodeAt(0)] = -1;

/** The deepest nesting of brackets outside of texts. */
function depthOf(bytes: Buffer): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) at = endOfText(bytes, at + 1);
    else {
      depth += nesting[byte] ?? 0;
      if (depth > deepest) deepest = depth;
    }
  }
  return deepest;
}

/** The position of the quote that ends a text. */
function endOfText(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

/**
 * A text in an object.
 *
 * @throws {ManagementError} `bad-request` if it is missing or of another type
 */
export function requireText(from: JsonObject, name: string): string {
  const value = own(from, name);
  if (typeof value === 'string') return value;
  throw value === undefined ? keyMissing(name) : badRequest('not_string', name);
}

/**
 * A truth value in an object. Texts `true` and `false` count as well.
 *
 * @throws {ManagementError} `bad-request` for other values
 */
export function flag(from: JsonObject, name: string, missing: boolean): boolean {
  const value = own(from, name);
  if (value === undefined) return missing;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw badRequest('not_boolean', name);
}

/**
 * A whole number in an object. A text of digits counts as well.
 *
 * @throws {ManagementError} `bad-request` for other values
 */
export function wholeNumberOf(from: JsonObject, name: string): number | undefined {
  const value = own(from, name);
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw badRequest('not_int', name);
}

/** The value of an own property; undefined if it is missing. */
export function own(from: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(from, name) ? from[name] : undefined;
}
