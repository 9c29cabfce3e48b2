// Encodes the body of a message as bytes.

import { encodeText } from '../../base/byte-text.ts';
import type { Body } from './properties.ts';
import { jsonText } from './value.ts';

/** Encodes a body for a protocol whose bodies are bytes: text as UTF-8, and values as JSON. */
export function bodyBytes(body: Body): Buffer {
  switch (body.kind) {
    case 'none':
      return Buffer.alloc(0);
    case 'bytes':
      return body.bytes;
    case 'text':
      return encodeText(body.text);
    case 'value':
      return Buffer.from(jsonText(body.value));
  }
}
