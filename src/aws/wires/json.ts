// The wires `json-1.0` and `json-1.1`.

import type { HttpResponse } from '../../net/http/message.ts';
import { epochSeconds } from '../shapes/notation.ts';
import { readShape } from '../shapes/shape-reader.ts';
import { writeShape } from '../shapes/shape-writer.ts';
import { parseJson } from './json-body.ts';
import type { WireFormat } from './wire.ts';

/**
 * A JSON wire: `X-Amz-Target` names the operation, and the body holds the input. The versions
 * differ in the content type.
 */
function json(version: '1.0' | '1.1', recognizes: WireFormat['recognizes']): WireFormat {
  const response = (
    status: number,
    headers: Readonly<Record<string, string>>,
    body: string,
    requestId: string,
  ): HttpResponse => {
    const type = { 'Content-Type': `application/x-amz-json-${version}` };
    return { status, headers: { ...type, 'x-amzn-RequestId': requestId, ...headers }, body };
  };
  return {
    name: `json-${version}`,
    recognizes,
    read: ({ operation }, request) =>
      readShape(operation.input, parseJson(request.body), epochSeconds),
    write: ({ operation }, output, requestId) => {
      const { node } = operation.output;
      const isEmpty = node.kind === 'structure' && Object.keys(node.members).length === 0;
      const written = isEmpty ? undefined : writeShape(operation.output, output, epochSeconds);
      return response(200, {}, isEmpty ? '' : JSON.stringify(written), requestId);
    },
    fail: ({ code, message, status, members, headers }, requestId) => {
      const body = { __type: code, ...(message !== '' && { message }), ...members };
      const all = { ...headers, 'x-amzn-ErrorType': code };
      return response(status, all, JSON.stringify(body), requestId);
    },
  };
}

const contentType = 'application/x-amz-json-1.0';

/** The `json-1.0` wire. */
export const json10: WireFormat = json(
  '1.0',
  ({ headers }) => headers.has('x-amz-target') && headers.get('content-type') === contentType,
);

/** The `json-1.1` wire (kms, cloudtrail, logs). */
export const json11: WireFormat = json('1.1', ({ headers }) => headers.has('x-amz-target'));
