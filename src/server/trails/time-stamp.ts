// Requests to time stamp servers, and their answers (RFC 3161).

import { ServerError } from '../errors.ts';

/** The media types of requests and answers. */
export const timeStampTypes = {
  query: 'application/timestamp-query',
  reply: 'application/timestamp-reply',
} as const;

const tags = { boolean: 0x01, integer: 0x02, octets: 0x04, sequence: 0x30 } as const;
/** The algorithm identifier of SHA-256: 2.16.840.1.101.3.4.2.1, without parameters. */
const sha256 = Buffer.from('300d06096086480165030402010500', 'hex');

/**
 * Creates a TimeStampReq for a SHA-256 hash. The answer shall contain the certificate of the server.
 *
 * @param hash 32 bytes
 * @param nonce 8 bytes, of which the first is from 0x01 to 0x7f, so that it is a positive integer
 */
export function timeStampQuery(hash: Buffer, nonce: Buffer): Buffer {
  return element(
    tags.sequence,
    element(tags.integer, Buffer.of(1)),
    imprintOf(hash),
    element(tags.integer, nonce),
    element(tags.boolean, Buffer.of(0xff)),
  );
}

/** The MessageImprint of a hash. */
function imprintOf(hash: Buffer): Buffer {
  return element(tags.sequence, sha256, element(tags.octets, hash));
}

/** Encodes an element of at most 127 bytes, as all of a request are. */
function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag, content.length), content]);
}

/**
 * Checks that an answer grants a time stamp for a request: its status, the hash and the nonce. The
 * signature is for those who need the time stamp as a proof, with an authority that they trust.
 *
 * @throws {ServerError} `answer-invalid`
 */
export function checkTimeStampReply(reply: Buffer, hash: Buffer, nonce: Buffer): void {
  const outer = read(reply, 0, tags.sequence);
  if (outer.end !== reply.length) throw invalid('bytes follow it');
  const status = read(reply, outer.start, tags.sequence);
  const number = read(reply, status.start, tags.integer);
  const value = number.end - number.start === 1 ? reply[number.start] : undefined;
  // 0: granted; 1: granted with modifications (section 2.4.2).
  if (value !== 0 && value !== 1) throw invalid(`its status is ${value}; expected 0 or 1`);
  if (!reply.includes(imprintOf(hash))) throw invalid('it is for another hash');
  if (!reply.includes(element(tags.integer, nonce))) throw invalid('it is for another request');
}

/** Reads the head of an element. */
function read(bytes: Buffer, at: number, tag: number): { start: number; end: number } {
  const first = bytes[at + 1];
  if (bytes[at] !== tag || first === undefined) throw invalid('it is no TimeStampResp');
  const sizeBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || sizeBytes > 4 || at + 2 + sizeBytes > bytes.length) {
    throw invalid('it has an element without a valid length');
  }
  const size = sizeBytes === 0 ? first : bytes.readUIntBE(at + 2, sizeBytes);
  const start = at + 2 + sizeBytes;
  if (start + size > bytes.length) throw invalid(`it ends after ${bytes.length} bytes`);
  return { start, end: start + size };
}

function invalid(why: string): ServerError {
  return new ServerError(
    'answer-invalid',
    `the answer of the time stamp server is not valid: ${why}`,
  );
}
