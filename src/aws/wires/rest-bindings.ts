// Reads and writes the members that REST wires place outside the document: in the path, query,
// headers and status, or as the whole body.

import type { HttpRequest, RequestHead } from '../../net/http/message.ts';
import { RequestError } from '../errors.ts';
import { pairsOf } from '../parameters.ts';
import type { Route } from '../pipeline/registry.ts';
import type { HttpBinding, Members, Shape } from '../shapes/shape.ts';
import { fromText, toText } from '../shapes/text.ts';

/** Maximum number of list elements in a header. */
const headerElementCountMax = 1000;

type Values = Record<string, unknown>;

/** The part of a response that is determined by the shape's bindings. */
export interface BoundOutput {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** Set if one member is the whole body. */
  readonly payload:
    | { readonly name: string; readonly shape: Shape<unknown>; readonly value: unknown }
    | undefined;
  /** Whether the remaining members form a document in the body. */
  readonly hasDocument: boolean;
}

/** The members of a structure. */
export function membersOf(shape: Shape<unknown>): Members {
  return shape.node.kind === 'structure' ? shape.node.members : {};
}

/**
 * Reads the members of an operation's input from their locations.
 *
 * @param readDocument reads the body as a document that holds the unbound members, or as the one
 *   member that is the whole body
 * @throws {RequestError} `unreadable`
 */
export function readBound(
  route: Route,
  request: HttpRequest,
  readDocument: (body: Buffer, shape: Shape<unknown>) => unknown,
): Values {
  const members = Object.entries(membersOf(route.operation.input));
  const query = valuesByName(request.rawQuery);
  const hasBody = request.method !== 'GET' && request.method !== 'DELETE';
  const isWholeBody = members.some(([, { binding }]) => binding?.in === 'payload');
  const inBody =
    hasBody && !isWholeBody ? (readDocument(request.body, route.operation.input) as Values) : {};
  const memberOf = (name: string, shape: Shape<unknown>): unknown => {
    const label = route.labels.get(name);
    // A bound member is never taken from the document.
    if (label !== undefined) return fromText(shape, label, 'date-time');
    if (shape.binding?.in === 'payload') return payloadOf(shape, request.body, readDocument);
    if (shape.binding) return boundValue(shape, shape.binding, request, query);
    if (hasBody) return Object.hasOwn(inBody, name) ? inBody[name] : undefined;
    return fromQuery(shape, query.get(name));
  };
  return Object.fromEntries(members.map(([name, shape]) => [name, memberOf(name, shape)]));
}

function boundValue(
  shape: Shape<unknown>,
  binding: HttpBinding,
  { headers }: RequestHead,
  query: ReadonlyMap<string, readonly string[]>,
): unknown {
  switch (binding.in) {
    case 'header':
      return fromHeader(shape, headers.get(binding.name.toLowerCase()));
    case 'prefix-headers': {
      const prefix = binding.prefix.toLowerCase();
      const own = [...headers].filter(([name]) => name.startsWith(prefix));
      if (own.length === 0) return undefined;
      return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
    }
    case 'query':
      return fromQuery(shape, query.get(binding.name));
    case 'payload':
    case 'status':
      return undefined;
  }
}

function payloadOf(
  shape: Shape<unknown>,
  body: Buffer,
  readDocument: (body: Buffer, shape: Shape<unknown>) => unknown,
): unknown {
  if (shape.node.kind === 'blob') return body;
  if (body.length === 0) return undefined;
  const isText = shape.node.kind === 'string' || shape.node.kind === 'enumeration';
  return isText ? body.toString('utf8') : readDocument(body, shape);
}

function fromHeader(shape: Shape<unknown>, text: string | undefined): unknown {
  if (text === undefined || shape.node.kind !== 'list') {
    return text === undefined ? undefined : fromText(shape, text, 'http-date');
  }
  const { of } = shape.node;
  const parts = text.split(',', headerElementCountMax + 1);
  if (parts.length > headerElementCountMax) {
    const message = `A header has more than the ${headerElementCountMax} elements allowed`;
    throw new RequestError('unreadable', message);
  }
  return parts.map((part) => fromText(of, part.trim(), 'http-date'));
}

function fromQuery(shape: Shape<unknown>, texts: readonly string[] | undefined): unknown {
  if (texts === undefined) return undefined;
  const { node } = shape;
  if (node.kind === 'list') return texts.map((text) => fromText(node.of, text, 'date-time'));
  return fromText(shape, texts[0] ?? '', 'date-time');
}

function valuesByName(rawQuery: string): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  for (const [name, text] of pairsOf(rawQuery, true)) {
    const known = texts.get(name);
    if (known) known.push(text);
    else texts.set(name, [text]);
  }
  return texts;
}

/** Splits an operation's output into the bound members and the document. */
export function writeBound({ operation }: Route, output: unknown): BoundOutput {
  const values = output as Values;
  const members = Object.entries(membersOf(operation.output)).filter(([, { binding }]) => binding);
  const isGiven = ([name]: (typeof members)[number]) => (values[name] ?? null) !== null;
  const [whole] = members.filter(([, { binding }]) => binding?.in === 'payload');
  const [status] = members.filter(([, { binding }]) => binding?.in === 'status').filter(isGiven);
  const headers = members
    .filter(isGiven)
    .flatMap(([name, shape]) => headersOf(shape, values[name]));
  return {
    status: status ? Number(values[status[0]]) : (operation.http?.status ?? 200),
    headers: Object.fromEntries(headers),
    payload:
      whole && isGiven(whole)
        ? { name: whole[0], shape: whole[1], value: values[whole[0]] }
        : undefined,
    hasDocument: whole === undefined,
  };
}

function headersOf(shape: Shape<unknown>, value: unknown): [name: string, text: string][] {
  const { binding } = shape;
  if (binding?.in === 'header') return [[binding.name, toHeader(shape, value)]];
  if (binding?.in !== 'prefix-headers') return [];
  const pairs = Object.entries(value as Readonly<Record<string, string>>);
  return pairs.map(([key, text]) => [`${binding.prefix}${key}`, headerText(text)]);
}

function toHeader(shape: Shape<unknown>, value: unknown): string {
  const { node } = shape;
  if (node.kind !== 'list') return headerText(toText(shape, value, 'http-date'));
  const parts = (value as readonly unknown[]).map((each) => toText(node.of, each, 'http-date'));
  return headerText(parts.join(', '));
}

/** Percent-encodes everything but visible ASCII, in particular line breaks. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (character) =>
    Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '%$&'),
  );
}

/** The body if one blob or string member is all of it; undefined for documents. */
export function plainPayload(
  payload: NonNullable<BoundOutput['payload']>,
): string | Buffer | undefined {
  const { kind } = payload.shape.node;
  if (kind === 'blob') return payload.value as Buffer;
  return kind === 'string' || kind === 'enumeration' ? String(payload.value) : undefined;
}

/** The structure without its bound members. */
export function documentOf(shape: Shape<unknown>): Shape<unknown> {
  if (shape.node.kind !== 'structure') return shape;
  const own = Object.entries(shape.node.members).filter(([, { binding }]) => binding === undefined);
  return { ...shape, node: { kind: 'structure', members: Object.fromEntries(own) } };
}
