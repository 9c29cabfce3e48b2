import { decodeText } from '../../base/byte-text.ts';
import { Reader } from '../../base/bytes.ts';
import type { ConnectionStartOk, ConnectionTuneOk } from './codec/methods.gen.ts';
import { boolean, type FieldTable, longString, readTable } from './codec/tables.ts';
import { AmqpError } from './errors.ts';

/** What a client sends first (4.2.2): the letters, a zero, then 0-9-1. */
export const protocolHeader = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);

/** Octets of the largest frame before and after limits are agreed on. */
export const frameMaxAtFirst = 8192;

/** The limits that the server offers. */
export const offer = { channelMax: 2047, frameMax: 131_072, heartbeat: 60 } as const;

/** Octets that every peer must accept in a frame. */
const frameMin = 4096;

const capabilities = {
  publisher_confirms: boolean(true),
  exchange_exchange_bindings: boolean(true),
  'basic.nack': boolean(true),
  consumer_cancel_notify: boolean(true),
  'connection.blocked': boolean(true),
  consumer_priorities: boolean(true),
  authentication_failure_close: boolean(true),
  per_consumer_qos: boolean(true),
  direct_reply_to: boolean(true),
};

/** What `connection.start` says of this server; clients look at the capabilities. */
export const serverProperties: FieldTable = {
  capabilities: { type: 'table', value: capabilities },
  product: longString('Waxwing'),
  version: longString('0.1.0'),
  platform: longString('Node.js'),
  information: longString('Licensed under the Apache License 2.0'),
};

/** Names of the mechanisms, as `connection.start` lists them. */
export const mechanisms = 'PLAIN AMQPLAIN';

/** A user's name and password as a client sent them. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Reads the name and password out of `connection.start-ok`.
 *
 * @throws {AmqpError} 'not-allowed' or 'access-refused' for other mechanisms or a malformed response
 */
export function readCredentials({ mechanism, response }: ConnectionStartOk): Credentials {
  if (mechanism === 'PLAIN') return readPlain(response);
  if (mechanism === 'AMQPLAIN') return readAmqplain(response);
  throw new AmqpError(
    'access-refused',
    `Login was refused: mechanism '${mechanism}' is not one of ${mechanisms}`,
  );
}

/** RFC 4616: authorisation name (ignored), user and password, each after a zero. */
function readPlain(response: Buffer): Credentials {
  const [, username, password, ...more] = decodeText(response, 0, response.length).split('\0');
  if (username === undefined || password === undefined || more.length > 0) {
    throw new AmqpError('access-refused', 'Login was refused: the PLAIN response is malformed');
  }
  return { username, password };
}

/** A field table without its length, with LOGIN and PASSWORD. */
function readAmqplain(response: Buffer): Credentials {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(response.length);
  const { LOGIN, PASSWORD } = readTable(new Reader(Buffer.concat([size, response])));
  const username = LOGIN?.value;
  const password = PASSWORD?.value;
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new AmqpError(
      'access-refused',
      'Login was refused: the AMQPLAIN response has no LOGIN or no PASSWORD',
    );
  }
  return { username, password };
}

/** What was refused, in RabbitMQ's words. */
export function loginRefused(mechanism: string): AmqpError {
  return new AmqpError(
    'access-refused',
    `Login was refused using authentication mechanism ${mechanism}. ` +
      'For details see the broker logfile.',
  );
}

/** Whether a client says it understands an extension. */
export function hasCapability(properties: FieldTable, name: string): boolean {
  const { capabilities: found } = properties;
  if (found?.type !== 'table') return false;
  return (found.value as FieldTable)[name]?.value === true; // the type says what the value is
}

/**
 * Checks the limits that a client chose.
 *
 * @throws {AmqpError} 'not-allowed' where they are above the offer or below what must be accepted
 */
export function checkTune({ channelMax, frameMax }: ConnectionTuneOk): void {
  checkLimit('channel_max', channelMax, offer.channelMax);
  checkLimit('frame_max', frameMax, offer.frameMax);
  if (frameMax < frameMin) {
    throw new AmqpError('not-allowed', `frame_max=${frameMax} < ${frameMin} min size`);
  }
}

function checkLimit(name: string, found: number, allowed: number): void {
  if (found > 0 && found <= allowed) return;
  const text = found === 0 ? '0 (no limit)' : String(found);
  throw new AmqpError(
    'not-allowed',
    `negotiated ${name} = ${text} is higher than the maximum allowed value (${allowed})`,
  );
}
