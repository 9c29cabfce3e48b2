// Payloads whose end is missing.

import type { GotMessage } from '../model.ts';

/**
 * A message whose payload is text if it was. RabbitMQ's API cuts payloads after a number of bytes, and then
 * takes a text that ends within a character for bytes: it answers base64.
 */
export function withText(message: GotMessage): GotMessage {
  const { payload, payload_bytes: size, payload_encoding: encoding } = message;
  if (encoding !== 'base64') return message;
  const bytes = Uint8Array.from(atob(payload), (each) => each.charCodeAt(0));
  if (bytes.length >= size) return message;
  try {
    // As in a stream, the beginning of a character at the end is no error.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return { ...message, payload: text, payload_encoding: 'string' };
  } catch {
    return message;
  }
}
