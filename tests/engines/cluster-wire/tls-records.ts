// TLS records as they are seen on the wire.

/** The largest record: 2^14 bytes, and what encryption may add. */
const recordBytesMax = 2 ** 14 + 256;
const types = { handshake: 22, first: 20, last: 23 } as const;
const serverHello = 2;
const supportedVersions = 43;

/** What one direction of a connection is. */
export interface TlsDirection {
  readonly recordCount: number;
  /** The version that this side chose in its `ServerHello`: 0x0304 is TLS 1.3; undefined for clients. */
  readonly chosenVersion: number | undefined;
}

/**
 * Reads all bytes as TLS records; the last one may be cut off.
 *
 * @throws {RangeError} at the first byte that is not of a TLS record
 */
export function readTls(bytes: Buffer): TlsDirection {
  let recordCount = 0;
  let chosenVersion: number | undefined;
  for (let at = 0; at < bytes.length; ) {
    const type = bytes.readUInt8(at);
    const head = bytes.subarray(at, at + 5);
    const version = head.length >= 3 ? head.readUInt16BE(1) : 0x0303;
    const size = head.length >= 5 ? head.readUInt16BE(3) : 0;
    const isRecord = type >= types.first && type <= types.last && version >> 8 === 3;
    if (!isRecord || (version & 0xff) < 1 || size > recordBytesMax) {
      const found = bytes.subarray(at, at + 24).toString('latin1');
      throw new RangeError(`byte ${at} begins no TLS record: ${JSON.stringify(found)}`);
    }
    if (type === types.handshake && bytes[at + 5] === serverHello) {
      chosenVersion ??= versionOf(bytes.subarray(at + 5, at + 5 + size));
    }
    recordCount++;
    at += 5 + size;
  }
  return { recordCount, chosenVersion };
}

/** The version that a `ServerHello` chooses (RFC 8446, 4.1.3 and 4.2.1). */
function versionOf(hello: Buffer): number {
  const legacy = hello.readUInt16BE(4);
  let at = 4 + 2 + 32;
  at += 1 + hello.readUInt8(at); // the id of the session
  at += 2 + 1; // suite and compression
  if (at + 2 > hello.length) return legacy;
  const end = at + 2 + hello.readUInt16BE(at);
  for (at += 2; at + 4 <= end; ) {
    const type = hello.readUInt16BE(at);
    if (type === supportedVersions) return hello.readUInt16BE(at + 4);
    at += 4 + hello.readUInt16BE(at + 2);
  }
  return legacy;
}
