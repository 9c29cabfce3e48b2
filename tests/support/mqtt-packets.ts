/** Properties of MQTT 5 that tests send: numbers by their type, texts, bytes, and pairs. */
export interface TestProperties {
  readonly [id: number]: number | string | Buffer | readonly (readonly [string, string])[];
}

const bytesIds = new Set([0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2a]);
const u16Ids = new Set([0x13, 0x21, 0x22, 0x23]);
const variableIds = new Set([0x0b]);
const textIds = new Set([0x03, 0x08, 0x12, 0x15, 0x1a, 0x1c, 0x1f]);

/** A string or bytes with a length of two bytes. */
export function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.of(bytes.length >>> 8, bytes.length), bytes]);
}

/** A variable byte integer. */
export function variable(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    bytes.push((left % 128) + (left > 127 ? 128 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.from(bytes);
}

const u16 = (value: number): Buffer => Buffer.of(value >>> 8, value);
const u32 = (value: number): Buffer => Buffer.of(value >>> 24, value >>> 16, value >>> 8, value);

/** Properties with their length. */
export function propertyField(properties: TestProperties = {}): Buffer {
  const pieces: Buffer[] = [];
  for (const [name, value] of Object.entries(properties)) {
    const id = Number(name);
    if (Array.isArray(value)) {
      for (const [key, text] of value) pieces.push(Buffer.of(id), field(key), field(text));
    } else pieces.push(Buffer.of(id), propertyValue(id, value as number | string | Buffer));
  }
  const bytes = Buffer.concat(pieces);
  return Buffer.concat([variable(bytes.length), bytes]);
}

function propertyValue(id: number, value: number | string | Buffer): Buffer {
  if (typeof value !== 'number') return field(value);
  if (bytesIds.has(id)) return Buffer.of(value);
  if (u16Ids.has(id)) return u16(value);
  return variableIds.has(id) ? variable(value) : u32(value);
}

/** A packet of some pieces. */
export function packet(first: number, ...pieces: readonly Buffer[]): Buffer {
  const content = Buffer.concat(pieces);
  return Buffer.concat([Buffer.of(first), variable(content.length), content]);
}

/** A CONNECT packet to be. */
export interface TestConnect {
  readonly version?: 3 | 4 | 5;
  readonly clientId?: string;
  readonly clean?: boolean;
  readonly keepAlive?: number;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly properties?: TestProperties;
  readonly will?: {
    readonly topic: string;
    readonly payload?: string;
    readonly qos?: number;
    readonly retain?: boolean;
    readonly properties?: TestProperties;
  };
}

/** CONNECT, by default as `bob` with a clean session. */
export function connectPacket(options: TestConnect = {}): Buffer {
  const { version = 4, clientId = 'c', clean = true, keepAlive = 0, will } = options;
  const username = 'username' in options ? options.username : 'bob';
  const password = 'password' in options ? options.password : 'secret';
  const flags = [
    clean ? 2 : 0,
    username === undefined ? 0 : 128,
    password === undefined ? 0 : 64,
    will === undefined ? 0 : 4 | ((will.qos ?? 0) << 3) | (will.retain === true ? 32 : 0),
  ].reduce((sum, bits) => sum | bits);
  const isNew = version === 5;
  return packet(
    0x10,
    field(version === 3 ? 'MQIsdp' : 'MQTT'),
    Buffer.of(version, flags),
    u16(keepAlive),
    isNew ? propertyField(options.properties) : none,
    field(clientId),
    will === undefined ? none : willField(will, isNew),
    username === undefined ? none : field(username),
    password === undefined ? none : field(password),
  );
}

const none = Buffer.alloc(0);

function willField(
  { topic, payload = 'will', properties }: NonNullable<TestConnect['will']>,
  isNew: boolean,
): Buffer {
  const list = isNew ? propertyField(properties) : none;
  return Buffer.concat([list, field(topic), field(payload)]);
}

/** PUBLISH. */
export function publishPacket(
  version: number,
  topic: string,
  payload: string | Buffer,
  options: {
    readonly qos?: number;
    readonly id?: number;
    readonly retain?: boolean;
    readonly dup?: boolean;
    readonly properties?: TestProperties;
  } = {},
): Buffer {
  const { qos = 0, id = 1, retain = false, dup = false, properties } = options;
  const first = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  return packet(
    first,
    field(topic),
    qos > 0 ? u16(id) : none,
    version === 5 ? propertyField(properties) : none,
    Buffer.from(payload),
  );
}

/** SUBSCRIBE: filters with their options. */
export function subscribePacket(
  version: number,
  id: number,
  filters: Readonly<Record<string, number>>,
  properties?: TestProperties,
): Buffer {
  const pieces = Object.entries(filters).map(([filter, options]) =>
    Buffer.concat([field(filter), Buffer.of(options)]),
  );
  const list = version === 5 ? propertyField(properties) : Buffer.alloc(0);
  return packet(0x82, u16(id), list, ...pieces);
}

/** UNSUBSCRIBE. */
export function unsubscribePacket(version: number, id: number, filters: readonly string[]): Buffer {
  const list = version === 5 ? propertyField() : Buffer.alloc(0);
  return packet(0xa2, u16(id), list, ...filters.map((filter) => field(filter)));
}

/** An acknowledgement: PUBACK 0x40, PUBREC 0x50, PUBREL 0x62, PUBCOMP 0x70. */
export function ackPacket(first: number, id: number, reason?: number): Buffer {
  return packet(first, u16(id), reason === undefined ? Buffer.alloc(0) : Buffer.of(reason));
}

/** A packet as a client has received it. */
export interface Received {
  readonly type: string;
  readonly id?: number;
  /** Return codes, or one reason code. */
  readonly codes?: readonly number[];
  readonly isPresent?: boolean;
  readonly topic?: string;
  readonly payload?: string;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly dup?: boolean;
  /** Numbers, texts and bytes as hex by identifier; a list where the property is repeated. */
  readonly properties?: Readonly<Record<number, unknown>>;
}

const names = [
  '',
  'connect',
  'connack',
  'publish',
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'subscribe',
  'suback',
  'unsubscribe',
  'unsuback',
  'pingreq',
  'pingresp',
  'disconnect',
];

class Cursor {
  readonly bytes: Buffer;
  at = 0;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
  get left(): number {
    return this.bytes.length - this.at;
  }
  take(size: number): Buffer {
    if (size > this.left) throw new Error(`a packet ends ${size - this.left} bytes too early`);
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }
  u8(): number {
    return this.take(1).readUInt8();
  }
  u16(): number {
    return this.take(2).readUInt16BE();
  }
  variable(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }
  text(): string {
    return this.take(this.u16()).toString();
  }
  properties(): Record<number, unknown> {
    const list = new Cursor(this.take(this.variable()));
    const found: Record<number, unknown> = {};
    while (list.left > 0) {
      const id = list.variable();
      const value = list.#value(id);
      const isRepeated = id === 0x26 || id === 0x0b;
      if (isRepeated)
        found[id] = [...((found[id] as unknown[]) ?? []), value]; // a list before
      else found[id] = value;
    }
    return found;
  }
  #value(id: number): unknown {
    if (id === 0x26) return [this.text(), this.text()];
    if (textIds.has(id)) return this.text();
    if (id === 0x09 || id === 0x16) return this.take(this.u16()).toString('hex');
    if (bytesIds.has(id)) return this.u8();
    if (u16Ids.has(id)) return this.u16();
    if (variableIds.has(id)) return this.variable();
    return this.take(4).readUInt32BE();
  }
}

/** Cuts what a server has written into packets, strictly. Returns the bytes of an incomplete one, too. */
export function readPackets(bytes: Buffer, version: number): { packets: Received[]; rest: Buffer } {
  const packets: Received[] = [];
  const all = new Cursor(bytes);
  for (;;) {
    const start = all.at;
    const length = lengthAt(bytes, start + 1);
    if (length === undefined || start + length.end > bytes.length) {
      return { packets, rest: bytes.subarray(start) };
    }
    const first = all.u8();
    const content = new Cursor(all.take(length.end - 1).subarray(length.size));
    packets.push(readOne(first, content, version));
  }
}

function lengthAt(bytes: Buffer, at: number): { size: number; end: number } | undefined {
  let value = 0;
  for (let size = 1; size <= 4; size++) {
    const byte = bytes[at + size - 1];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 128 ** (size - 1);
    if (byte < 128) return { size, end: 1 + size + value };
  }
  throw new Error('a length has more than four bytes');
}

function readOne(first: number, content: Cursor, version: number): Received {
  const type = names[first >> 4] ?? '';
  const isNew = version === 5;
  if (type === 'publish') return readPublish(first, content, isNew);
  if (acknowledgements.has(type)) return readAcknowledgement(first, type, content);
  if (first % 16 !== 0) throw new Error('wrong flags');
  switch (type) {
    case 'connack': {
      const isPresent = content.u8() === 1;
      const codes = [content.u8()];
      const properties = isNew ? content.properties() : {};
      return done(content, { type, isPresent, codes, properties });
    }
    case 'suback':
    case 'unsuback': {
      const id = content.u16();
      if (isNew) content.properties();
      return { type, id, codes: [...content.take(content.left)] };
    }
    case 'disconnect': {
      const codes = [content.left > 0 ? content.u8() : 0];
      const properties = content.left > 0 ? content.properties() : {};
      return done(content, { type, codes, properties });
    }
    case 'pingresp':
      return done(content, { type });
    default:
      throw new Error(`a server does not send ${type} (${first})`);
  }
}

const acknowledgements = new Set(['puback', 'pubrec', 'pubrel', 'pubcomp']);

function readAcknowledgement(first: number, type: string, content: Cursor): Received {
  if (first % 16 !== (type === 'pubrel' ? 2 : 0)) throw new Error('wrong flags');
  const id = content.u16();
  const codes = [content.left > 0 ? content.u8() : 0];
  return done(content, { type, id, codes });
}

function readPublish(first: number, content: Cursor, isNew: boolean): Received {
  const qos = (first >> 1) & 3;
  const topic = content.text();
  const id = qos > 0 ? content.u16() : 0;
  const properties = isNew ? content.properties() : {};
  const payload = content.take(content.left).toString();
  const retain = (first & 1) === 1;
  return { type: 'publish', topic, payload, qos, id, retain, dup: (first & 8) !== 0, properties };
}

function done(content: Cursor, received: Received): Received {
  if (content.left > 0) throw new Error(`${received.type} has ${content.left} bytes too many`);
  return received;
}
