// The fields of one entry of definitions.

import { normalText } from '../../../base/byte-text.ts';
import { BrokerError } from '../../errors.ts';
import type { JsonObject, JsonValue } from '../model.ts';

/** Reads the fields of an object in a request. Unknown fields are ignored. */
export class EntryReader {
  readonly #fields: JsonObject;

  /** @throws {BrokerError} `precondition-failed` if it is not an object */
  constructor(entry: JsonValue) {
    if (!isObject(entry)) throw invalid('an entry is not an object');
    this.#fields = entry;
  }

  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  #value(name: string): JsonValue | undefined {
    return Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? undefined) : undefined;
  }

  /** @throws {BrokerError} `precondition-failed` if it is missing or no text */
  text(name: string, otherwise?: string): string {
    const value = this.#value(name) ?? otherwise;
    if (typeof value !== 'string') return this.#fail(name, value, 'text');
    return normalText(value);
  }

  bool(name: string, otherwise: boolean): boolean {
    const value = this.#value(name) ?? otherwise;
    return typeof value === 'boolean' ? value : this.#fail(name, value, 'true or false');
  }

  number(name: string, otherwise: number): number {
    const value = this.#value(name) ?? otherwise;
    return typeof value === 'number' ? value : this.#fail(name, value, 'a number');
  }

  /** Empty if it is missing. */
  object(name: string): JsonObject {
    const value = this.#value(name) ?? {};
    // RabbitMQ writes empty objects as empty lists in some places.
    if (Array.isArray(value) && value.length === 0) return {};
    return isObject(value) ? value : this.#fail(name, value, 'an object');
  }

  value(name: string): JsonValue {
    return this.#value(name) ?? this.#fail(name, undefined, 'a value');
  }

  /** A list of texts, or texts with commas between them; empty if it is missing. */
  words(name: string): string[] {
    const value = this.#value(name) ?? [];
    const list = typeof value === 'string' ? value.split(',') : value;
    if (!Array.isArray(list)) return this.#fail(name, value, 'a list of texts');
    const words: string[] = [];
    for (const word of list as readonly JsonValue[]) {
      if (typeof word !== 'string') return this.#fail(name, value, 'a list of texts');
      if (word.trim() !== '') words.push(normalText(word.trim()));
    }
    return words;
  }

  #fail(name: string, found: JsonValue | undefined, allowed: string): never {
    const shown = found === undefined ? 'nothing' : kindOf(found);
    throw invalid(`the field '${name}' is ${shown}; ${allowed} is required`);
  }
}

/** The kind of a value, because the value may be secret. */
function kindOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return { string: 'text', number: 'a number', boolean: 'a boolean', object: 'an object' }[
    typeof value as 'string' | 'number' | 'boolean' | 'object'
  ];
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(text: string): BrokerError {
  return new BrokerError('precondition-failed', text);
}
