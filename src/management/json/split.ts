// Reading of a large JSON object in steps: its lists are parsed item by item.

import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { badRequest } from '../errors.ts';
import { jsonDepthMax } from '../limits.ts';

/** Maximum size of one value, or of one item of a list, bytes. */
const valueBytesMax = 256 * 1024;

/** Bytes that are read in one step. */
const bytesPerStep = 4096;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openList = 0x5b;
const backslash = 0x5c;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/** The change of the nesting by each byte outside of texts. */
const nesting = new Int8Array(256);
for (const opening of [openList, openObject]) nesting[opening] = 1;
for (const closing of [closeList, closeObject]) nesting[closing] = -1;

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Reads one value after the other. */
class ValueReader {
  readonly #bytes: Buffer;
  #at = 0;
  #stepAt = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Whether enough was read for one step. */
  get isStepDone(): boolean {
    if (this.#at - this.#stepAt < bytesPerStep) return false;
    this.#stepAt = this.#at;
    return true;
  }

  /** The next byte that is no space; undefined at the end. */
  peek(): number | undefined {
    while (isSpace(this.#bytes[this.#at])) this.#at++;
    return this.#bytes[this.#at];
  }

  /** Skips a byte that must be next. */
  expect(byte: number): void {
    if (this.peek() !== byte) throw malformed();
    this.#at++;
  }

  /** Skips a byte if it is next. */
  skip(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.#at++;
    return true;
  }

  /** Parses the next value. */
  value(): JsonValue {
    this.peek();
    const from = this.#at;
    this.#at = this.#endOf(from);
    try {
      return JSON.parse(this.#bytes.toString('utf8', from, this.#at)) as JsonValue; // as it says
    } catch {
      throw malformed(); // the text may contain a password hash
    }
  }

  #endOf(from: number): number {
    const bytes = this.#bytes;
    const first = bytes[from];
    if (first === quote) return this.#endOfText(from + 1) + 1;
    if (first !== openList && first !== openObject) return this.#endOfWord(from);
    let depth = 0;
    let at = from;
    do {
      const byte = bytes[at] ?? 0;
      if (at >= bytes.length) throw malformed();
      if (byte === quote) at = this.#endOfText(at + 1);
      else depth += nesting[byte] ?? 0;
      at++;
      this.#requireSmall(at - from, depth);
    } while (depth > 0);
    return at;
  }

  #requireSmall(sizeBytes: number, depth: number): void {
    if (sizeBytes > valueBytesMax) throw tooLarge();
    if (depth > jsonDepthMax) throw badRequest(`more than ${jsonDepthMax} levels of JSON`);
  }

  /** The position of the quote that ends a text. */
  #endOfText(from: number): number {
    let at = from;
    while (this.#bytes[at] !== quote) {
      if (at >= this.#bytes.length) throw malformed();
      if (at - from > valueBytesMax) throw tooLarge();
      at += this.#bytes[at] === backslash ? 2 : 1;
    }
    return at;
  }

  /** The end of a number, or of `true`, `false` or `null`. */
  #endOfWord(from: number): number {
    let at = from;
    while (at < this.#bytes.length && !isEnd(this.#bytes[at])) at++;
    if (at - from > valueBytesMax) throw tooLarge();
    return at;
  }
}

function isEnd(byte: number | undefined): boolean {
  return byte === comma || byte === closeList || byte === closeObject || isSpace(byte);
}

function tooLarge(): Error {
  return badRequest(`a value has more than ${valueBytesMax} bytes`);
}

function malformed(): Error {
  return badRequest('failed_to_parse_json');
}

/**
 * Parses an object in steps, each of which takes some microseconds.
 *
 * @throws {ManagementError} `bad-request`
 */
export function* parseInSteps(bytes: Buffer): Generator<void, JsonObject> {
  const reader = new ValueReader(bytes);
  const members: [string, JsonValue][] = [];
  reader.expect(openObject);
  if (!reader.skip(closeObject)) {
    do {
      if (reader.peek() !== quote) throw malformed();
      const name = String(reader.value());
      reader.expect(colon);
      const value = reader.peek() === openList ? yield* listInSteps(reader) : reader.value();
      members.push([name, value]);
      if (reader.isStepDone) yield;
    } while (reader.skip(comma));
    reader.expect(closeObject);
  }
  if (reader.peek() !== undefined) throw malformed();
  return Object.fromEntries(members);
}

function* listInSteps(reader: ValueReader): Generator<void, JsonValue[]> {
  const items: JsonValue[] = [];
  reader.expect(openList);
  if (reader.skip(closeList)) return items;
  do {
    items.push(reader.value());
    if (reader.isStepDone) yield;
  } while (reader.skip(comma));
  reader.expect(closeList);
  return items;
}
