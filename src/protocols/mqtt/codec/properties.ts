// The properties of MQTT 5 (2.2.2).

import { malformed, protocolError } from '../errors.ts';
import { propertyBytesMax, propertyCountMax } from '../limits.ts';
import { type FieldReader, isSendable } from './fields.ts';

/** The identifiers of properties. */
export const propertyIds = {
  payloadFormat: 0x01,
  messageExpiry: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  subscriptionId: 0x0b,
  sessionExpiry: 0x11,
  assignedClientId: 0x12,
  serverKeepAlive: 0x13,
  authenticationMethod: 0x15,
  authenticationData: 0x16,
  requestProblemInformation: 0x17,
  willDelay: 0x18,
  requestResponseInformation: 0x19,
  reasonString: 0x1f,
  receiveMaximum: 0x21,
  topicAliasMaximum: 0x22,
  topicAlias: 0x23,
  maximumQos: 0x24,
  userProperty: 0x26,
  maximumPacketSize: 0x27,
  sharedSubscriptionAvailable: 0x2a,
} as const;

type PropertyType = 'byte' | 'u16' | 'u32' | 'variable' | 'text' | 'binary' | 'pair';

const types: Readonly<Record<number, PropertyType>> = {
  [propertyIds.payloadFormat]: 'byte',
  [propertyIds.messageExpiry]: 'u32',
  [propertyIds.contentType]: 'text',
  [propertyIds.responseTopic]: 'text',
  [propertyIds.correlationData]: 'binary',
  [propertyIds.subscriptionId]: 'variable',
  [propertyIds.sessionExpiry]: 'u32',
  [propertyIds.assignedClientId]: 'text',
  [propertyIds.serverKeepAlive]: 'u16',
  [propertyIds.authenticationMethod]: 'text',
  [propertyIds.authenticationData]: 'binary',
  [propertyIds.requestProblemInformation]: 'byte',
  [propertyIds.willDelay]: 'u32',
  [propertyIds.requestResponseInformation]: 'byte',
  [propertyIds.reasonString]: 'text',
  [propertyIds.receiveMaximum]: 'u16',
  [propertyIds.topicAliasMaximum]: 'u16',
  [propertyIds.topicAlias]: 'u16',
  [propertyIds.userProperty]: 'pair',
  [propertyIds.maximumPacketSize]: 'u32',
  [propertyIds.maximumQos]: 'byte',
  [propertyIds.sharedSubscriptionAvailable]: 'byte',
};

/** The properties that clients may send in each packet. User properties may be in all of them. */
const permitted = {
  connect: [0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x27],
  will: [0x01, 0x02, 0x03, 0x08, 0x09, 0x18],
  publish: [0x01, 0x02, 0x03, 0x08, 0x09, 0x23],
  acknowledgement: [0x1f],
  subscribe: [0x0b],
  unsubscribe: [],
  disconnect: [0x11, 0x1f],
} as const satisfies Record<string, readonly number[]>;

/** The place of properties. */
export type PropertyPlace = keyof typeof permitted;

/** Properties that are yes or no. */
const isFlag: ReadonlySet<number> = new Set([
  propertyIds.payloadFormat,
  propertyIds.requestProblemInformation,
  propertyIds.requestResponseInformation,
]);

/** The properties of a packet. A property that is not there is undefined. */
export class PropertyList {
  readonly numbers = new Map<number, number>();
  readonly texts = new Map<number, string>();
  readonly binaries = new Map<number, Buffer>();
  /** Name and value, in order. Names may be repeated. */
  readonly pairs: (readonly [name: string, value: string])[] = [];

  number(id: number): number | undefined {
    return this.numbers.get(id);
  }

  text(id: number): string | undefined {
    return this.texts.get(id);
  }

  binary(id: number): Buffer | undefined {
    return this.binaries.get(id);
  }
}

/** No properties. */
export const noProperties = new PropertyList();

/**
 * Reads the properties of a packet, with their length.
 *
 * @throws {MqttError} `malformedPacket`; `protocolError` for a property that is repeated, out of range
 *   or not permitted in this packet
 */
export function readProperties(fields: FieldReader, place: PropertyPlace): PropertyList {
  const length = fields.variable();
  if (length === 0) return noProperties;
  if (length > propertyBytesMax) {
    throw malformed(`properties of ${length} bytes are more than ${propertyBytesMax}`);
  }
  const start = fields.skip(length);
  const { end } = fields;
  fields.at = start;
  fields.end = start + length;
  const list = new PropertyList();
  for (let count = 1; fields.left > 0; count++) {
    if (count > propertyCountMax) {
      throw malformed(`a packet has more than ${propertyCountMax} properties`);
    }
    readProperty(fields, place, list);
  }
  fields.end = end;
  return list;
}

function readProperty(fields: FieldReader, place: PropertyPlace, list: PropertyList): void {
  const id = fields.variable();
  const type = types[id];
  const allowed: readonly number[] = permitted[place];
  if (type === undefined || (type !== 'pair' && !allowed.includes(id))) {
    throw malformed(`the property ${id} is not permitted in ${place}`);
  }
  switch (type) {
    case 'pair':
      list.pairs.push([fields.text(), fields.text()]);
      return;
    case 'text':
      requireNew(list.texts, id);
      list.texts.set(id, readText(fields, id));
      return;
    case 'binary':
      requireNew(list.binaries, id);
      list.binaries.set(id, fields.binary());
      return;
    default:
      requireNew(list.numbers, id);
      list.numbers.set(id, readNumber(fields, type, id));
  }
}

function readText(fields: FieldReader, id: number): string {
  const text = fields.text();
  // [MQTT-3.3.2-14]
  if (id === propertyIds.responseTopic && /[+#]/.test(text)) {
    throw protocolError('a response topic contains a wildcard');
  }
  return text;
}

function requireNew(known: ReadonlyMap<number, unknown>, id: number): void {
  if (known.has(id)) throw protocolError(`the property ${id} is repeated`);
}

function readNumber(
  fields: FieldReader,
  type: 'byte' | 'u16' | 'u32' | 'variable',
  id: number,
): number {
  const value = numberOf(fields, type);
  if (isFlag.has(id) && value > 1)
    throw protocolError(`the property ${id} is ${value}, not 0 or 1`);
  const isCount = id === propertyIds.receiveMaximum || id === propertyIds.maximumPacketSize;
  const isZero = value === 0 && (isCount || id === propertyIds.subscriptionId);
  if (isZero) throw protocolError(`the property ${id} is 0`);
  return value;
}

function numberOf(fields: FieldReader, type: 'byte' | 'u16' | 'u32' | 'variable'): number {
  if (type === 'byte') return fields.u8();
  if (type === 'u16') return fields.u16();
  return type === 'u32' ? fields.u32() : fields.variable();
}

/** Encodes properties one after another. */
export class PropertyWriter {
  readonly #pieces: Buffer[] = [];
  length = 0;

  #add(...pieces: readonly Buffer[]): this {
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.length += piece.length;
    }
    return this;
  }

  byte(id: number, value: number | undefined): this {
    return value === undefined ? this : this.#add(Buffer.of(id, value));
  }

  u16(id: number, value: number | undefined): this {
    return value === undefined ? this : this.#add(Buffer.of(id, value >>> 8, value));
  }

  u32(id: number, value: number | undefined): this {
    if (value === undefined) return this;
    const bytes = Buffer.alloc(5);
    bytes[0] = id;
    bytes.writeUInt32BE(value, 1);
    return this.#add(bytes);
  }

  variable(id: number, value: number): this {
    return this.#add(Buffer.of(id), variableBytes(value));
  }

  /** Text that cannot be sent is left out. */
  text(id: number, value: string | undefined): this {
    if (value === undefined || !isSendable(value)) return this;
    return this.#add(Buffer.of(id), textField(value));
  }

  binary(id: number, value: Buffer | undefined): this {
    if (value === undefined || value.length > 65_535) return this;
    return this.#add(Buffer.of(id, value.length >>> 8, value.length), value);
  }

  pair(name: string, value: string): this {
    if (!isSendable(name) || !isSendable(value)) return this;
    return this.#add(Buffer.of(propertyIds.userProperty), textField(name), textField(value));
  }

  /** The encoded properties without their length. */
  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** The encoded properties with their length. */
  field(): Buffer {
    return Buffer.concat([variableBytes(this.length), ...this.#pieces]);
  }
}

/** Encodes a UTF-8 string with its length. */
export function textField(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length >>> 8, bytes.length), bytes]);
}

/** Encodes a variable byte integer. */
export function variableBytes(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    const low = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? low | 128 : low);
  } while (left > 0);
  return Buffer.from(bytes);
}

/** The size of a variable byte integer, in bytes. */
export function variableSize(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}
