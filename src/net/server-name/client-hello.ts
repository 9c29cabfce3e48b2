// The server name in the first message of a TLS client (RFC 8446, 4.1.2; RFC 6066, 3).

const recordHeadBytes = 5;
const handshakeRecord = 0x16;
/** Maximum size of a record's content (RFC 8446, 5.1). */
const recordBytesMax = 16 * 1024;
const messageHeadBytes = 4;
const clientHello = 1;
const serverNameExtension = 0;
const hostNameType = 0;
const nameBytesMax = 255;
const firstBytes = 1024;

/** What was found in the message. The name is undefined if the client asks for none. */
export type HelloResult =
  | 'incomplete'
  | { readonly name: string | undefined }
  | { readonly wrong: string };

/** Reads the first message of a client, which can be in several records and arrive in any pieces. */
export class ClientHelloReader {
  readonly #bytesMax: number;
  /** What was received. It is passed on unchanged. */
  readonly #received = new GrowingBuffer();
  /** The contents of the complete records. */
  readonly #content = new GrowingBuffer();
  #recordAt = 0;

  /** @param bytesMax maximum number of bytes until the message is complete */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** All bytes that were received. */
  get received(): Buffer {
    return this.#received.bytes;
  }

  /** Takes more bytes. The time for all of them together is proportional to their number. */
  push(bytes: Buffer): HelloResult {
    this.#received.add(bytes);
    const received = this.#received.bytes;
    while (received.length - this.#recordAt >= recordHeadBytes) {
      const type = received[this.#recordAt];
      const major = received[this.#recordAt + 1];
      const size = received.readUInt16BE(this.#recordAt + 3);
      if (type !== handshakeRecord || major !== 3) return { wrong: 'a record of another kind' };
      if (size === 0 || size > recordBytesMax) return { wrong: `a record of ${size} bytes` };
      const begin = this.#recordAt + recordHeadBytes;
      if (received.length < begin + size) break;
      this.#content.add(received.subarray(begin, begin + size));
      this.#recordAt = begin + size;
      const found = this.#message();
      if (found !== 'incomplete') return found;
    }
    if (received.length < this.#bytesMax) return 'incomplete';
    return { wrong: `no complete message in ${this.#bytesMax} bytes` };
  }

  #message(): HelloResult {
    const content = this.#content.bytes;
    if (content[0] !== clientHello) return { wrong: 'another message than a ClientHello' };
    if (content.length < messageHeadBytes) return 'incomplete';
    const size = content.readUIntBE(1, 3);
    if (size > this.#bytesMax) return { wrong: `a message of ${size} bytes` };
    if (content.length < messageHeadBytes + size) return 'incomplete';
    try {
      return { name: nameIn(content.subarray(messageHeadBytes, messageHeadBytes + size)) };
    } catch (error) {
      if (error instanceof MalformedHello) return { wrong: error.message };
      throw error;
    }
  }
}

class MalformedHello extends Error {}

/** Reads fields with a length in front. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(size: number): Buffer {
    if (this.#at + size > this.#bytes.length) throw new MalformedHello('a field that is too long');
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  number(size: 1 | 2): number {
    return this.take(size).readUIntBE(0, size);
  }

  vector(lengthBytes: 1 | 2): Buffer {
    return this.take(this.number(lengthBytes));
  }
}

function nameIn(message: Buffer): string | undefined {
  const fields = new Fields(message);
  fields.take(2 + 32); // version and random
  fields.vector(1); // session id
  fields.vector(2); // cipher suites
  fields.vector(1); // compression methods
  if (fields.isAtEnd) return undefined;
  const extensions = new Fields(fields.vector(2));
  if (!fields.isAtEnd) throw new MalformedHello('bytes after the extensions');
  let name: string | undefined;
  while (!extensions.isAtEnd) {
    // Unknown ones are skipped, including those that clients invent to keep servers tolerant (RFC 8701).
    const type = extensions.number(2);
    const body = extensions.vector(2);
    if (type !== serverNameExtension) continue;
    if (name !== undefined) throw new MalformedHello('two lists of server names');
    name = hostNameIn(body);
  }
  return name;
}

function hostNameIn(body: Buffer): string {
  const outer = new Fields(body);
  const list = new Fields(outer.vector(2));
  const type = list.number(1);
  const name = list.vector(2);
  if (type !== hostNameType || !outer.isAtEnd || !list.isAtEnd) {
    throw new MalformedHello('a list of server names without exactly one host name');
  }
  const text = name.toString('latin1');
  if (name.length > nameBytesMax || !/^[\w.-]+$/.test(text)) {
    throw new MalformedHello('a server name that is not a DNS name');
  }
  return text.toLowerCase();
}

/** Bytes that arrive in pieces. */
class GrowingBuffer {
  #buffer: Buffer = Buffer.alloc(0);
  #size = 0;

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  add(bytes: Buffer): void {
    const size = this.#size + bytes.length;
    if (size > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(size, 2 * this.#buffer.length, firstBytes));
      this.bytes.copy(larger);
      this.#buffer = larger;
    }
    bytes.copy(this.#buffer, this.#size);
    this.#size = size;
  }
}
