// The header of the PROXY protocol, versions 1 and 2, which states the client of a connection.

import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { plainAddress } from '../../base/address.ts';
import type { ClientAddress } from '../client-address.ts';

/** Maximum size of a header of version 1 with its line end, bytes (section 2.1). */
const textBytesMax = 107;
/** Maximum size of the addresses and TLVs of version 2, bytes: what fits a small segment (section 2.2). */
const bodyBytesMax = 536;

const prefix = Buffer.from('PROXY ', 'latin1');
/** The beginning of version 2. */
export const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const fixedBytes = 16;

/** The address families of version 2. */
export const tcp4 = 0x11;
/** See {@link tcp4}. */
export const tcp6 = 0x21;
const addressBytes: Readonly<Record<number, number>> = { 0: 0, [tcp4]: 12, [tcp6]: 36 };

/** The type of the TLV with the secret of the service's own router, in the range for applications. */
export const secretType = 0xe5;

/** A header that was read. */
export interface ProxyHeader {
  readonly sizeBytes: number;
  /** Undefined if the proxy speaks for itself, for example to check this server. */
  readonly client: ClientAddress | undefined;
  /** The secret in the header; undefined if it has none. */
  readonly secret: Buffer | undefined;
}

/**
 * Reads the header at the beginning of a connection.
 *
 * @param bytes all that was received so far
 * @returns what is wrong with it if it cannot become a valid one
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | 'incomplete' | { wrong: string } {
  const [first] = bytes;
  if (first === undefined) return 'incomplete';
  if (first === signature[0]) return readBinary(bytes);
  return readText(bytes);
}

function readText(bytes: Buffer): ProxyHeader | 'incomplete' | { wrong: string } {
  const shared = Math.min(bytes.length, prefix.length);
  if (!bytes.subarray(0, shared).equals(prefix.subarray(0, shared))) {
    return { wrong: 'it begins with neither version of the header' };
  }
  const end = bytes.subarray(0, textBytesMax).indexOf('\r\n', 0, 'latin1');
  if (end < 0) {
    if (bytes.length < textBytesMax) return 'incomplete';
    return { wrong: `version 1 without a line end in ${textBytesMax} bytes` };
  }
  const sizeBytes = end + 2;
  const parts = bytes.toString('latin1', prefix.length, end).split(' ');
  const [family, from = '', to = '', fromPort = '', toPort = ''] = parts;
  if (family === 'UNKNOWN') return { sizeBytes, client: undefined, secret: undefined };
  const isAddress = addressChecks.get(family ?? '');
  const isRight =
    isAddress !== undefined &&
    parts.length === 5 &&
    isAddress(from) &&
    isAddress(to) &&
    isPort(fromPort) &&
    isPort(toPort);
  if (!isRight) return { wrong: 'version 1 with other fields than an address family defines' };
  const address = family === 'TCP6' ? shortest(from) : from;
  const client = { address, port: Number(fromPort) };
  return { sizeBytes, client, secret: undefined };
}

const addressChecks = new Map([
  ['TCP4', isIPv4],
  ['TCP6', isNumericIPv6],
]);

function isNumericIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

function readBinary(bytes: Buffer): ProxyHeader | 'incomplete' | { wrong: string } {
  const shared = Math.min(bytes.length, signature.length);
  if (!bytes.subarray(0, shared).equals(signature.subarray(0, shared))) {
    return { wrong: 'it begins with neither version of the header' };
  }
  if (bytes.length < fixedBytes) return 'incomplete';
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const size = bytes.readUInt16BE(14);
  if (command !== 0x20 && command !== 0x21) {
    return { wrong: `version and command 0x${command.toString(16)}; expected 0x20 or 0x21` };
  }
  if (size > bodyBytesMax) return { wrong: `${size} bytes; the maximum is ${bodyBytesMax}` };
  const isLocal = command === 0x20;
  const taken = isLocal ? 0 : addressBytes[family];
  if (taken === undefined || taken > size) {
    return { wrong: `address family 0x${family.toString(16)} with ${size} bytes` };
  }
  if (bytes.length < fixedBytes + size) return 'incomplete';
  const body = bytes.subarray(fixedBytes, fixedBytes + size);
  const sizeBytes = fixedBytes + size;
  // The rest of LOCAL has no meaning (section 2.2).
  if (isLocal) return { sizeBytes, client: undefined, secret: undefined };
  const secret = secretIn(body.subarray(taken));
  if (secret === 'wrong') return { wrong: 'a TLV that is longer than the header' };
  return { sizeBytes, client: clientIn(family, body), secret };
}

function clientIn(family: number, body: Buffer): ClientAddress | undefined {
  if (family === tcp4) {
    return { address: [...body.subarray(0, 4)].join('.'), port: body.readUInt16BE(8) };
  }
  if (family !== tcp6) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => body.readUInt16BE(2 * i).toString(16));
  return { address: shortest(groups.join(':')), port: body.readUInt16BE(32) };
}

/** The one text of an IPv6 address (RFC 5952), by which limits and policies know it. */
function shortest(address: string): string {
  return plainAddress(new SocketAddress({ address, family: 'ipv6' }).address);
}

/** The secret among TLVs. All others are skipped. */
function secretIn(tlvs: Buffer): Buffer | undefined | 'wrong' {
  let secret: Buffer | undefined;
  for (let at = 0; at < tlvs.length; ) {
    if (at + 3 > tlvs.length) return 'wrong';
    const end = at + 3 + tlvs.readUInt16BE(at + 1);
    if (end > tlvs.length) return 'wrong';
    if (tlvs[at] === secretType) secret = tlvs.subarray(at + 3, end);
    at = end;
  }
  return secret;
}
