import { json } from './json.ts';
import type { WireFormat } from './wire.ts';

/**
 * The `query` wire (iam, sts): forms in, XML out. No service here speaks it, but clients of those
 * that do must be able to read why they are refused.
 */
export const query: WireFormat = {
  ...json,
  fail: ({ code, message, status }, requestId) => {
    const type = status < 500 ? 'Sender' : 'Receiver';
    const error = element('Type', type) + element('Code', code) + element('Message', message);
    return {
      status,
      headers: { 'Content-Type': 'text/xml', 'x-amzn-RequestId': requestId },
      body: `<ErrorResponse><Error>${error}</Error>${element('RequestId', requestId)}</ErrorResponse>`,
    };
  },
};

function element(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

/** A text as XML 1.0 can hold it: markup escaped, characters that it has no way to write replaced. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
