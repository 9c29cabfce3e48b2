// Packet types, and packets of the server.

import { type PropertyWriter, variableBytes } from './properties.ts';

/** The types of packets (2.1.2). */
export const packetTypes = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

/** Protocol levels: MQTT 3.1, 3.1.1 and 5. */
export type Version = 3 | 4 | 5;

/** The first byte of PUBREL, which has a reserved flag (2.1.3). */
export const pubrelFirst = 0x62;

/** Encodes a packet of a few pieces. */
export function packetBytes(first: number, pieces: readonly Buffer[]): Buffer {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return Buffer.concat([Buffer.of(first), variableBytes(length), ...pieces]);
}

/** CONNACK. Properties are only for MQTT 5. */
export function connackPacket(
  isSessionPresent: boolean,
  code: number,
  properties: PropertyWriter | undefined,
): Buffer {
  const head = Buffer.of(isSessionPresent ? 1 : 0, code);
  return packetBytes(0x20, properties === undefined ? [head] : [head, properties.field()]);
}

/** SUBACK or UNSUBACK. */
export function subackPacket(
  type: 'suback' | 'unsuback',
  version: Version,
  id: number,
  codes: readonly number[],
): Buffer {
  const pieces = [Buffer.of(id >>> 8, id)];
  if (version === 5) pieces.push(Buffer.of(0));
  // Before MQTT 5, UNSUBACK has no payload.
  if (version === 5 || type === 'suback') pieces.push(Buffer.from(codes));
  return packetBytes(packetTypes[type] << 4, pieces);
}

/** DISCONNECT of MQTT 5. */
export function disconnectPacket(code: number, properties: PropertyWriter): Buffer {
  return packetBytes(0xe0, [Buffer.of(code), properties.field()]);
}

/** PINGRESP. */
export const pingresp: Buffer = Buffer.of(0xd0, 0);
