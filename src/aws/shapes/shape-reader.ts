// Validates input and converts it to the types of its shape.

import { RequestError } from '../errors.ts';
import type { Notation } from './notation.ts';
import {
  type Infer,
  type Range,
  type RequiredShape,
  type Shape,
  type ShapeNode,
  Unread,
} from './shape.ts';

type NodeOf<Kind extends ShapeNode['kind']> = Extract<ShapeNode, { kind: Kind }>;

/** Maximum number of problems listed in one error. Further problems are only counted. */
const problemsToldMax = 10;

/** Maximum number of characters of a value that an error repeats. */
const shownCharactersMax = 128;

/**
 * Reads a value according to a shape. Unknown members are ignored.
 *
 * @throws {RequestError} `unreadable` if a value has the wrong type; `invalid-value` if a
 *   constraint is violated, with the message that AWS uses
 */
export function readShape<T>(shape: Shape<T>, value: unknown, notation: Notation): T {
  const reader = new ShapeReader(notation);
  const result = reader.read(shape, value, '');
  reader.finish(result);
  // The result has the type that was inferred from the shape.
  return result as Infer<Shape<T>>;
}

class ShapeReader {
  readonly #notation: Notation;
  readonly #problems: string[] = [];
  #problemCount = 0;
  #firstPath = '';

  constructor(notation: Notation) {
    this.#notation = notation;
  }

  finish(input: unknown): void {
    if (this.#problemCount === 0) return;
    const count = this.#problemCount;
    const head = `${count} validation error${count === 1 ? '' : 's'} detected: `;
    throw new RequestError('invalid-value', head + this.#problems.join('; '), {
      attribute: this.#firstPath,
      ...(isObject(input) && { input }),
    });
  }

  read(shape: Shape<unknown>, value: unknown, path: string): unknown {
    const node = shape.node;
    switch (node.kind) {
      case 'structure':
        return this.#structure(node, value, path);
      case 'list':
        return this.#list(shape, node, value, path);
      case 'map':
        return this.#map(shape, node, value, path);
      case 'document':
        return value;
      case 'string':
      case 'enumeration':
      case 'integer':
      case 'long':
      case 'double':
      case 'boolean':
      case 'blob':
      case 'timestamp': {
        const found = scalar(node, value, this.#notation);
        if (found === undefined) throw otherType(path, value, expected[node.kind]);
        for (const broken of brokenConstraints(node, found)) {
          this.#problem(shape, found, path, broken);
        }
        return found;
      }
    }
  }

  #problem(shape: Shape<unknown>, value: unknown, path: string, constraint: string): void {
    this.#problemCount += 1;
    if (this.#problemCount === 1) this.#firstPath = path;
    if (this.#problems.length >= problemsToldMax) return;
    const text = shown(shape, value);
    this.#problems.push(`Value ${text} at '${path}' failed to satisfy constraint: ${constraint}`);
  }

  #structure(node: NodeOf<'structure'>, value: unknown, path: string): object {
    if (!isObject(value)) throw otherType(path, value, 'a structure');
    const result: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(node.members)) {
      const memberPath = path === '' ? lowerCamel(name) : `${path}.${lowerCamel(name)}`;
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      if (given !== undefined && given !== null) {
        result[name] = this.read(member, given, memberPath);
      } else if ((member as Partial<RequiredShape<unknown>>).required === true) {
        this.#problem(member, null, memberPath, 'Member must not be null');
      }
    }
    return result;
  }

  #list(
    shape: Shape<unknown>,
    node: NodeOf<'list'>,
    value: unknown,
    path: string,
  ): unknown[] | Unread {
    if (!Array.isArray(value)) throw otherType(path, value, 'a list');
    const broken = brokenRange(node, value.length, 'length');
    if (node.unique && hasTwins(value)) broken.push('Member must have unique values');
    for (const each of broken) this.#problem(shape, value, path, each);
    if (broken.length > 0) return new Unread(value.length);
    return value.map((element: unknown, index) => {
      const elementPath = `${path}.${index + 1}.member`;
      if (element === null) throw otherType(elementPath, element, 'a value');
      if (!isScalar(node.of)) return this.read(node.of, element, elementPath);
      return this.#within(shape, value, path, node.of, element, 'Member');
    });
  }

  #map(shape: Shape<unknown>, node: NodeOf<'map'>, value: unknown, path: string): object {
    if (!isObject(value)) throw otherType(path, value, 'a map');
    const pairs = Object.entries(value).filter(([, given]) => given !== null);
    const broken = brokenRange(node, pairs.length, 'length');
    for (const each of broken) this.#problem(shape, value, path, each);
    if (broken.length > 0) return new Unread(pairs.length);
    // fromEntries defines own properties, so a key such as __proto__ is an ordinary key.
    return Object.fromEntries(
      pairs.map(([key, given]) => {
        this.#within(shape, value, path, node.key, key, 'Map keys');
        if (isScalar(node.value)) {
          return [key, this.#within(shape, value, path, node.value, given, 'Map value')];
        }
        return [key, this.read(node.value, given, `${path}.${key}.member`)];
      }),
    );
  }

  /**
   * Reads a scalar in a list or map. For a violated constraint, AWS reports the whole list or map.
   */
  #within(
    whole: Shape<unknown>,
    wholeValue: unknown,
    path: string,
    shape: Shape<unknown>,
    value: unknown,
    what: string,
  ): unknown {
    const node = shape.node as ScalarNode; // isScalar() returned true
    const found = scalar(node, value, this.#notation);
    if (found === undefined) throw otherType(path, value, expected[node.kind]);
    const broken = brokenConstraints(node, found);
    if (broken.length > 0) {
      const constraint = `${what} must satisfy constraint: [${broken.join(', ')}]`;
      this.#problem(whole, wholeValue, path, constraint);
    }
    return found;
  }
}

type ScalarNode = Exclude<ShapeNode, { kind: 'structure' | 'list' | 'map' | 'document' }>;

const expected: Readonly<Record<ScalarNode['kind'], string>> = {
  string: 'a string',
  enumeration: 'a string',
  integer: 'an integer of 32 bits',
  long: 'an integer of at most 53 bits',
  double: 'a number',
  boolean: 'true or false',
  blob: 'base64 text',
  timestamp: 'a timestamp',
};

function isScalar(shape: Shape<unknown>): boolean {
  return shape.node.kind in expected;
}

/** Converts a scalar to the shape's type; undefined if it has another type. */
function scalar(node: ScalarNode, value: unknown, notation: Notation): unknown {
  switch (node.kind) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'enumeration':
      return typeof value === 'string' ? asListed(node, value) : undefined;
    case 'integer':
      return wholeNumber(value);
    case 'long':
      return notation.readLong(value);
    case 'double':
      return notation.readDouble(value);
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'blob':
      return notation.readBlob(value);
    case 'timestamp':
      return notation.readTimestamp(value, node.format);
  }
}

function asListed(node: NodeOf<'enumeration'>, value: string): string {
  if (!node.anyCase) return value;
  const wanted = value.toLowerCase();
  return node.values.find((listed) => listed.toLowerCase() === wanted) ?? value;
}

function wholeNumber(value: unknown): number | undefined {
  // Only 32-bit integers survive the conversion unchanged. -0 becomes 0.
  return typeof value === 'number' && (value | 0) === value ? value | 0 : undefined;
}

function isNumeric(node: ScalarNode): node is NodeOf<'integer' | 'long' | 'double'> {
  return node.kind === 'integer' || node.kind === 'long' || node.kind === 'double';
}

/** The violated constraints, with the wording of AWS. */
function brokenConstraints(node: ScalarNode, value: unknown): string[] {
  if (node.kind === 'string' && typeof value === 'string') return brokenString(node, value);
  if (isNumeric(node) && typeof value === 'number') {
    return brokenRange(node, value, 'value');
  }
  if (node.kind === 'blob' && Buffer.isBuffer(value)) {
    return brokenRange(node, value.length, 'length');
  }
  if (node.kind === 'enumeration' && !node.values.includes(value as string)) {
    return [`Member must satisfy enum value set: [${node.values.join(', ')}]`];
  }
  return [];
}

function brokenString(node: NodeOf<'string'>, value: string): string[] {
  const hasLimits = node.min !== undefined || node.max !== undefined;
  const broken = hasLimits ? brokenRange(node, characterCount(value), 'length') : [];
  // The pattern is applied only to strings of valid length, which bounds the work.
  if (broken.length === 0 && node.pattern && !node.pattern.test(value)) {
    broken.push(`Member must satisfy regular expression pattern: ${node.pattern.source}`);
  }
  return broken;
}

function brokenRange(range: Range, found: number, what: 'length' | 'value'): string[] {
  if (range.min !== undefined && !(found >= range.min)) {
    return [`Member must have ${what} greater than or equal to ${range.min}`];
  }
  if (range.max !== undefined && !(found <= range.max)) {
    return [`Member must have ${what} less than or equal to ${range.max}`];
  }
  return [];
}

/** Counts Unicode characters. `length` counts characters beyond U+FFFF twice. */
function characterCount(value: string): number {
  let count = 0;
  for (const _ of value) count += 1;
  return count;
}

function hasTwins(values: readonly unknown[]): boolean {
  return new Set(values.map((value) => JSON.stringify(value))).size < values.length;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function lowerCamel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function otherType(path: string, value: unknown, wanted: string): RequestError {
  const where = path === '' ? 'the request' : `'${path}'`;
  return new RequestError('unreadable', `${where} is ${kindOf(value)}, but must be ${wanted}`, {
    attribute: path,
  });
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
}

/** A value as an error may show it: shortened, and with sensitive values hidden. */
function shown(shape: Shape<unknown>, value: unknown): string {
  if (value === null) return 'null';
  if (hasSecrets(shape)) return "'***'";
  if (Buffer.isBuffer(value)) return `'${value.length} bytes'`;
  const text = asText(value);
  return text.length > shownCharactersMax ? `'${text.slice(0, shownCharactersMax)}…'` : `'${text}'`;
}

function asText(value: unknown): string {
  if (typeof value !== 'object') return String(value);
  const isSimple = Array.isArray(value) && value.every((element) => typeof element === 'string');
  return isSimple ? `[${value.join(', ')}]` : JSON.stringify(value);
}

function hasSecrets(shape: Shape<unknown>): boolean {
  const { node, redaction } = shape;
  if (redaction !== undefined) return true;
  if (node.kind === 'list') return hasSecrets(node.of);
  if (node.kind === 'map') return hasSecrets(node.key) || hasSecrets(node.value);
  if (node.kind === 'structure') return Object.values(node.members).some(hasSecrets);
  return false;
}
