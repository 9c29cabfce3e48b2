// Shapes: declarations of the valid inputs and outputs of operations, and of their TypeScript
// types.

/**
 * Describes the valid values of an input or output and their TypeScript type. Wires, validation,
 * audit records and tests use the same shapes. Created by the builders below.
 */
export interface Shape<T> {
  readonly node: ShapeNode;
  /**
   * Set on sensitive values, which must not appear in audit records or errors. The replacement in
   * audit records; an empty string removes the member.
   */
  readonly redaction?: '' | '***';
  /** The location of the member in a message on a REST wire. Defaults to the body. */
  readonly binding?: HttpBinding;
  /** The representation in XML and forms. */
  readonly xml?: XmlTraits;
  /** Set on text that a person writes. */
  readonly freeText?: FreeText;
  /** Used only by the compiler; never set. */
  readonly type?: T;
}

/**
 * A text that a person writes: a name, a description, a tag. It is inspected for personal and secret
 * data where it is part of an input.
 */
export interface FreeText {
  /** What the text is, for messages: `broker name`. */
  readonly what: string;
  /**
   * The member of the same structure that names the value, such as the key of a tag. In a map, the key
   * names the value.
   */
  readonly nameMember?: string;
}

/**
 * The location of a member on a REST wire. The operation's path pattern binds members in the path.
 */
export type HttpBinding =
  | { readonly in: 'header' | 'query'; readonly name: string }
  /** A map of strings. Each entry is a header whose name begins with the prefix. */
  | { readonly in: 'prefix-headers'; readonly prefix: string }
  /** The whole body. */
  | { readonly in: 'payload' }
  /** The status code of the response. */
  | { readonly in: 'status' };

/** The representation of a shape in XML and forms. */
export interface XmlTraits {
  /** The element name. Defaults to the member name, or to `member` for list elements. */
  readonly name?: string;
  /** Whether the entries of a list or map are written without an enclosing element. */
  readonly isFlattened?: boolean;
  /** Whether the member is an attribute of its structure's element. */
  readonly isAttribute?: boolean;
  /**
   * Whether an output without members is written as an empty result, which clients then require. An
   * operation that has no output has no result.
   */
  readonly isWrittenEmpty?: boolean;
}

/**
 * The format of a timestamp: seconds since 1970 as a number, ISO 8601 in UTC with milliseconds, or
 * the date format of HTTP (RFC 9110, 5.6.7).
 */
export type TimestampFormat = 'epoch-seconds' | 'date-time' | 'http-date';

/** A required member of a structure. */
export interface RequiredShape<T> extends Shape<T> {
  readonly required: true;
}

/** Members by their names on the wire. */
export type Members = Readonly<Record<string, Shape<unknown> | RequiredShape<unknown>>>;

/** The kinds of shapes. */
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

/** An inclusive range. A missing bound means no limit. */
export interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** Length in Unicode characters. Callers who violate the pattern see its source. */
export interface StringLimits extends Range {
  readonly pattern?: RegExp;
}

/** Length in elements. */
export interface ListLimits extends Range {
  /** Whether all elements must be different. */
  readonly unique?: boolean;
}

/** Size in entries. */
export type MapLimits = Range;

/** The TypeScript type of what a shape describes. */
export type Infer<S> = S extends Shape<infer T> ? T : never;

type RequiredNames<M extends Members> = {
  [Name in keyof M]: M[Name] extends RequiredShape<unknown> ? Name : never;
}[keyof M];

type Simplify<T> = { [Name in keyof T]: T[Name] };

/** The TypeScript type of a structure. Members are optional unless they are {@link required}. */
export type StructureOf<M extends Members> = Simplify<
  { readonly [Name in RequiredNames<M>]: Infer<M[Name]> } & {
    readonly [Name in Exclude<keyof M, RequiredNames<M>>]?: Infer<M[Name]> | undefined;
  }
>;

/** An object with these members. Other members are ignored on input and left out on output. */
export function structure<const M extends Members>(members: M): Shape<StructureOf<M>> {
  return { node: { kind: 'structure', members } };
}

/** Marks a structure member as required. */
export function required<T>(shape: Shape<T>): RequiredShape<T> {
  return { ...shape, required: true };
}

/**
 * Marks a value as sensitive: passwords, keys, plaintext.
 *
 * @param redaction the replacement in audit records; an empty string removes the member
 */
export function sensitive<T>(shape: Shape<T>, redaction: '' | '***' = ''): Shape<T> {
  return { ...shape, redaction };
}

/**
 * Declares that a person writes the text, so that it is inspected for personal and secret data. Only
 * texts that a call stores are declared. A text that refers to something stored is not: what has
 * such a name must remain usable and removable.
 *
 * @param what what the text is: `broker name`
 * @param nameMember see {@link FreeText.nameMember}
 */
export function freeText<S extends Shape<unknown>>(what: string, shape: S, nameMember?: string): S {
  return { ...shape, freeText: { what, ...(nameMember !== undefined && { nameMember }) } };
}

/** A string. */
export function string(limits: StringLimits = {}): Shape<string> {
  return { node: { kind: 'string', ...limits } };
}

/** One of several strings. With `anyCase`, case is ignored and the listed spelling is returned. */
export function enumeration<const V extends readonly string[]>(
  values: V,
  options: { readonly anyCase?: boolean } = {},
): Shape<V[number]> {
  return { node: { kind: 'enumeration', values, anyCase: options.anyCase ?? false } };
}

/** A 32-bit integer. */
export function integer(limits: Range = {}): Shape<number> {
  return { node: { kind: 'integer', ...limits } };
}

/**
 * An integer between -(2^53 - 1) and 2^53 - 1, the range that a JavaScript number holds exactly.
 * Other 64-bit values are refused, never rounded.
 */
export function long(limits: Range = {}): Shape<number> {
  return { node: { kind: 'long', ...limits } };
}

/** A 64-bit floating-point number, including `NaN` and the infinities. */
export function double(limits: Range = {}): Shape<number> {
  return { node: { kind: 'double', ...limits } };
}

/** A boolean. */
export function boolean(): Shape<boolean> {
  return { node: { kind: 'boolean' } };
}

/** Bytes, with limits in bytes. Text wires use base64. */
export function blob(limits: Range = {}): Shape<Buffer> {
  return { node: { kind: 'blob', ...limits } };
}

/**
 * A timestamp in milliseconds since 1970-01-01 UTC.
 *
 * @param format the wire format; defaults to the format of the wire
 */
export function timestamp(format?: TimestampFormat): Shape<number> {
  return { node: { kind: 'timestamp', format } };
}

/** A list. */
export function list<T>(of: Shape<T>, limits: ListLimits = {}): Shape<readonly T[]> {
  return { node: { kind: 'list', of, ...limits } };
}

/** A map with string keys. */
export function map<T>(
  key: Shape<string>,
  value: Shape<T>,
  limits: MapLimits = {},
): Shape<Readonly<Record<string, T>>> {
  return { node: { kind: 'map', key, value, ...limits } };
}

/** Any JSON value. */
export function document(): Shape<unknown> {
  return { node: { kind: 'document' } };
}

/** Binds a member to a header. List elements are separated by commas. */
export function inHeader<S extends Shape<unknown>>(name: string, shape: S): S {
  return { ...shape, binding: { in: 'header', name } };
}

/** Binds a map of strings to the headers whose names begin with a prefix. */
export function inPrefixHeaders<S extends Shape<Readonly<Record<string, string>>>>(
  prefix: string,
  shape: S,
): S {
  return { ...shape, binding: { in: 'prefix-headers', prefix } };
}

/** Binds a member to a query parameter. A list becomes several parameters with the same name. */
export function inQuery<S extends Shape<unknown>>(name: string, shape: S): S {
  return { ...shape, binding: { in: 'query', name } };
}

/** Binds a member to the whole body. Blobs and strings are the body itself. */
export function inPayload<S extends Shape<unknown>>(shape: S): S {
  return { ...shape, binding: { in: 'payload' } };
}

/** Binds a member to the status code of the response. */
export function inStatus<S extends Shape<number>>(shape: S): S {
  return { ...shape, binding: { in: 'status' } };
}

/** Changes the name of a shape in XML and forms. See {@link XmlTraits.name}. */
export function xmlNamed<S extends Shape<unknown>>(name: string, shape: S): S {
  return { ...shape, xml: { ...shape.xml, name } };
}

/** Writes the entries of a list or map without an enclosing element in XML and forms. */
export function flattened<S extends Shape<unknown>>(shape: S): S {
  return { ...shape, xml: { ...shape.xml, isFlattened: true } };
}

/** Makes a member an attribute of its structure's XML element. */
export function xmlAttribute<S extends Shape<unknown>>(name: string, shape: S): S {
  return { ...shape, xml: { ...shape.xml, name, isAttribute: true } };
}

/**
 * An output without members, of an operation that has an output. See
 * {@link XmlTraits.isWrittenEmpty}.
 */
export function emptyOutput(): Shape<StructureOf<Readonly<Record<never, never>>>> {
  return { ...structure({}), xml: { isWrittenEmpty: true } };
}

/**
 * Replaces a list or map that was not read because its size is out of range. The call is refused.
 * The audit record must not show an empty list in its place.
 */
export class Unread {
  readonly #entryCount: number;

  constructor(entryCount: number) {
    this.#entryCount = entryCount;
  }

  /** The text in the audit record. */
  toString(): string {
    return `… [${this.#entryCount} entries]`;
  }
}
