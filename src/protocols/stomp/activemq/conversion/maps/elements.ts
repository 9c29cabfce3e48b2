// Maps as trees of elements, in the form that ActiveMQ's transformations have in XML and JSON.

import type { Field, Value } from '../../../../../broker/conversion/value.ts';
import { doubleText, floatText } from '../number-text.ts';

/** An element: text, or other elements. Its name is its type, for example `int` or `entry`. */
export interface Element {
  readonly name: string;
  readonly content: string | readonly Element[];
}

/** A text that is not a map in the expected form. The message says why. */
export class MapError extends Error {}

/** Maximum nesting of maps and lists. */
export const mapDepthMax = 16;

const longMax = 9_223_372_036_854_775_807n;

/** The largest values of whole numbers, by the names of their elements, which peers choose. */
const ranges: ReadonlyMap<string, bigint> = new Map([
  ['byte', 127n],
  ['short', 32_767n],
  ['int', 2_147_483_647n],
  ['long', longMax],
]);

/** Elements whose text JSON has without quotes, unless it is not finite. */
export const numberNames: ReadonlySet<string> = new Set([...ranges.keys(), 'float', 'double']);

/** Returns the element of a map. */
export function mapElement(fields: readonly Field[]): Element {
  const content = fields.map(([name, value]): Element => {
    return { name: 'entry', content: [{ name: 'string', content: name }, elementOf(value)] };
  });
  return { name: 'map', content };
}

function elementOf({ type, value }: Value): Element {
  switch (type) {
    case 'null':
      return { name: 'null', content: '' };
    case 'boolean':
    case 'byte':
    case 'short':
    case 'int':
    case 'char':
      return { name: type, content: String(value) };
    case 'ubyte':
      return { name: 'short', content: String(value) };
    case 'ushort':
      return { name: 'int', content: String(value) };
    case 'uint':
    case 'long':
    case 'timestamp':
      return { name: 'long', content: String(value) };
    case 'ulong':
      return { name: value > longMax ? 'string' : 'long', content: String(value) };
    case 'float':
      return { name: 'float', content: floatText(value) };
    case 'double':
      return { name: 'double', content: doubleText(value) };
    case 'binary':
      return { name: 'byte-array', content: value.toString('base64') };
    case 'list':
      return { name: 'list', content: value.map(elementOf) };
    case 'map':
      return mapElement(value);
    default:
      return { name: 'string', content: value };
  }
}

/**
 * Returns the fields of a map.
 *
 * @throws {MapError} if the element is not a map with entries of a key and a value
 */
export function fieldsOf(element: Element, depth = 0): Field[] {
  if (element.name !== 'map') throw new MapError(`a map is expected, not ${element.name}`);
  if (depth >= mapDepthMax) throw new MapError(`maps are nested deeper than ${mapDepthMax}`);
  return childrenOf(element).map((entry): Field => {
    const [key, value, ...more] = entry.name === 'entry' ? childrenOf(entry) : [];
    if (key === undefined || value === undefined || more.length > 0) {
      throw new MapError('each entry of a map must have a key and a value');
    }
    if (typeof key.content !== 'string') throw new MapError('the key of an entry must be text');
    return [key.content, readValue(value, depth + 1)];
  });
}

function childrenOf({ name, content }: Element): readonly Element[] {
  if (typeof content !== 'string') return content;
  if (content.trim() === '') return [];
  throw new MapError(`${name} must not contain text`);
}

function readValue(element: Element, depth: number): Value {
  const { name } = element;
  if (name === 'map') return { type: 'map', value: fieldsOf(element, depth) };
  if (name === 'list') {
    if (depth >= mapDepthMax) throw new MapError(`lists are nested deeper than ${mapDepthMax}`);
    return { type: 'list', value: childrenOf(element).map((each) => readValue(each, depth + 1)) };
  }
  // Without text, XML and JSON cannot be told from an element without children.
  const text = element.content.length === 0 ? '' : element.content;
  if (typeof text !== 'string') throw new MapError(`${name} must not contain elements`);
  const range = ranges.get(name);
  if (range !== undefined) return wholeNumber(name, text.trim(), range);
  switch (name) {
    case 'string':
      return { type: 'string', value: text };
    case 'char':
      if (text.length !== 1) throw new MapError('char must be one character');
      return { type: 'char', value: text };
    case 'boolean':
      return { type: 'boolean', value: flagOf(text.trim()) };
    case 'float':
    case 'double':
      return { type: name, value: fractionOf(name, text.trim()) };
    case 'null':
      return { type: 'null', value: null };
    case 'byte-array':
      return { type: 'binary', value: Buffer.from(text, 'base64') };
    default:
      throw new MapError(`values of the type ${name.slice(0, 40)} are not supported`);
  }
}

function wholeNumber(name: string, text: string, max: bigint): Value {
  const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value > max || value < -max - 1n) {
    throw new MapError(`${text.slice(0, 40)} is not a value of the type ${name}`);
  }
  if (name === 'long') return { type: 'long', value };
  return { type: name as 'byte' | 'short' | 'int', value: Number(value) }; // the other ranges
}

function flagOf(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new MapError(`${text.slice(0, 40)} is not true or false`);
}

function fractionOf(name: string, text: string): number {
  const isNumber = /^-?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,3})?$/.test(text);
  if (!isNumber && !/^(NaN|-?Infinity)$/.test(text)) {
    throw new MapError(`${text.slice(0, 40)} is not a value of the type ${name}`);
  }
  return name === 'float' ? Math.fround(Number(text)) : Number(text);
}
