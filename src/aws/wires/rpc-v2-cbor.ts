// The `rpc-v2-cbor` wire.

import type { HttpResponse } from '../../net/http/message.ts';
import type { Notation } from '../shapes/notation.ts';
import { readShape } from '../shapes/shape-reader.ts';
import { writeShape } from '../shapes/shape-writer.ts';
import { parseCbor, writeCbor } from './cbor-body.ts';
import type { WireFormat } from './wire.ts';

const protocol = 'rpc-v2-cbor';

/** CBOR values: blobs are byte strings, timestamps are tagged. */
const cbor: Notation = {
  readBlob: (value) =>
    value instanceof Uint8Array
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      : undefined,
  readTimestamp: (value) => (value instanceof Date ? value.getTime() : undefined),
  readLong: (value) => (Number.isSafeInteger(value) ? Number(value) + 0 : undefined), // converts -0 to 0
  readDouble: (value) => (typeof value === 'number' ? value : undefined),
  writeBlob: (bytes) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  writeTimestamp: (ms) => new Date(ms),
  writeDouble: (value) => value,
};

/**
 * The `rpc-v2-cbor` wire, which current SDKs use for CloudWatch: the path names the operation, the
 * body is CBOR.
 */
export const rpcV2Cbor: WireFormat = {
  name: protocol,
  recognizes: ({ headers }) => headers.get('smithy-protocol') === protocol,
  read: ({ operation }, request) => readShape(operation.input, parseCbor(request.body), cbor),
  write: ({ operation }, output, requestId) =>
    response(200, {}, writeShape(operation.output, output, cbor), requestId),
  fail: ({ code, message, status, members, headers }, requestId) => {
    const body = { __type: code, ...(message !== '' && { message }), ...members };
    // For clients that migrated from the query wire and expect its error codes.
    const query = { 'x-amzn-query-error': `${code};${status < 500 ? 'Sender' : 'Receiver'}` };
    return response(status, { ...headers, ...query }, body, requestId);
  },
};

function response(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
  requestId: string,
): HttpResponse {
  const own = {
    'Content-Type': 'application/cbor',
    'smithy-protocol': protocol,
    'x-amzn-RequestId': requestId,
  };
  return { status, headers: { ...own, ...headers }, body: writeCbor(body) };
}
