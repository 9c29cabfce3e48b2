// Properties in the bodies of requests and responses.

import type { Argument, Arguments } from '../../../../broker/arguments.ts';
import { type Entry, type Item, stringItem, symbolItem, textOf } from '../../codec/items.ts';
import { fromArgument, toArgument } from '../../conversion/arguments.ts';
import { RequestError } from './response.ts';

/** The kind of object that a body describes. */
type Kind = 'queue property' | 'exchange property' | 'binding field';

/** The fields of a body. */
export class Fields {
  readonly #kind: Kind;
  readonly #entries: ReadonlyMap<string, Item>;

  /** @throws {RequestError} `400` if the body is not a map, or has other fields than the known ones */
  constructor(body: Item, kind: Kind, known: readonly string[]) {
    this.#kind = kind;
    if (body.type !== 'map')
      throw new RequestError('400', `a ${kind} is in no map but in ${body.type}`);
    const entries = new Map<string, Item>();
    for (const [key, value] of body.value) {
      const name = key.type === 'string' ? key.value : undefined;
      if (name === undefined || !known.includes(name))
        throw this.#bad(textOf(key) ?? key.type, value);
      entries.set(name, value);
    }
    this.#entries = entries;
  }

  #bad(name: string, value: Item): RequestError {
    return new RequestError(
      '400',
      `bad ${this.#kind} {{utf8,<<"${name.slice(0, 100)}">>},${shown(value)}}`,
    );
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** @throws {RequestError} `400` for another type */
  boolean(name: string, missing: boolean): boolean {
    const found = this.#entries.get(name);
    if (found === undefined) return missing;
    if (found.type !== 'boolean') throw this.#bad(name, found);
    return found.value;
  }

  /** @throws {RequestError} `400` for another type, and if it is missing without a default */
  text(name: string, missing?: string): string {
    const found = this.#entries.get(name);
    if (found === undefined && missing !== undefined) return missing;
    if (found === undefined) throw new RequestError('400', `missing ${this.#kind} '${name}'`);
    if (found.type !== 'string') throw this.#bad(name, found);
    return found.value;
  }

  /** @throws {RequestError} `400` for another type */
  arguments(): Arguments {
    const found = this.#entries.get('arguments');
    if (found === undefined) return {};
    if (found.type !== 'map') throw this.#bad('arguments', found);
    return tableOf(found.value);
  }
}

function shown(item: Item): string {
  const text = textOf(item);
  if (text !== undefined) return `{utf8,<<"${text.slice(0, 100)}">>}`;
  if (item.type === 'boolean' || item.type === 'null') return String(item.value);
  return `{${item.type},${typeof item.value === 'object' ? '...' : String(item.value)}}`;
}

function tableOf(entries: readonly Entry[]): Arguments {
  const table: Record<string, Argument> = Object.create(null);
  for (const [key, value] of entries) {
    const name = textOf(key);
    const argument = argumentOf(value);
    if (name === undefined || argument === undefined) {
      const why = `{${shown(key)},${shown(value)}}`;
      throw new RequestError('400', `unsupported argument ${why}`);
    }
    table[name] = argument;
  }
  return { ...table };
}

function argumentOf(item: Item): Argument | undefined {
  if (item.type === 'map') return { type: 'table', value: tableOf(item.value) };
  if (item.type === 'list' || item.type === 'array') {
    return { type: 'array', value: item.value.flatMap((each) => argumentOf(each) ?? []) };
  }
  if (item.type === 'timestamp') {
    return { type: 'timestamp', value: Number(item.value / 1000n) };
  }
  return toArgument(item);
}

/** Arguments as a response shows them. */
export function argumentsItem(args: Arguments, isNested = false): Item {
  const keyOf = isNested ? symbolItem : stringItem;
  const entries = Object.entries(args).map(
    ([name, argument]): Entry => [keyOf(name), itemOf(argument)],
  );
  return { type: 'map', value: entries };
}

function itemOf({ type, value }: Argument): Item {
  // The type determines the value.
  if (type === 'table') return argumentsItem(value as Arguments, true);
  if (type === 'array') return { type: 'list', value: (value as readonly Argument[]).map(itemOf) };
  return fromArgument({ type, value }) ?? { type: 'null', value: null };
}
