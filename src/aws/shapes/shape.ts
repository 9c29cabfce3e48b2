/**
 * What is valid for an input or output, and its TypeScript type: plain data that the wires, the
 * validation, the audit and the tests walk. Made by the builders below.
 */
export interface Shape<T> {
  readonly node: ShapeNode;
  /**
   * Set for what must never be shown, neither in an audit record nor in an error's text: what stands
   * in the record in its place, or the empty text where the whole member is left out.
   */
  readonly redaction?: '' | '***';
  /** Where the member stands in a message of a REST wire; in its body where left out. */
  readonly binding?: HttpBinding;
  /** How it is written in XML and in forms. */
  readonly xml?: XmlTraits;
  /** Only for the compiler; no shape has it. */
  readonly type?: T;
}

/** Where a member stands in a message of a REST wire. Members in a path are bound by the path's pattern. */
export type HttpBinding =
  | { readonly in: 'header' | 'query'; readonly name: string }
  /** A map of texts: each pair is a header whose name begins with the prefix. */
  | { readonly in: 'prefix-headers'; readonly prefix: string }
  /** The whole body. */
  | { readonly in: 'payload' }
  /** The status of a response. */
  | { readonly in: 'status' };

/** How a shape is written in XML and in forms. */
export interface XmlTraits {
  /** The element's name in place of the member's; of a list's element in place of `member`. */
  readonly name?: string;
  /** A list or map without an element around its entries. */
  readonly isFlattened?: boolean;
  /** An attribute of the element that the structure is. */
  readonly isAttribute?: boolean;
}

/**
 * How a moment is written: seconds since 1970 as a number, ISO 8601 with milliseconds in UTC, or as
 * HTTP headers have it (RFC 9110, 5.6.7).
 */
export type TimestampFormat = 'epoch-seconds' | 'date-time' | 'http-date';

/** A member that a structure cannot be without. */
export interface RequiredShape<T> extends Shape<T> {
  readonly required: true;
}

/** Members by their names on the wire. */
export type Members = Readonly<Record<string, Shape<unknown> | RequiredShape<unknown>>>;

/** The kinds of shapes, for those who walk them. */
export type ShapeNode =
  | { readonly kind: 'structure'; readonly members: Members }
  | ({ readonly kind: 'list'; readonly of: Shape<unknown> } & ListLimits)
  | ({
      readonly kind: 'map';
      readonly key: Shape<string>;
      readonly value: Shape<unknown>;
    } & MapLimits)
  | ({ readonly kind: 'string' } & StringLimits)
  | { readonly kind: 'enumeration'; readonly values: readonly string[]; readonly anyCase: boolean }
  | ({ readonly kind: 'integer' } & Range)
  | ({ readonly kind: 'long' } & Range)
  | ({ readonly kind: 'double' } & Range)
  | ({ readonly kind: 'blob' } & Range)
  | { readonly kind: 'boolean' }
  | { readonly kind: 'timestamp'; readonly format: TimestampFormat | undefined }
  | { readonly kind: 'document' };

/** Both ends included; what is left out is unlimited. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** Lengths in Unicode characters; the pattern's source is shown to the caller who breaks it. */
export interface StringLimits extends Range {
  readonly pattern?: RegExp;
}

/** Lengths in elements. */
export interface ListLimits extends Range {
  /** No two elements may be equal. */
  readonly unique?: boolean;
}

/** Lengths in pairs. */
export type MapLimits = Range;

/** The TypeScript type of what a shape describes. */
export type Infer<S> = S extends Shape<infer T> ? T : never;

type RequiredNames<M extends Members> = {
  [Name in keyof M]: M[Name] extends RequiredShape<unknown> ? Name : never;
}[keyof M];

type Simplify<T> = { [Name in keyof T]: T[Name] };

/** The TypeScript type of a structure with these members; all are optional but the required ones. */
export type StructureOf<M extends Members> = Simplify<
  { readonly [Name in RequiredNames<M>]: Infer<M[Name]> } & {
    readonly [Name in Exclude<keyof M, RequiredNames<M>>]?: Infer<M[Name]> | undefined;
  }
>;

/** An object with these members. Others are ignored when reading and left out when writing. */
export function structure<const M extends Members>(members: M): Shape<StructureOf<M>> {
  return { node: { kind: 'structure', members } };
}

/** Marks a structure's member that must be there. */
export function required<T>(shape: Shape<T>): RequiredShape<T> {
  return { ...shape, required: true };
}

/**
 * Marks what must never be shown: passwords, keys, plaintext.
 *
 * @param redaction what audit records show in its place; the empty text leaves the member out
 */
export function sensitive<T>(shape: Shape<T>, redaction: '' | '***' = ''): Shape<T> {
  return { ...shape, redaction };
}

/** A text. */
export function string(limits: StringLimits = {}): Shape<string> {
  return { node: { kind: 'string', ...limits } };
}

/** A text out of a few; with `anyCase` the value read is the one listed, however it was written. */
export function enumeration<const V extends readonly string[]>(
  values: V,
  options: { readonly anyCase?: boolean } = {},
): Shape<V[number]> {
  return { node: { kind: 'enumeration', values, anyCase: options.anyCase ?? false } };
}

/** A whole number of 32 bits. */
export function integer(limits: Range = {}): Shape<number> {
  return { node: { kind: 'integer', ...limits } };
}

/**
 * A whole number between -(2^53 - 1) and 2^53 - 1: of the 64 bits that the wires carry, those that a
 * number holds exactly. Others are refused, never rounded.
 */
export function long(limits: Range = {}): Shape<number> {
  return { node: { kind: 'long', ...limits } };
}

/** A number of 64 bits in floating point, with `NaN` and both infinities. */
export function double(limits: Range = {}): Shape<number> {
  return { node: { kind: 'double', ...limits } };
}

/** True or false. */
export function boolean(): Shape<boolean> {
  return { node: { kind: 'boolean' } };
}

/** Bytes, limits in bytes; base64 on the wires that are text. */
export function blob(limits: Range = {}): Shape<Buffer> {
  return { node: { kind: 'blob', ...limits } };
}

/**
 * A moment in milliseconds since 1970-01-01 UTC.
 *
 * @param format how it is written; the wire's own way where left out
 */
export function timestamp(format?: TimestampFormat): Shape<number> {
  return { node: { kind: 'timestamp', format } };
}

/** A sequence. */
export function list<T>(of: Shape<T>, limits: ListLimits = {}): Shape<readonly T[]> {
  return { node: { kind: 'list', of, ...limits } };
}

/** Values by name. */
export function map<T>(
  key: Shape<string>,
  value: Shape<T>,
  limits: MapLimits = {},
): Shape<Readonly<Record<string, T>>> {
  return { node: { kind: 'map', key, value, ...limits } };
}

/** Any JSON. */
export function document(): Shape<unknown> {
  return { node: { kind: 'document' } };
}

/** Binds a member to a header. A list's elements are separated by commas. */
export function inHeader<S extends Shape<unknown>>(name: string, shape: S): S {
  return { ...shape, binding: { in: 'header', name } };
}

/** Binds a map of texts to the headers whose names begin with a prefix. */
export function inPrefixHeaders<S extends Shape<Readonly<Record<string, string>>>>(
  prefix: string,
  shape: S,
): S {
  return { ...shape, binding: { in: 'prefix-headers', prefix } };
}

/** Binds a member to a parameter of the query; a list's elements are parameters of one name. */
export function inQuery<S extends Shape<unknown>>(name: string, shape: S): S {
  return { ...shape, binding: { in: 'query', name } };
}

/** Makes a member the whole body of the message. Bytes and texts are the body as they are. */
export function inPayload<S extends Shape<unknown>>(shape: S): S {
  return { ...shape, binding: { in: 'payload' } };
}

/** Makes a member the status of the response. */
export function inStatus<S extends Shape<number>>(shape: S): S {
  return { ...shape, binding: { in: 'status' } };
}

/** Gives a shape another name in XML and in forms; see {@link XmlTraits.name}. */
export function xmlNamed<S extends Shape<unknown>>(name: string, shape: S): S {
  return { ...shape, xml: { ...shape.xml, name } };
}

/** Writes the entries of a list or map in XML and in forms without an element around them. */
export function flattened<S extends Shape<unknown>>(shape: S): S {
  return { ...shape, xml: { ...shape.xml, isFlattened: true } };
}

/** Makes a member an attribute of its structure's element in XML. */
export function xmlAttribute<S extends Shape<unknown>>(name: string, shape: S): S {
  return { ...shape, xml: { ...shape.xml, name, isAttribute: true } };
}

/**
 * Stands for a list or map that was not read, because it has more or fewer entries than allowed. The
 * call is refused; the audit record must not show an empty list in its place.
 */
export class Unread {
  readonly #entryCount: number;

  constructor(entryCount: number) {
    this.#entryCount = entryCount;
  }

  /** How an audit record shows it. */
  toString(): string {
    return `… [${this.#entryCount} entries]`;
  }
}
