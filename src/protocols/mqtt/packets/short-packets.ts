// Acknowledgements, DISCONNECT, and the flags of packets.

import type { FieldReader } from '../codec/fields.ts';
import { packetTypes, type Version } from '../codec/packets.ts';
import { propertyIds, readProperties } from '../codec/properties.ts';
import { malformed } from '../errors.ts';

/** The flags that each type of packet has (2.1.3), if they are not 0; those of PUBLISH vary. */
const requiredFlags: Readonly<Record<number, number>> = {
  [packetTypes.pubrel]: 2,
  [packetTypes.subscribe]: 2,
  [packetTypes.unsubscribe]: 2,
};

/** Checks the flags of a packet. [MQTT-2.1.3-1] @throws {MqttError} `malformedPacket` */
export function checkFlags(first: number): void {
  const type = first >> 4;
  if (type === packetTypes.publish || (first & 15) === (requiredFlags[type] ?? 0)) return;
  throw malformed(`the flags of a packet of type ${type} are ${first & 15}`);
}

/** Reads PUBACK, PUBREC, PUBREL or PUBCOMP. @throws {MqttError} `malformedPacket` */
export function readAcknowledgement(
  fields: FieldReader,
  version: Version,
): { readonly id: number; readonly reason: number } {
  const id = fields.u16();
  if (fields.left === 0) return { id, reason: 0 };
  if (version !== 5) throw malformed('an acknowledgement has more than a packet id');
  const reason = fields.u8();
  if (fields.left > 0) readProperties(fields, 'acknowledgement');
  return { id, reason };
}

/**
 * Reads DISCONNECT.
 *
 * @returns the reason code, and the session expiry in seconds if the client changes it
 * @throws {MqttError} `malformedPacket`
 */
export function readDisconnect(
  fields: FieldReader,
  version: Version,
): { readonly reason: number; readonly expirySeconds: number | undefined } {
  if (fields.left === 0) return { reason: 0, expirySeconds: undefined };
  if (version !== 5) throw malformed('DISCONNECT has a content');
  const reason = fields.u8();
  const properties = fields.left > 0 ? readProperties(fields, 'disconnect') : undefined;
  return { reason, expirySeconds: properties?.number(propertyIds.sessionExpiry) };
}
