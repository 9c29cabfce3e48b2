// The negotiation of the encoding: WireFormatInfo.

import type { Field, Value } from '../../../broker/conversion/value.ts';
import { OpenWireError } from '../errors.ts';
import { cacheSizeMax, inactivityDelayMs, inactivityMs } from '../limits.ts';
import { encodeMap, ValueReader } from './primitives.ts';

/** The highest version of OpenWire, which is spoken with newer clients too. */
export const versionMax = 12;

const magic = Buffer.from('ActiveMQ');
const infoType = 1;
/** Type, magic, version, and whether there are properties. */
const fixedBytes = 1 + 8 + 4 + 1;

/** Limits of the properties. */
const entryCountMax = 64;
const valueBytesMax = 512;

/** The sizes at which the cache is used if the peer names none. */
const cacheSizeDefault = 16_383;

/** The agreement of both sides. */
export interface WireFormat {
  readonly version: number;
  readonly isTight: boolean;
  /** Entries of the cache of each direction; 0 if it is off. */
  readonly cacheSize: number;
  /** Maximum time without data, in milliseconds; 0 for no limit. */
  readonly inactivityMs: number;
  readonly inactivityDelayMs: number;
}

/** The data of the broker that clients are told. */
export interface BrokerVersion {
  readonly engineVersion: string;
  readonly frameBytesMax: number;
}

const flag = (value: boolean): Value => ({ type: 'boolean', value });
const int = (value: number): Value => ({ type: 'int', value });
const long = (value: number): Value => ({ type: 'long', value: BigInt(value) });
const text = (value: string): Value => ({ type: 'string', value });

/** Encodes the WireFormatInfo of this side, with its length. It is always sent in version 1. */
export function encodeFormatInfo({ engineVersion, frameBytesMax }: BrokerVersion): Buffer {
  const properties = encodeMap([
    ['TightEncodingEnabled', flag(true)],
    ['CacheEnabled', flag(true)],
    ['CacheSize', int(cacheSizeMax)],
    ['SizePrefixDisabled', flag(false)],
    ['TcpNoDelayEnabled', flag(true)],
    // Exceptions are sent and accepted without stack traces.
    ['StackTraceEnabled', flag(false)],
    ['MaxInactivityDuration', long(inactivityMs)],
    ['MaxInactivityDurationInitalDelay', long(inactivityDelayMs)],
    ['MaxFrameSize', long(frameBytesMax)],
    ['MaxFrameSizeEnabled', flag(true)],
    ['ProviderName', text('ActiveMQ')],
    ['ProviderVersion', text(engineVersion)],
    ['PlatformDetails', text('Java')],
  ]);
  const size = fixedBytes + 4 + properties.length;
  const bytes = Buffer.alloc(4 + size);
  bytes.writeUInt32BE(size, 0);
  bytes[4] = infoType;
  magic.copy(bytes, 5);
  bytes.writeInt32BE(versionMax, 13);
  bytes[17] = 1;
  bytes.writeInt32BE(properties.length, 18);
  properties.copy(bytes, 22);
  return bytes;
}

/** Whether the first bytes of a connection are a WireFormatInfo, or can become one. */
export function beginsWithFormatInfo(bytes: Buffer): 'yes' | 'no' | 'maybe' {
  const size = Math.min(bytes.length - 4, 1 + magic.length);
  if (size <= 0) return bytes.readUInt8(0) === 0 ? 'maybe' : 'no';
  const expected = Buffer.concat([Buffer.of(infoType), magic]).subarray(0, size);
  if (bytes.compare(expected, 0, size, 4, 4 + size) !== 0) return 'no';
  return size === 1 + magic.length ? 'yes' : 'maybe';
}

/**
 * Reads the WireFormatInfo of the peer, and returns the agreement.
 *
 * @throws {OpenWireError} `malformed`
 */
export function agree(bytes: Buffer, start: number, end: number): WireFormat {
  const isInfo = bytes[start] === infoType && end - start >= fixedBytes;
  if (!isInfo || bytes.compare(magic, 0, magic.length, start + 1, start + 9) !== 0) {
    throw new OpenWireError('malformed', 'the first frame is not a WireFormatInfo');
  }
  const version = bytes.readInt32BE(start + 9);
  const named = new Map(bytes[start + 13] === 0 ? [] : readProperties(bytes, start + 14, end));
  const isOn = (name: string) => named.get(name)?.value === true;
  const number = (name: string) => {
    const value = named.get(name)?.value;
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
  };
  const size = number('CacheSize');
  const cacheSize = Math.min(size > 0 ? size : cacheSizeDefault, cacheSizeMax);
  return {
    version: version <= 0 ? versionMax : Math.min(version, versionMax),
    isTight: isOn('TightEncodingEnabled'),
    cacheSize: isOn('CacheEnabled') ? cacheSize : 0,
    inactivityMs: Math.max(0, Math.min(number('MaxInactivityDuration'), inactivityMs)),
    inactivityDelayMs: Math.max(
      0,
      Math.min(number('MaxInactivityDurationInitalDelay'), inactivityDelayMs),
    ),
  };
}

function readProperties(bytes: Buffer, start: number, end: number): readonly Field[] {
  if (end - start < 4) throw new OpenWireError('malformed', 'a WireFormatInfo is cut off');
  const size = bytes.readInt32BE(start);
  if (size < 4 || start + 4 + size > end) {
    throw new OpenWireError('malformed', `properties of ${size} bytes in a WireFormatInfo`);
  }
  const reader = new ValueReader(bytes, start + 4, start + 4 + size);
  const count = bytes.readInt32BE(start + 4);
  if (count < 0 || count > entryCountMax) {
    const allowed = `${entryCountMax} are allowed`;
    throw new OpenWireError('malformed', `${count} properties in a WireFormatInfo; ${allowed}`);
  }
  const fields = reader.map() ?? [];
  for (const [name, { type, value }] of fields) {
    const isNested = type === 'map' || type === 'list';
    const isLong = (type === 'string' || type === 'binary') && value.length > valueBytesMax;
    if (!isNested && !isLong && name.length <= valueBytesMax) continue;
    throw new OpenWireError('malformed', 'a property of a WireFormatInfo is too large');
  }
  return fields;
}
