// Answers to clients without TLS.

import { connackPacket } from './codec/packets.ts';
import { PropertyWriter, propertyIds } from './codec/properties.ts';
import { reasons, returnCodeOf } from './errors.ts';

/** Protocol names with their lengths. */
const protocolNames = ['\0\u0004MQTT', '\0\u0006MQIsdp'];

/** Maximum position of the protocol name: after the first byte and a length of up to 4 bytes. */
const nameAtMax = 5;

/** The protocol level of a CONNECT packet; -1 for anything else. */
function levelOf(text: string): number {
  if (text.charCodeAt(0) !== 0x10) return -1;
  for (const name of protocolNames) {
    const at = text.indexOf(name);
    if (at >= 0 && at <= nameAtMax) return text.charCodeAt(at + name.length);
  }
  return -1;
}

/**
 * Returns the answer for a client that does not use TLS, in its protocol if that is known.
 *
 * @param isWebSocket whether clients connect to the port by WebSocket
 */
export function answerPlain(bytes: Buffer, isWebSocket = false): Buffer {
  const urls = isWebSocket ? 'wss://' : 'mqtts:// or mqtt+ssl://';
  const advice = `this port accepts MQTT over TLS only: use ${urls}`;
  const text = bytes.toString('latin1', 0, 32);
  const level = levelOf(text);
  if (level === 5) {
    const properties = new PropertyWriter().text(propertyIds.reasonString, advice);
    return connackPacket(false, reasons.notAuthorized, properties);
  }
  if (level >= 0) return connackPacket(false, returnCodeOf('notAuthorized'), undefined);
  if (!/^[A-Z]{3,7} /.test(text)) return Buffer.alloc(0);
  const head = 'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n';
  return Buffer.from(`${head}Content-Length: ${advice.length + 1}\r\n\r\n${advice}\n`);
}
