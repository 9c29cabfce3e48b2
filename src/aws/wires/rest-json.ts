// The `rest-json` wire.

import type { HttpResponse } from '../../net/http/message.ts';
import { RequestError } from '../errors.ts';
import { epochSeconds } from '../shapes/notation.ts';
import type { Shape } from '../shapes/shape.ts';
import { readShape } from '../shapes/shape-reader.ts';
import { writeShape } from '../shapes/shape-writer.ts';
import { parseJson } from './json-body.ts';
import { documentOf, plainPayload, readBound, writeBound } from './rest-bindings.ts';
import type { WireFormat } from './wire.ts';

/**
 * The `rest-json` wire (mq): method and path name the operation; members are in the path, query,
 * headers and body.
 */
export const restJson: WireFormat = {
  name: 'rest-json',
  /** Accepts every request that no other wire recognizes. */
  recognizes: () => true,
  read: (route, request) =>
    readShape(route.operation.input, readBound(route, request, readObject), epochSeconds),
  write: (route, output, requestId) => {
    const { status, headers, payload, hasDocument } = writeBound(route, output);
    if (status === 204) return response(status, headers, '', requestId);
    if (payload) {
      const { shape, value } = payload;
      const body = plainPayload(payload) ?? JSON.stringify(writeShape(shape, value, epochSeconds));
      return response(status, headers, body, requestId);
    }
    const shape = documentOf(route.operation.output);
    const body = hasDocument ? JSON.stringify(writeShape(shape, output, epochSeconds)) : '';
    return response(status, headers, body, requestId);
  },
  fail: ({ code, message, status, members, headers }, requestId) => {
    const body = JSON.stringify({ ...members, message });
    return response(status, { ...headers, 'x-amzn-ErrorType': code }, body, requestId);
  },
};

function readObject(body: Buffer, { node }: Shape<unknown>): unknown {
  const value = parseJson(body);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject || node.kind !== 'structure') return value;
  throw new RequestError('unreadable', 'The body of the request must be a JSON object');
}

function response(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
  requestId: string,
): HttpResponse {
  const type = status === 204 ? {} : { 'Content-Type': 'application/json' };
  return { status, headers: { ...type, 'x-amzn-RequestId': requestId, ...headers }, body };
}
