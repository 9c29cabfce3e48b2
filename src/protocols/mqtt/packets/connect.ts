// Reads CONNECT packets.

import { checkTopic } from '../address.ts';
import { FieldReader } from '../codec/fields.ts';
import type { Version } from '../codec/packets.ts';
import {
  noProperties,
  type PropertyList,
  propertyIds,
  readProperties,
} from '../codec/properties.ts';
import { MqttError, malformed, protocolError } from '../errors.ts';
import { clientIdBytesMax } from '../limits.ts';
import type { Will } from '../sessions/wills.ts';

/** A CONNECT packet. */
export interface ConnectPacket {
  readonly version: Version;
  readonly isClean: boolean;
  /** 0 for none. */
  readonly keepAliveSeconds: number;
  /** Empty if the server is to assign one. */
  readonly clientId: string;
  readonly will: Will | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly properties: PropertyList;
}

const flags = { clean: 2, will: 4, willRetain: 32, password: 64, username: 128 } as const;

/** Protocol names and levels (3.1.2.1, 3.1.2.2). */
const versions: readonly (readonly [name: string, level: Version])[] = [
  ['MQTT', 4],
  ['MQTT', 5],
  ['MQIsdp', 3],
];

/** The highest level of MQTT whose CONNACK has the form of 3.1.1. */
const oldLevelMax = 4;

/**
 * Reads the protocol name and level.
 *
 * @throws {MqttError} `unsupportedVersion`
 */
export function readVersion(fields: FieldReader): Version {
  const name = fields.text();
  const level = fields.u8();
  const found = versions.find((known) => known[0] === name && known[1] === level);
  if (found !== undefined) return found[1];
  // [MQTT-3.1.2-1]
  if (name !== 'MQTT' && name !== 'MQIsdp') throw malformed('the protocol name is not MQTT');
  const why = `protocol level ${level} of ${name} is not supported; 3, 4 and 5 are`;
  throw new UnsupportedVersion(why, level > oldLevelMax);
}

/** The protocol level is unknown. */
export class UnsupportedVersion extends MqttError {
  /** Whether the answer has the form of MQTT 5. */
  readonly isNew: boolean;

  constructor(message: string, isNew: boolean) {
    super('peer', 'unsupportedVersion', message);
    this.isNew = isNew;
  }
}

/**
 * Reads a CONNECT packet after the protocol name and level.
 *
 * @throws {MqttError}
 */
export function readConnect(fields: FieldReader, version: Version): ConnectPacket {
  const bits = fields.u8();
  checkFlags(bits, version);
  const keepAliveSeconds = fields.u16();
  const properties = version === 5 ? readProperties(fields, 'connect') : noProperties;
  const clientId = fields.text();
  const idBytes = Buffer.byteLength(clientId);
  if (idBytes > clientIdBytesMax) {
    const why = `a client id of ${idBytes} bytes is longer than ${clientIdBytesMax}`;
    throw new MqttError('peer', 'invalidClientId', why);
  }
  const form = { version, qos: (bits >> 3) & 3, isRetained: (bits & flags.willRetain) !== 0 };
  const will = (bits & flags.will) === 0 ? undefined : readWill(fields, form);
  const username = (bits & flags.username) === 0 ? undefined : fields.text();
  const password = (bits & flags.password) === 0 ? undefined : fields.binary().toString('utf8');
  if (fields.left > 0) throw malformed(`CONNECT has ${fields.left} bytes after its last field`);
  return {
    version,
    isClean: (bits & flags.clean) !== 0,
    keepAliveSeconds,
    clientId,
    will,
    username,
    password,
    properties,
  };
}

function checkFlags(bits: number, version: Version): void {
  // [MQTT-3.1.2-3]
  if ((bits & 1) !== 0) throw malformed('a reserved flag of CONNECT is set');
  const qos = (bits >> 3) & 3;
  // [MQTT-3.1.2-12]
  if (qos === 3) throw malformed('the quality of service of the will is 3');
  const hasWill = (bits & flags.will) !== 0;
  // [MQTT-3.1.2-11] [MQTT-3.1.2-13]
  if (!hasWill && (qos > 0 || (bits & flags.willRetain) !== 0)) {
    throw malformed('CONNECT has flags of a will, but no will');
  }
  const hasOnlyPassword = (bits & flags.password) !== 0 && (bits & flags.username) === 0;
  // MQTT 3.1.1, 3.1.2.9; MQTT 5 permits a password without a user name.
  if (hasOnlyPassword && version !== 5) {
    throw malformed('CONNECT has a password, but no user name');
  }
}

/** What the header of CONNECT states about a will. */
export type WillForm = Pick<Will, 'version' | 'qos' | 'isRetained'>;

function readWill(fields: FieldReader, form: WillForm): Will {
  const { bytes, at: start } = fields;
  const properties = form.version === 5 ? readProperties(fields, 'will') : noProperties;
  const topic = fields.text();
  checkTopic(topic);
  const { length } = fields.binary();
  const content = Buffer.from(bytes.subarray(start, fields.at));
  return {
    ...form,
    topic,
    payload: content.subarray(content.length - length),
    properties,
    delaySeconds: properties.number(propertyIds.willDelay) ?? 0,
    content,
  };
}

/**
 * Reads the fields of a will that was stored.
 *
 * @throws {MqttError}
 */
export function willOf(content: Buffer, form: WillForm): Will {
  return readWill(new FieldReader().open(content, 0, content.length), form);
}

/** Checks what this server does not support. @throws {MqttError} */
export function checkAuthentication({ properties }: ConnectPacket): void {
  const method = properties.text(propertyIds.authenticationMethod);
  if (method !== undefined) {
    const why = 'enhanced authentication is not supported';
    throw new MqttError('peer', 'badAuthenticationMethod', why);
  }
  if (properties.binary(propertyIds.authenticationData) !== undefined) {
    throw protocolError('CONNECT has authentication data, but no method');
  }
}
