import { RequestError } from '../errors.ts';
import type { Route } from '../pipeline/registry.ts';
import { type HttpRequest, type HttpResponse, pairsOf } from '../request.ts';
import { isoDates } from '../shapes/notation.ts';
import type { Members, Shape } from '../shapes/shape.ts';
import { readShape } from '../shapes/shape-reader.ts';
import { writeShape } from '../shapes/shape-writer.ts';
import { parseJson } from './json-body.ts';
import type { WireFormat } from './wire.ts';

/** The `rest-json` wire (mq): the call in method and path, members in path, query and body. */
export const restJson: WireFormat = {
  read: (route, request) => {
    const given = { ...bodyMembers(request), ...fromPath(route) };
    const members = hasBody(request) ? given : { ...fromQuery(route, request), ...given };
    return readShape(route.operation.input, members, isoDates);
  },
  write: ({ operation }, output, requestId) => {
    const status = operation.http?.status ?? 200;
    const written = writeShape(operation.output, output, isoDates);
    return response(status, {}, status === 204 ? '' : JSON.stringify(written), requestId);
  },
  fail: ({ code, message, status, members }, requestId) => {
    const body = JSON.stringify({ ...members, message });
    return response(status, { 'x-amzn-ErrorType': code }, body, requestId);
  },
};

function hasBody(request: HttpRequest): boolean {
  return request.method !== 'GET' && request.method !== 'DELETE';
}

function bodyMembers(request: HttpRequest): object {
  if (!hasBody(request)) return {};
  const value = parseJson(request.body);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new RequestError('unreadable', 'The body of the request must be a JSON object');
}

function fromPath({ operation, labels }: Route): object {
  const shapes = membersOf(operation.input);
  const members = [...labels].map(([name, text]) => [name, jsonOf(shapes[name], text)] as const);
  return Object.fromEntries(members);
}

function fromQuery({ operation }: Route, request: HttpRequest): object {
  const texts = new Map<string, string[]>();
  for (const [name, text] of pairsOf(request.rawQuery, true)) {
    texts.set(name, [...(texts.get(name) ?? []), text]);
  }
  const members: Record<string, unknown> = {};
  for (const [name, shape] of Object.entries(membersOf(operation.input))) {
    const [first, ...others] = texts.get(name) ?? [];
    if (first === undefined) continue;
    const { node } = shape;
    members[name] =
      node.kind === 'list'
        ? [first, ...others].map((text) => jsonOf(node.of, text))
        : jsonOf(shape, first);
  }
  return members;
}

/** The value that a text stands for; one of another type stays text, which the shape then refuses. */
function jsonOf(shape: Shape<unknown> | undefined, text: string): unknown {
  if (shape?.node.kind === 'integer' && /^-?\d{1,10}$/.test(text)) return Number(text);
  if (shape?.node.kind === 'boolean' && (text === 'true' || text === 'false')) {
    return text === 'true';
  }
  return text;
}

function membersOf(shape: Shape<unknown>): Members {
  return shape.node.kind === 'structure' ? shape.node.members : {};
}

function response(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
  requestId: string,
): HttpResponse {
  const type = status === 204 ? {} : { 'Content-Type': 'application/json' };
  return { status, headers: { ...type, 'x-amzn-RequestId': requestId, ...headers }, body };
}
