import type { HttpResponse } from '../request.ts';
import { epochSeconds } from '../shapes/notation.ts';
import { readShape } from '../shapes/shape-reader.ts';
import { writeShape } from '../shapes/shape-writer.ts';
import { parseJson } from './json-body.ts';
import type { WireFormat } from './wire.ts';

/** The `json-1.1` wire (kms, cloudtrail, logs): the call in `X-Amz-Target`, all else in the body. */
export const json: WireFormat = {
  read: ({ operation }, request) =>
    readShape(operation.input, parseJson(request.body), epochSeconds),
  write: ({ operation }, output, requestId) => {
    const { node } = operation.output;
    const isEmpty = node.kind === 'structure' && Object.keys(node.members).length === 0;
    const body = isEmpty ? '' : JSON.stringify(writeShape(operation.output, output, epochSeconds));
    return response(200, {}, body, requestId);
  },
  fail: ({ code, message, status, members }, requestId) => {
    const body = { __type: code, ...(message !== '' && { message }), ...members };
    return response(status, { 'x-amzn-ErrorType': code }, JSON.stringify(body), requestId);
  },
};

function response(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
  requestId: string,
): HttpResponse {
  return {
    status,
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'x-amzn-RequestId': requestId,
      ...headers,
    },
    body,
  };
}
