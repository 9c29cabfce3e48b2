// The parameters of the connection handshake.

import { decodeText } from '../../base/byte-text.ts';
import { Reader, Writer } from '../../base/bytes.ts';
import type { Recognition } from '../protocol.ts';
import {
  type ConnectionStart,
  type ConnectionStartOk,
  type ConnectionTuneOk,
  methodIds,
  writeMethod,
} from './codec/methods.gen.ts';
import { boolean, type FieldTable, longString, readTable } from './codec/tables.ts';
import { AmqpError } from './errors.ts';

/** The protocol header (4.2.2): the letters, a zero, then 0-9-1. */
export const protocolHeader = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);

/** An accepted protocol header, and the version that `connection.start` states for it. */
export interface AcceptedHeader {
  readonly bytes: Buffer;
  readonly versionMajor: number;
  readonly versionMinor: number;
}

/**
 * The accepted protocol headers. Some clients send those of 0-9 and 0-8, although they use 0-9-1.
 */
const acceptedHeaders: readonly AcceptedHeader[] = [
  { bytes: protocolHeader, versionMajor: 0, versionMinor: 9 },
  { bytes: Buffer.from([0x41, 0x4d, 0x51, 0x50, 1, 1, 0, 9]), versionMajor: 0, versionMinor: 9 },
  { bytes: Buffer.from([0x41, 0x4d, 0x51, 0x50, 1, 1, 8, 0]), versionMajor: 8, versionMinor: 0 },
  { bytes: Buffer.from([0x41, 0x4d, 0x51, 0x50, 1, 1, 9, 1]), versionMajor: 8, versionMinor: 0 },
];

/** The accepted protocol header that the bytes match so far. */
export function acceptedHeader(bytes: Buffer): AcceptedHeader | undefined {
  const known = Math.min(bytes.length, protocolHeader.length);
  return acceptedHeaders.find((header) => bytes.compare(header.bytes, 0, known, 0, known) === 0);
}

/** Whether a connection with these first bytes uses AMQP 0-9-1, or may do so. */
export function recognizes(bytes: Buffer): Recognition {
  if (acceptedHeader(bytes) === undefined) return 'no';
  return bytes.length < protocolHeader.length ? 'maybe' : 'yes';
}

/** The smallest maximum frame size that a client may select, which every peer must accept. */
const frameMaxLeast = 4096;

/** Maximum size of a frame before the log-in, as in RabbitMQ 4. Tokens can need more than the least. */
export const frameMaxBeforeLogin = 8192;

/** The limits that the server offers. */
export const offer = { channelMax: 2047, frameMax: 131_072 } as const;

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

/**
 * The properties of the server. Clients select features by product and version, so these are those
 * of the emulated engine. The platform names this program.
 *
 * @param engineVersion for example `3.13`
 * @param mechanisms those that the client can choose from
 */
function start(
  { versionMajor, versionMinor }: AcceptedHeader,
  engineVersion: string,
  mechanisms: readonly string[],
): ConnectionStart {
  return {
    id: methodIds.connectionStart,
    versionMajor,
    versionMinor,
    serverProperties: {
      capabilities: { type: 'table', value: capabilities },
      product: longString('RabbitMQ'),
      version: longString(engineVersion),
      platform: longString('Waxwing'),
      information: longString('Licensed under the Apache License 2.0'),
    },
    mechanisms: Buffer.from(mechanisms.join(' ')),
    locales: Buffer.from('en_US'),
  };
}

/** What an encoded `connection.start` depends on. */
interface EncodedStart {
  readonly header: AcceptedHeader;
  readonly engineVersion: string;
  readonly mechanisms: readonly string[];
  readonly bytes: Buffer;
}

let lastStart: EncodedStart | undefined;

/**
 * Like {@link start}, as the payload of a method frame. It is the same for nearly all connections, so
 * the last one is kept.
 *
 * @param mechanisms a list that does not change
 */
export function encodedStart(
  header: AcceptedHeader,
  engineVersion: string,
  mechanisms: readonly string[],
): Buffer {
  const last = lastStart;
  if (
    last?.header === header &&
    last.engineVersion === engineVersion &&
    last.mechanisms === mechanisms
  )
    return last.bytes;
  const w = new Writer();
  writeMethod(w, start(header, engineVersion, mechanisms));
  const bytes = Buffer.from(w.bytes.subarray(0, w.at));
  lastStart = { header, engineVersion, mechanisms, bytes };
  return bytes;
}

/** The user name and password of a client. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Decodes the user name and password in `connection.start-ok`.
 *
 * @param mechanisms those that the client can choose from
 * @returns undefined for the mechanism EXTERNAL, which has neither
 * @throws {AmqpError} 'not-allowed' or 'access-refused' for other mechanisms or a malformed
 *   response
 */
export function readCredentials(
  { mechanism, response }: ConnectionStartOk,
  mechanisms: readonly string[],
): Credentials | undefined {
  if (!mechanisms.includes(mechanism)) {
    throw new AmqpError(
      'access-refused',
      `Login was refused: mechanism '${mechanism}' is not one of ${mechanisms.join(' ')}`,
    );
  }
  if (mechanism === 'EXTERNAL') return undefined;
  return mechanism === 'PLAIN' ? readPlain(response) : readAmqplain(response);
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

/** The error for a failed log-in, with the wording of RabbitMQ. */
export function loginRefused(mechanism: string): AmqpError {
  return new AmqpError(
    'access-refused',
    `Login was refused using authentication mechanism ${mechanism}. ` +
      'For details see the broker logfile.',
  );
}

/** Whether a client declares support for an extension. */
export function hasCapability(properties: FieldTable, name: string): boolean {
  const { capabilities: found } = properties;
  if (found?.type !== 'table') return false;
  return (found.value as FieldTable)[name]?.value === true; // the type determines the value
}

/**
 * Checks the limits that a client selected.
 *
 * @throws {AmqpError} 'not-allowed' if they are above the offer or below the minimum
 */
export function checkTune({ channelMax, frameMax }: ConnectionTuneOk): void {
  checkLimit('channel_max', channelMax, offer.channelMax);
  checkLimit('frame_max', frameMax, offer.frameMax);
  if (frameMax < frameMaxLeast) {
    throw new AmqpError('not-allowed', `frame_max=${frameMax} < ${frameMaxLeast} min size`);
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
