// The conversion of one message in the thread.

import { bodyOnly } from '../../../broker/conversion/converted.ts';
import type { ThreadRequest, ThreadResult } from '../../../broker/conversion/large-conversions.ts';
import type { ConversionFormats } from './formats.ts';

/** Converts a message: `converted` without the state of its delivery. */
export function convertIn(formats: ConversionFormats, request: ThreadRequest): ThreadResult {
  const { addressLength, headBytesMax } = request;
  const message = { ...request, buffer: Buffer.from(request.bytes) };
  const from = formats.ofNumber(request.format);
  const properties = from === undefined ? bodyOnly(message) : from.toProperties(message);
  const { head, body } = formats
    .target(request.to, request.terms)
    .fromProperties(properties, headBytesMax);
  const bytes = new ArrayBuffer(addressLength + head.length + body.length);
  const result = Buffer.from(bytes);
  message.buffer.copy(result, 0, 0, addressLength);
  head.copy(result, addressLength);
  body.copy(result, addressLength + head.length);
  return { bytes, headLength: head.length, bodyLength: body.length };
}
